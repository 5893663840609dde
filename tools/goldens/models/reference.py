"""What the reference programs do with a checkpoint, written out plainly: no batches, no cache, float32 on the CPU."""

import json
import platform

import safetensors
import tokenizers
import torch
import transformers

PROMPTS = {
    "A": "{document} {query}",
    "C": "Document:\n{document}\n\nQuery:\n{query}",
    "G": "Documents are searched to find matches with the same content.\n"
    'The document "{document}" is a good search result for "{query}',
}
BRACKETS = {"query": ("[", "]"), "document": ("{", "}")}


def versions():
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "safetensors": safetensors.__version__,
    }


def write_golden(path, golden):
    """Writes the JSON with one line a case, so that a change can be read."""
    fields = []
    for name, value in golden.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in value)
            fields.append(f"{json.dumps(name)}: [\n{lines}\n]")
        else:
            fields.append(f"{json.dumps(name)}: {json.dumps(value)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n")


def significant(tensor):
    """Nested lists of numbers with nine significant digits, which is all of a float32."""
    return [significant(row) for row in tensor] if tensor.dim() > 1 else [float(f"{x:.9g}") for x in tensor.tolist()]


@torch.no_grad()
def hidden_states(model, ids):
    """All hidden states [tokens, size], the embeddings first."""
    output = model(torch.tensor([ids]), output_hidden_states=True)
    return [state[0] for state in output.hidden_states]


def embed(model, tokenizer, text, brackets, role, max_tokens, pooling, layer):
    """A text's vector as SGPT's bi-encoder makes it; after a bracket, a blank before the text stays (sentence_bert_asym.py)."""
    stripped = text.rstrip() if brackets == "specb" else text.strip()
    ids = tokenizer.encode(stripped, add_special_tokens=False)
    if brackets == "specb":
        opening, closing = (tokenizer.convert_tokens_to_ids(token) for token in BRACKETS[role])
        ids = [opening] + ids[: max_tokens - 2] + [closing]
    return pool(hidden_states(model, ids[:max_tokens]), pooling, layer)


def pool(states, pooling, layer):
    if pooling in ("meanmean", "lasttokenmean"):
        return torch.stack([pool(states, pooling.removesuffix("mean"), i) for i in range(len(states))]).mean(0)
    hidden = states[layer]
    if pooling == "weightedmean":
        weights = torch.arange(1, len(hidden) + 1, dtype=torch.float32)
        return (hidden * weights[:, None]).sum(0) / weights.sum()
    return {
        "mean": lambda: hidden.mean(0),
        "lasttoken": lambda: hidden[-1],
        "cls": lambda: hidden[0],
        "max": lambda: hidden.max(0).values,
    }[pooling]()


def prompt_parts(prompt):
    """(before the document, between document and query)"""
    before, rest = PROMPTS.get(prompt, prompt).split("{document}")
    return before, rest.removesuffix("{query}")


@torch.no_grad()
def score(model, tokenizer, prompt, document, query, max_tokens):
    """A pair's score as SGPT's cross-encoder makes it, with its way of cutting an input that is too long."""
    before, between = prompt
    instruction = len(tokenizer.encode(before, add_special_tokens=False))
    context = tokenizer.encode(before + document + between, add_special_tokens=False)
    continuation = tokenizer.encode(query, add_special_tokens=False)
    if not continuation:
        return 0.0
    kept = (context[instruction:] + continuation)[-(max_tokens + 1 - instruction) :]
    ids = (context[:instruction] + kept)[:-1]
    logits = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
    rows = logits[len(ids) - len(continuation) :]
    return float(rows.gather(1, torch.tensor(continuation)[:, None]).double().sum())


def tokenizer_texts():
    """Texts that tokenizers disagree about."""
    return [
        "",
        " ",
        "\n",
        "a",
        " a",
        "a ",
        "  two  spaces   and three ",
        "It's what they'll've said, isn't IT'S",
        "tabs\tand\r\nline\nbreaks\x0b\x0c",
        "\x00\x01\x1c\x1d\x1e\x1f\x7f control",
        "!\u0085 \u0085! a \u0085b \ufeff! a \ufeffb a\ufeff!b \x1c! \x1c\x1c!",
        "next\u0085line \u0085 \u0085",
        "byte order\ufeff mark\ufeff \ufeff",
        "no\u00a0break\u2003space\u3000\u200b zero width",
        "e\u0301 combining \u0301 marks n\u0303\u0327",
        "Ünïcödé straße ǅ ﬁ İ",
        "漢字かな交じり文、日本語。 中文 한국어",
        "emoji 😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ✈️ 𝔘𝔫𝔦",
        "العربية हिन्दी ไทย עברית",
        "Ⅷ ½ ² ٣ १२ 1234567890 3.14 1e-9",
        "https://example.org/?q=a&b=c#d user@example.com C:\\path\\file.txt",
        "<|endoftext|> in a text<|endoftext|>",
        "<|endoftext| > [SOS] {x} [y]",
        "___---***!!!???...",
        "x" * 3000,
        "ab" * 500 + " " * 300 + "cd" * 200,
        "\U0010ffff \ue000 \ufffd \u2028\u2029 end",
        "def f(x):\n    return x  # comment\n\n\n    pass",
    ]
