"""What transformers computes with the bundled demonstration checkpoints.

    python tools/goldens/models/demo.py

Writes test/models/goldens/demo.json; to be run again whenever the checkpoints change.
"""

import hashlib
import pathlib
import random
import sys

from transformers import AutoModelForCausalLM, AutoTokenizer

from reference import embed, prompt_parts, score, significant, tokenizer_texts, versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "models/demo"
GOLDEN = ROOT / "test/models/goldens/demo.json"

TEXTS = [
    "?",
    "How do I find out which process is using a port?",
    "Printing from a laptop\n\nFirst add the printer in the settings; then choose it in the dialogue. " * 2,
    "A disk that is full can be cleaned by deleting old logs, caches and packages. " * 40,
]
QUERIES = ["full disk", "Why does my laptop not print, although the printer is switched on?"]


def main():
    folders = sorted(folder for folder in MODELS.iterdir() if (folder / "config.json").exists())
    tokenizer = AutoTokenizer.from_pretrained(folders[0])
    golden = {
        "madeBy": "tools/goldens/models/demo.py",
        "versions": versions(),
        "tokens": [
            {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)}
            for text in tokenizer_texts() + random_texts(200)
        ],
        "models": [of_model(folder) for folder in folders],
    }
    write_golden(GOLDEN, golden)


def of_model(folder):
    print(folder.name, file=sys.stderr)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    size, layers = model.config.max_position_embeddings, model.config.num_layers
    brackets = "specb" if "specb" in folder.name else "none"
    return {
        "name": folder.name,
        "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "embeddings": [
            {
                "text": text,
                "role": role,
                "vectors": {
                    pooling: summary(
                        embed(model, tokenizer, text, brackets, role, min(299, size), pooling, layers)
                    )
                    for pooling in ("weightedmean", "mean", "lasttoken")
                },
            }
            for text in TEXTS
            for role in ("query", "document")
        ],
        "scores": [
            {
                "document": text,
                "query": query,
                "score": score(model, tokenizer, prompt_parts("G"), text, query, size),
            }
            for text in TEXTS
            for query in QUERIES
        ],
    }


def summary(vector):
    return {"beginning": significant(vector[:16]), "norm": float(vector.double().norm())}


def random_texts(number):
    """Texts of characters drawn from alphabets that tokenizers treat differently, words of which are repeated."""
    generator = random.Random(20220217)
    alphabets = [
        "abcdefghijklmnopqrstuvwxyz",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "0123456789½²Ⅷ٣",
        " \t\n\r\x0b\x0c\x1c\x85\u00a0\u1680\u2003\u2028\u202f\u3000\ufeff\u200b",
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»—…",
        "äöüßéèñøłžΑβγДжяあアン漢字한글ไทยहिन्दीعربي",
        "\u0300\u0301\u0327\u20dd\u200d\ufe0f",
        "😀👩🏽🇩🇪🏳𝔘𝒳\U0010ffff\ue000",
        "\x00\x01\x07\x1b\x7f\x9f",
    ]
    texts = []
    for _ in range(number):
        words = []
        for _ in range(generator.randint(1, 12)):
            alphabet = generator.choice(alphabets[:1] * 4 + alphabets)
            words.append("".join(generator.choice(alphabet) for _ in range(generator.randint(1, 8))))
            words.append(generator.choice(["", " ", " ", "  ", "\n", "'s ", "'LL"]))
        texts.append("".join(words))
    return texts


if __name__ == "__main__":
    main()
