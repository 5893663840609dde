"""The SGPT paper's cross-encoder as its program does it: one pair a run, logits at every position, on PyTorch."""

import json

import numpy as np
from serve import serve, versions

PROMPT = (
    "Documents are searched to find matches with the same content.\n"
    'The document "{}" is a good search result for "'
)


def prepare(parameters):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(parameters["threads"])
    tokenizer = AutoTokenizer.from_pretrained(parameters["model"])
    model = AutoModelForCausalLM.from_pretrained(parameters["model"], dtype=torch.float32).eval()
    with open(parameters["groups"]) as file:
        pairs = [(group["document"], query) for group in json.load(file) for query in group["queries"]]

    def score(document, query):
        context = tokenizer.encode(PROMPT.format(document), add_special_tokens=False)
        continuation = tokenizer.encode(query, add_special_tokens=False)
        ids = torch.tensor([(context + continuation)[:-1]])
        logits = torch.nn.functional.log_softmax(model(ids).logits, dim=-1)[0, -len(continuation) :]
        return logits.gather(1, torch.tensor(continuation).unsqueeze(1)).sum().item()

    def run():
        with torch.no_grad():
            scores = [score(*pair) for pair in pairs]
        return {"finish": lambda: np.array(scores, dtype=np.float32).tofile(parameters["results"])}

    return f"{versions('transformers', 'torch')}, {parameters['threads']} threads, float32, one pair a run", run


serve(prepare)
