"""Scores of SGPT's one-shot and yes-or-no prompts and PromptEOL vectors, as transformers computes them.

    python tools/goldens/models/prompts.py

takes the smallest bundled model and writes test/models/goldens/prompts.json.
"""

import hashlib
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from reference import hidden_states, significant, versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "models/demo/gpt-neo-170k"
SEARCH = "Documents are searched to find matches with the same content.\n"
BOT = (
    'An intelligent, helpful bot is given. The bot responds "Yes" if the document is a fit to the query and "No" otherwise.\n'
    "###"
)
QUESTION = "\nDocument: {}\nQuery: {}\nBot:"
# name: (example first, prompt)
SHOTS = {
    "J": (SEARCH + "Document:\n{}\nQuery:\n{}\n", "Document:\n{}\nQuery:\n"),
    "K": ("Document:\n{}\nQuery:\n{}\n", "Document:\n{}\nQuery:\n"),
    "quora-E": ("Question Body: {} Question Title: {}\n", "Question Body: {} Question Title:"),
}
EXAMPLE = ("ls", "files?")
PAIRS = [("Use ls -a.", "hidden files"), ("x", "y")]
EOL = 'This sentence : "{}" means in one word:"'


@torch.no_grad()
def log_probability(model, context, continuation):
    """Sum of the log-probabilities of the continuation's tokens."""
    logits = model(torch.tensor([(context + continuation)[:-1]])).logits[0].log_softmax(-1)
    rows = logits[-len(continuation) :]
    return float(rows.gather(1, torch.tensor(continuation)[:, None]).double().sum())


def main():
    tokenizer = AutoTokenizer.from_pretrained(FIXTURE)
    model = AutoModelForCausalLM.from_pretrained(FIXTURE, dtype=torch.float32).eval()

    def encode(text):
        return tokenizer.encode(text, add_special_tokens=False)

    limit = model.config.max_position_embeddings
    scores = []
    for name, (first, prompt) in SHOTS.items():
        for document, query in PAIRS:
            shown = first.format(*EXAMPLE)
            instruction = len(encode(shown)) + len(encode(prompt[: prompt.index("{")]))
            context, continuation = encode(shown + prompt.format(document)), encode(query)
            kept = (context[instruction:] + continuation)[-(limit + 1 - instruction) :]
            whole = context[:instruction] + kept
            split = len(whole) - len(continuation)
            score = log_probability(model, whole[:split], whole[split:])
            scores.append({"prompt": name, "document": document, "query": query, "score": score})
    for name, shown, prompt in (
        ("L", "", BOT + QUESTION),
        ("L1", (BOT + QUESTION).format(*EXAMPLE) + " Yes", QUESTION),
    ):
        for document, query in PAIRS:
            context = encode(shown + prompt.format(document, query))
            yes, no = (log_probability(model, context, encode(answer)) for answer in (" Yes", " No"))
            score = yes - float(torch.tensor([yes, no], dtype=torch.float64).logsumexp(0))
            scores.append({"prompt": name, "document": document, "query": query, "score": score})
    vectors = [
        {"text": text, "prompt": prompt, "vector": significant(hidden_states(model.transformer, encode(filled))[-1][-1])}
        for prompt, before in (("eol", ""), ("eol:ls lists files.=List", EOL.format("ls lists files.") + 'List".'))
        for text in ("How do I list hidden files?", "x")
        for filled in [before + EOL.format(text)]
    ]
    golden = {
        "madeBy": "tools/goldens/models/prompts.py",
        "versions": versions(),
        "sha256": hashlib.sha256((FIXTURE / "model.safetensors").read_bytes()).hexdigest(),
        "example": {"document": EXAMPLE[0], "query": EXAMPLE[1]},
        "scores": scores,
        "vectors": vectors,
    }
    write_golden(ROOT / "test/models/goldens/prompts.json", golden)


if __name__ == "__main__":
    main()
