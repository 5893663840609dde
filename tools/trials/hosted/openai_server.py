"""A small server of OpenAI's /v1/completions over transformers, as a peer for trials of hosted pair scoring.

    python tools/trials/hosted/openai_server.py MODEL_FOLDER [--port 8000]

It takes text or token ids, scores prompts by `echo` with `logprobs` or by vLLM's `prompt_logprobs`, generates at most
one token, and counts usage. One prompt at a time, no padding. It prints its address once it listens.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class Model:
    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def texts(self, ids):
        """Text of each token; parts of a character are as OpenAI writes them, `bytes:\\xe2`."""
        texts = [self.tokenizer.decode([i]) for i in ids]
        return [f"bytes:{i}" if "\ufffd" in text else text for i, text in zip(ids, texts)]

    @torch.no_grad()
    def score(self, ids):
        """Log-probability of each token after those before it (None for the first), and the best token at each place,
        also after the last."""
        logprobs = self.model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        own = logprobs[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()
        values, tokens = logprobs.max(-1)
        return [None, *own], list(zip(tokens.tolist(), values.tolist()))

    def choice(self, index, prompt, request):
        ids = self.tokenizer.encode(prompt, add_special_tokens=False) if isinstance(prompt, str) else prompt
        values, bests = self.score(ids)
        best, best_value = bests[-1]
        generated = [best] if request.get("max_tokens", 16) > 0 else []
        choice = {"index": index, "text": self.tokenizer.decode(generated), "finish_reason": "length"}
        if request.get("echo"):
            tokens = self.texts(ids + generated)
            logprobs = values + [best_value] * len(generated)
            tops = [None, *({self.tokenizer.decode([i]): value} for i, value in bests)]
            choice["logprobs"] = {
                "tokens": tokens,
                "token_logprobs": logprobs,
                "top_logprobs": tops[: len(tokens)],
            }
        if request.get("prompt_logprobs") is not None:
            choice["prompt_logprobs"] = [
                None if value is None else {str(i): {"logprob": value}} for i, value in zip(ids, values)
            ]
        return choice, len(ids) + len(generated)


def serve(model, port):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path != "/v1/completions":
                return self.reply(404, {"error": {"message": "only /v1/completions is served"}})
            prompts = request["prompt"]
            if isinstance(prompts, str) or (prompts and isinstance(prompts[0], int)):
                prompts = [prompts]
            answers = [model.choice(i, prompt, request) for i, prompt in enumerate(prompts)]
            total = sum(tokens for _, tokens in answers)
            self.reply(200, {"choices": [c for c, _ in answers], "usage": {"total_tokens": total}})

        def reply(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    serve(Model(arguments.model), arguments.port)
