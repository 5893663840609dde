"""Checks checkpoints on a retrieval set in BEIR's layout with Hugging Face transformers (fp32).

Prints nDCG@10 (trec_eval's linear gain and tie order) of BM25, of the bi-encoders (position-weighted mean, bracket
tokens, cosine) and, with --rerank, of the language models re-ranking BM25's top 100 (prompt G).
Usage: evaluate_demo.py DATASET MODELS [--rerank]
"""

import argparse
import json
import math
import os
import re
from collections import Counter, defaultdict

import numpy as np
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

PROMPT = ('Documents are searched to find matches with the same content.\nThe document "', '" is a good search result for "')
MAX_TEXT_TOKENS, DEPTH = 297, 100


def read(folder):
    corpus, queries, qrels = {}, {}, defaultdict(dict)
    for line in open(os.path.join(folder, 'corpus.jsonl')):
        row = json.loads(line)
        corpus[row['_id']] = (row.get('title', '') + ' ' + row['text']).strip()
    for line in open(os.path.join(folder, 'queries.jsonl')):
        row = json.loads(line)
        queries[row['_id']] = row['text']
    for line in list(open(os.path.join(folder, 'qrels', 'test.tsv')))[1:]:
        query, document, grade = line.split('\t')
        qrels[query][document] = int(grade)
    return corpus, {q: t for q, t in queries.items() if q in qrels}, qrels


def ndcg(run, qrels, k=10):
    """Mean nDCG@k over the judged queries; scores as float32, ties by document id descending."""
    total = 0
    for query, grades in qrels.items():
        ranking = sorted(run.get(query, {}).items(), key=lambda p: (np.float32(p[1]), p[0]), reverse=True)[:k]
        gain = sum(max(grades.get(d, 0), 0) / math.log2(i + 2) for i, (d, _) in enumerate(ranking))
        ideal = sum(g / math.log2(i + 2) for i, g in enumerate(sorted(grades.values(), reverse=True)[:k]) if g > 0)
        total += gain / ideal if ideal else 0
    return total / len(qrels)


def bm25(corpus, queries, k1=0.9, b=0.4):
    """Plain BM25 without stemming or stop words: good enough to look at, not the project's own."""
    words = {d: Counter(re.findall(r'[a-z0-9]+', t.lower())) for d, t in corpus.items()}
    lengths = {d: sum(c.values()) for d, c in words.items()}
    mean, df = sum(lengths.values()) / len(lengths), Counter(w for c in words.values() for w in c)
    run = {}
    for query, text in queries.items():
        scores = defaultdict(float)
        for w in re.findall(r'[a-z0-9]+', text.lower()):
            idf = math.log(1 + (len(corpus) - df[w] + 0.5) / (df[w] + 0.5))
            for d, counts in words.items():
                if counts[w]:
                    scores[d] += idf * counts[w] / (counts[w] + k1 * (1 - b + b * lengths[d] / mean))
        run[query] = dict(sorted(scores.items(), key=lambda p: -p[1])[:DEPTH])
    return run


@torch.no_grad()
def bi_encode(folder, texts, marks):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).float().eval()
    left, right = (tokenizer.encode(m) for m in marks)
    vectors = []
    for text in texts:
        ids = left + tokenizer.encode(text.strip())[:MAX_TEXT_TOKENS] + right
        hidden = model(torch.tensor([ids])).last_hidden_state[0].numpy().astype(np.float64)
        weights = np.arange(1, len(ids) + 1)
        vector = weights @ hidden / weights.sum()
        vectors.append(vector / np.linalg.norm(vector))
    return np.array(vectors)


@torch.no_grad()
def rerank(folder, corpus, queries, first):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).float().eval()
    limit, start = model.config.max_position_embeddings, len(tokenizer.encode(PROMPT[0]))
    run = {}
    for query, candidates in first.items():
        target = tokenizer.encode(queries[query])
        run[query] = {}
        for document in candidates:
            context = tokenizer.encode(PROMPT[0] + corpus[document] + PROMPT[1])
            ids = (context[:start] + (context[start:] + target)[-(limit + 1 - start):])
            logits = model(torch.tensor([ids[:-1]])).logits[0, -len(target):]
            run[query][document] = logits.log_softmax(-1)[range(len(target)), target].sum().item()
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dataset')
    parser.add_argument('models')
    parser.add_argument('--rerank', action='store_true')
    args = parser.parse_args()
    torch.set_num_threads(2)
    corpus, queries, qrels = read(args.dataset)
    first = bm25(corpus, queries)
    print(f'{len(corpus)} documents, {len(queries)} queries; BM25 nDCG@10 {ndcg(first, qrels):.4f}', flush=True)
    for name in sorted(os.listdir(args.models)):
        folder = os.path.join(args.models, name)
        if not os.path.isdir(folder):
            continue
        if 'bitfit' in name:
            documents = bi_encode(folder, corpus.values(), '{}')
            asked = bi_encode(folder, queries.values(), '[]')
            run = {q: dict(zip(corpus, row)) for q, row in zip(queries, asked @ documents.T)}
            print(f'{name} bi-encoder nDCG@10 {ndcg(run, qrels):.4f}', flush=True)
        elif args.rerank:
            print(f'{name} re-ranking nDCG@10 {ndcg(rerank(folder, corpus, queries, first), qrels):.4f}', flush=True)


if __name__ == '__main__':
    main()
