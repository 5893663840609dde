"""Writes test/search/goldens/quantization.json: small random vectors, and what sentence-transformers makes of them.

    python tools/goldens/embeddings/quantization.py
"""

import json
import pathlib

import numpy as np
import sentence_transformers
from sentence_transformers.util import quantize_embeddings, truncate_embeddings

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "test/search/goldens/quantization.json"


def main():
    random = np.random.default_rng(20220217)
    documents = random.normal(size=(9, 11)).astype(np.float32)
    documents[:, 3] = 0.25  # a dimension without any range
    queries = (2 * random.normal(size=(4, 11))).astype(np.float32)  # beyond the ranges of the documents
    queries[0, :3] = [0, -0.0, 1e-30]
    made = lambda name, vectors, **more: quantize_embeddings(vectors, name, **more).astype(int).tolist()
    golden = {
        "madeBy": "tools/goldens/embeddings/quantization.py",
        "versions": {"numpy": np.__version__, "sentence-transformers": sentence_transformers.__version__},
        "documents": numbers(documents),
        "queries": numbers(queries),
        "int8": {
            "documents": made("int8", documents),
            "queries": made("int8", queries, calibration_embeddings=documents),
        },
        "bits": {
            "documents": np.unpackbits(quantize_embeddings(documents, "ubinary"), axis=1)[:, :11].tolist(),
            "queries": np.unpackbits(quantize_embeddings(queries, "ubinary"), axis=1)[:, :11].tolist(),
        },
        "firstFour": numbers(truncate_embeddings(documents, 4)),
    }
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")).replace(',"', ',\n"') + "\n")


def numbers(array):
    return [[float(f"{x:.9g}") for x in row] for row in array]


main()
