"""What sentence-transformers computes with a static embedding: a table of vectors and a tokenizer, nothing else.

    python tools/goldens/models/static_embedding.py

takes the tokenizer of test/models/goldens/tokenizers/bert.json and a table by the formula of architectures.py, and writes
test/models/goldens/static-embedding.json: the files that it saved besides tokenizer and table, and vectors.
"""

import json
import pathlib
import tempfile

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, StaticEmbedding
from tokenizers import Tokenizer

from architectures import mix
from reference import significant, versions, write_golden

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOKENIZER = ROOT / "test/models/goldens/tokenizers/bert.json"
GOLDEN = ROOT / "test/models/goldens/static-embedding.json"
SIZE = 10
TEXTS = ["a", "How do I list all files, even HIDDEN ones?", "Ünïcödé, 漢字 [SEP] 😀", "A long text. " * 700]


def main():
    tokenizer = Tokenizer.from_str(json.dumps(json.loads(TOKENIZER.read_text())["tokenizer"]))
    rows = tokenizer.get_vocab_size()
    index = mix(numpy.arange(rows * SIZE, dtype=numpy.uint32)) & 255
    table = ((index.astype(numpy.float32) - 128) / 512).reshape(rows, SIZE)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=table), Normalize()], device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        names = ("modules.json", "config_sentence_transformers.json")
        files = {name: json.loads((pathlib.Path(folder) / name).read_text()) for name in names}
        vectors = SentenceTransformer(folder, device="cpu").encode(TEXTS, convert_to_tensor=True)
    golden = {
        "madeBy": "tools/goldens/models/static_embedding.py",
        "versions": {**versions(), "sentence-transformers": sentence_transformers.__version__},
        "files": files,
        "shape": [rows, SIZE],
        "cases": [{"text": text, "vector": significant(vector)} for text, vector in zip(TEXTS, vectors)],
    }
    write_golden(GOLDEN, golden)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
