"""What sentence-transformers makes of NFCorpus with all-MiniLM-L6-v2: with E5's prompts, cut to fewer dimensions, and quantized.

    python tools/goldens/embeddings/nfcorpus_minilm.py MODEL_FOLDER NFCORPUS_FOLDER

MODEL_FOLDER is sentence-transformers/all-MiniLM-L6-v2, NFCORPUS_FOLDER BEIR's data set. Writes nDCG@10 as trec_eval computes it
to test/models/goldens/nfcorpus-minilm.json, for the test nfcorpus-minilm.trial.test.ts. The versions are in the file.
"""

import json
import pathlib
import sys

import numpy as np
import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim, dot_score, euclidean_sim, manhattan_sim, quantize_embeddings

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOP = 1000


def main(model_folder, data):
    data = pathlib.Path(data)
    qrels = read_qrels(data / "qrels/test.tsv")
    queries = [q for q in read_lines(data / "queries.jsonl") if q["_id"] in qrels]
    documents = list(read_lines(data / "corpus.jsonl"))
    texts = [f"{d['title']} {d['text']}".strip() for d in documents]
    ids = [d["_id"] for d in documents]
    query_ids, query_texts = [q["_id"] for q in queries], [q["text"] for q in queries]

    def scored(matrix):
        """Mean nDCG@10 of a matrix of scores, queries by documents."""
        return round(float(np.mean([ndcg(row, ids, qrels[q]) for q, row in zip(query_ids, np.asarray(matrix))])), 7)

    values = {}
    prompted = SentenceTransformer(
        model_folder, device="cpu", prompts={"query": "query: ", "document": "passage: "}
    )
    q, d = prompted.encode_query(query_texts), prompted.encode_document(texts)
    values["e5 prompts"] = scored(cos_sim(q, d))

    plain = SentenceTransformer(model_folder, device="cpu")
    q, d = plain.encode_query(query_texts), plain.encode_document(texts)
    for name, similarity in {"cosine": cos_sim, "dot": dot_score, "euclidean": euclidean_sim, "manhattan": manhattan_sim}.items():
        values[name] = scored(similarity(torch.tensor(q).double(), torch.tensor(d).double()))
    for dimensions in (256, 64):
        cut = sentence_transformers.util.truncate_embeddings
        values[f"{dimensions} dimensions"] = scored(cos_sim(cut(q, dimensions), cut(d, dimensions)))
    int8 = quantize_embeddings(q, "int8", calibration_embeddings=d), quantize_embeddings(d, "int8")
    values["int8"] = scored(cos_sim(*(m.astype(np.float64) for m in int8)))
    binary = [np.unpackbits(quantize_embeddings(m, "ubinary"), axis=1).astype(np.float64) for m in (q, d)]
    values["binary"] = scored(dot_score(2 * binary[0] - 1, 2 * binary[1] - 1))
    kept = dot_score(2 * binary[0] - 1, 2 * binary[1] - 1).numpy()
    values["binary rescored"] = scored(rescored(kept, q.astype(np.float64) @ binary[1].T, ids, 2 * 100))
    write(values)


def rescored(coarse, fine, ids, depth):
    """The best documents of a coarse search in the order of finer scores."""
    result = np.full(fine.shape, -np.inf)
    for row, (scores, better) in enumerate(zip(coarse, fine)):
        best = ranking(scores, ids)[:depth]
        result[row, best] = better[best]
    return result


def ranking(scores, ids):
    """trec_eval's order: by float32 score, ties by id, both descending."""
    single = np.asarray(scores, dtype=np.float32)
    return sorted(range(len(ids)), key=lambda i: (single[i], ids[i].encode()), reverse=True)


def ndcg(scores, ids, grades):
    best = ranking(scores, ids)[:10]
    gained = sum(max(0, grades.get(ids[i], 0)) / np.log2(rank + 2) for rank, i in enumerate(best))
    ideal = sorted((g for g in grades.values() if g > 0), reverse=True)[:10]
    total = sum(grade / np.log2(rank + 2) for rank, grade in enumerate(ideal))
    return gained / total if total else 0.0


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        yield from map(json.loads, file)


def read_qrels(path):
    grades = {}
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            query, document, grade = line.rstrip("\n").split("\t")
            grades.setdefault(query, {})[document] = int(grade)
    return grades


def write(values):
    versions = {
        "numpy": np.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentence-transformers": sentence_transformers.__version__,
    }
    golden = {"madeBy": "tools/goldens/embeddings/nfcorpus_minilm.py", "versions": versions, "nDCG@10": values}
    path = ROOT / "test/models/goldens/nfcorpus-minilm.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(json.dumps(values, indent=1))


main(*sys.argv[1:])
