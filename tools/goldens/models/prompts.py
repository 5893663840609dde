"""Scores of SGPT's one-shot and yes-or-no prompts and PromptEOL vectors, as transformers computes them.

    python tools/goldens/models/prompts.py

takes the smallest bundled model, and for PromptEOL the small random ones of OPT and LLaMA whose tokenizers put a token
before a text (sentence_transformers_encoders.py), with more positions, and writes test/models/goldens/prompts.json.
"""

import hashlib
import json
import pathlib
import tempfile

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from architectures import write_formula
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
EMBED_PROMPTS = (("eol", ""), ("eol:ls lists files.=List", EOL.format("ls lists files.") + 'List".'))
TEXTS = ("How do I list hidden files?", "x")
ENCODERS = ROOT / "test/models/fixtures/encoders"
POSITIONS = 150


@torch.no_grad()
def log_probability(model, context, continuation):
    """Sum of the log-probabilities of the continuation's tokens."""
    logits = model(torch.tensor([(context + continuation)[:-1]])).logits[0].log_softmax(-1)
    rows = logits[-len(continuation) :]
    return float(rows.gather(1, torch.tensor(continuation)[:, None]).double().sum())


def eol_vectors(model, encode):
    """The last token's last hidden state for each text in each prompt."""
    return [
        {"text": text, "prompt": prompt, "vector": significant(hidden_states(model, encode(before + EOL.format(text)))[-1][-1])}
        for prompt, before in EMBED_PROMPTS
        for text in TEXTS
    ]


def with_beginning(name, model_class):
    """A random model's vectors: its tokenizer as it is, special tokens included."""
    tokenizer = AutoTokenizer.from_pretrained(ENCODERS / name)
    settings = json.loads((ENCODERS / name / "config.json").read_text())
    config = model_class.config_class(**{**settings, "max_position_embeddings": POSITIONS})
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model_class(config).save_pretrained(folder)
        tensors = write_formula(folder / "model.safetensors")
        model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    vectors = eol_vectors(model.base_model, lambda text: tokenizer(text).input_ids)
    return {"name": name, "positions": POSITIONS, "tensors": tensors, "vectors": vectors}


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
    golden = {
        "madeBy": "tools/goldens/models/prompts.py",
        "versions": versions(),
        "sha256": hashlib.sha256((FIXTURE / "model.safetensors").read_bytes()).hexdigest(),
        "example": {"document": EXAMPLE[0], "query": EXAMPLE[1]},
        "scores": scores,
        "vectors": eol_vectors(model.transformer, encode),
        "withBeginning": [
            with_beginning("llama", transformers.LlamaForCausalLM),
            with_beginning("opt", transformers.OPTForCausalLM),
        ],
    }
    write_golden(ROOT / "test/models/goldens/prompts.json", golden)


if __name__ == "__main__":
    main()
