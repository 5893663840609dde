"""Writes test/search/goldens/exact.json: the best documents of random vectors in float64, by numpy (dot, cosine) and by
sentence-transformers' similarity functions (euclidean, manhattan).

The vectors come from a generator of whole numbers that the test has too, so that they need not be stored. Made with
numpy 2.4.6 and sentence-transformers 6.2.0.
usage: python3 tools/goldens/search/exact_topk.py > test/search/goldens/exact.json
"""

import json

import numpy as np
import sentence_transformers
import torch
from sentence_transformers.util import euclidean_sim, manhattan_sim

DOCUMENTS, QUERIES, DIMENSIONS, TOP = 500, 8, 48, 25


def vectors(rows, state):
    values = np.empty(rows * DIMENSIONS, dtype=np.float64)
    for i in range(len(values)):
        state = (state * 1103515245 + 12345) % 2**31
        values[i] = (state >> 8) % 2001 - 1000
    return values.reshape(rows, DIMENSIONS)


def main():
    documents, queries = vectors(DOCUMENTS, 1), vectors(QUERIES, 2)
    unit = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (queries, documents)]
    result = {"made with": f"numpy {np.__version__}, sentence-transformers {sentence_transformers.__version__}"}
    tensors = torch.tensor(queries), torch.tensor(documents)
    by_name = {
        "dot": queries @ documents.T,
        "cosine": unit[0] @ unit[1].T,
        "euclidean": euclidean_sim(*tensors).numpy(),
        "manhattan": manhattan_sim(*tensors).numpy(),
    }
    for name, scores in by_name.items():
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
        result[name] = [
            {"rows": rows.tolist(), "scores": [float(f"{scores[q, row]:.9g}") for row in rows]}
            for q, rows in enumerate(best)
        ]
    print(json.dumps(result, separators=(",", ":")))


main()
