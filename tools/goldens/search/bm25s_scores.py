"""Writes test/search/goldens/bm25s.json: scores of bm25s (method "lucene") for documents of known tokens.

Documents have at most 39 tokens: up to there Lucene's length byte is exact, and bm25s, which keeps exact lengths, must
agree. The tokens (t0, t1, ...) are ones that English analysis leaves alone. Made with bm25s 0.3.16, numpy 2.4.6.
usage: python3 tools/goldens/search/bm25s_scores.py > test/search/goldens/bm25s.json
"""

import json
import random

import bm25s


def main():
    random.seed(20)
    vocabulary = [f"t{i}" for i in range(40)]
    weights = [1 / (i + 1) for i in range(40)]
    documents = [random.choices(vocabulary, weights, k=random.randint(1, 39)) for _ in range(80)]
    queries = [random.choices(vocabulary, k=random.randint(1, 6)) for _ in range(12)]
    settings = []
    for k1, b in ((0.9, 0.4), (1.2, 0.75)):
        retriever = bm25s.BM25(method="lucene", k1=k1, b=b)
        retriever.index(documents, show_progress=False)
        scores = [[round(float(s), 7) for s in retriever.get_scores(query)] for query in queries]
        settings.append({"k1": k1, "b": b, "scores": scores})
    print(json.dumps({
        "made with": f"bm25s {bm25s.__version__}",
        "documents": [" ".join(tokens) for tokens in documents],
        "queries": [" ".join(tokens) for tokens in queries],
        "settings": settings,
    }, separators=(",", ":")))


main()
