"""Writes the vectors that sentence-transformers makes of a part of a data set, for minilm.ts to compare with.

    python tools/trials/minilm_reference.py MODEL-FOLDER BEIR-FOLDER OUTPUT.json

All test queries, and every tenth document. Texts are joined as BEIR joins them.
"""

import json
import pathlib
import platform
import sys

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer


def main(model_folder, data_folder, output):
    data = pathlib.Path(data_folder)
    judged = {line.split("\t")[0] for line in (data / "qrels/test.tsv").read_text().splitlines()[1:]}
    queries = [query["text"] for query in read(data / "queries.jsonl") if query["_id"] in judged]
    documents = [f'{doc["title"]} {doc["text"]}'.strip() for doc in read(data / "corpus.jsonl")][::10]
    model = SentenceTransformer(model_folder, device="cpu")
    texts = queries + documents
    # Batches of one: without padding, a vector does not depend on its neighbours.
    vectors = model.encode(texts, batch_size=1, show_progress_bar=True)
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentence-transformers": sentence_transformers.__version__,
    }
    lines = ",\n".join(
        json.dumps({"text": text, "vector": [float(f"{x:.9g}") for x in vector]}) for text, vector in zip(texts, vectors)
    )
    pathlib.Path(output).write_text(f'{{"versions": {json.dumps(versions)},\n"texts": [\n{lines}\n]}}\n')


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main(*sys.argv[1:])
