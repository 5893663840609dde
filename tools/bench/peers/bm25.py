"""bm25s with its numba backend and PyStemmer: tokenised and indexed from texts in memory, then all queries."""

import json

from serve import fastest, serve, versions

LUCENE_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
).split(" ")

# What builds its matrix: numpy's way is compiled by numba, anew for each index.
CSC_BACKENDS = ["numpy", "scipy"]
# Documents to find the best settings with.
SAMPLE = 100_000


def prepare(parameters):
    import bm25s
    import Stemmer

    with open(parameters["corpus"]) as file:
        texts = [json.loads(line)["text"] for line in file]
    with open(parameters["queries"]) as file:
        queries = json.load(file)
    top_k = min(parameters["topK"], len(texts))

    def tokenize(some):
        return bm25s.tokenize(
            some, stopwords=LUCENE_STOP_WORDS, stemmer=Stemmer.Stemmer("porter"), show_progress=False
        )

    def index(tokens, csc):
        retriever = bm25s.BM25(method="lucene", k1=0.9, b=0.4, backend="numba", csc_backend=csc)
        retriever.index(tokens, show_progress=False)
        return retriever

    def search(retriever, threads):
        return retriever.retrieve(tokenize(queries), k=top_k, n_threads=threads, show_progress=False)

    # Compiles, and finds the best way to build the matrix and the best number of threads.
    few = tokenize(texts[: max(top_k, SAMPLE)])
    csc = fastest(CSC_BACKENDS, lambda backend: index(few, backend))
    sample = index(few, csc)
    choices = sorted({1, parameters["threads"]})
    threads = fastest(choices, lambda number: search(sample, number))
    del few, sample

    def run():
        import time

        start = time.perf_counter()
        retriever = index(tokenize(texts), csc)
        built = time.perf_counter()
        ids, scores = search(retriever, threads)
        end = time.perf_counter()

        def keep():
            rankings = [
                {"ids": [str(id) for id in ids[q]], "scores": [float(score) for score in scores[q]]}
                for q in range(len(queries))
            ]
            with open(parameters["results"], "w") as file:
                json.dump(rankings, file)

        return {"seconds": {"index": built - start, "search": end - built}, "finish": keep}

    about = f"{versions('bm25s', 'numba', 'PyStemmer')}, numba backend, {csc} matrix (best of {CSC_BACKENDS}), {threads} threads (best of {choices}), exact lengths"
    return about, run


serve(prepare)
