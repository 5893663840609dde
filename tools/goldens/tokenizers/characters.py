"""What normalizers and pre-tokenizers of Python's `tokenizers` make of every character of the first two planes.

    python tools/goldens/tokenizers/characters.py

writes test/models/goldens/tokenizers/characters.json: for each, hashes of the results of blocks of 8192 code points.
"""

import hashlib
import json
import pathlib
import platform

import tokenizers
from tokenizers import normalizers, pre_tokenizers

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "test/models/goldens/tokenizers/characters.json"
BLOCK = 0x2000

NORMALIZERS = {
    "NFC": normalizers.NFC(),
    "NFD": normalizers.NFD(),
    "NFKC": normalizers.NFKC(),
    "NFKD": normalizers.NFKD(),
    "Lowercase": normalizers.Lowercase(),
    "StripAccents": normalizers.StripAccents(),
    "Strip": normalizers.Strip(),
    "BertNormalizer": normalizers.BertNormalizer(),
}
PRE_TOKENIZERS = {
    "BertPreTokenizer": pre_tokenizers.BertPreTokenizer(),
    "WhitespaceSplit": pre_tokenizers.WhitespaceSplit(),
    "Digits": pre_tokenizers.Digits(individual_digits=True),
    "Punctuation": pre_tokenizers.Punctuation(),
}


def main():
    definition = {}
    blocks = {}
    for name, step in NORMALIZERS.items():
        definition[name] = json.loads(step.__getstate__())
        blocks[name] = hashes(lambda character: step.normalize_str(character + "a" + character))
    for name, step in PRE_TOKENIZERS.items():
        definition[name] = json.loads(step.__getstate__())
        blocks[name] = hashes(lambda character: "|".join(word for word, _ in step.pre_tokenize_str(f"a{character}b")))
    fields = {
        "madeBy": "tools/goldens/tokenizers/characters.py",
        "versions": {"python": platform.python_version(), "tokenizers": tokenizers.__version__},
        "definitions": definition,
        "blocks": blocks,
    }
    GOLDEN.write_text(json.dumps(fields, indent=1) + "\n")


def hashes(result):
    """Surrogates are left out, and the space, by which the test tells words apart."""
    return [
        hashlib.sha256("\n".join(result(chr(code)) for code in codes(start)).encode()).hexdigest()[:8]
        for start in range(0, 0x20000, BLOCK)
    ]


def codes(start):
    return [code for code in range(start, start + BLOCK) if not 0xD800 <= code < 0xE000 and code != 0x20]


if __name__ == "__main__":
    main()
