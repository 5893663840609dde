"""Trains the bias tensors of a language model's checkpoint to make it a bi-encoder (BitFit), on WORK/pairs-train.jsonl.

In-batch contrastive learning: cosine times 20, cross-entropy against the other documents of the batch. Embeddings are
the position-weighted mean of the last hidden states; a query stands between "[" and "]", a document between "{" and
"}". Pairs of the same section are no negatives of each other. The best state on the development pairs is kept.
Usage: train_be.py WORK SIZE BASE FOLDER [--steps N] [--batch 192] [--rate R] [--seed 1] [--threads 2]
"""

import argparse
import json
import os
import random
import time

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import gpt_neo

SCALE = 20
QUERY_TOKENS, DOCUMENT_TOKENS = 38, 126
WARM_UP = 50
EVERYDAY = {'gnome-help', 'kde-help', 'libreoffice-help', 'gimp-help', 'debian-faq', 'debian-handbook', 'debian-manuals',
            'debian-reference', 'perlfaq', 'python-doc'}


class Pairs:
    """Token ids of all pairs of a file; `repeated` lists each pair as often as its weight says."""

    def __init__(self, path, tokenizer, rng):
        with open(path) as file:
            self.rows = [json.loads(line) for line in file]
        queries = tokenizer.encode_batch([row['query'] for row in self.rows])
        documents = tokenizer.encode_batch([row['document'] for row in self.rows])
        mark = {c: tokenizer.encode(c).ids[0] for c in '[]{}'}
        self.queries = [[mark['[']] + e.ids[:QUERY_TOKENS] + [mark[']']] for e in queries]
        self.documents = [[mark['{']] + e.ids[:DOCUMENT_TOKENS] + [mark['}']] for e in documents]
        self.sections = [row['section'] for row in self.rows]
        self.repeated = [i for i, row in enumerate(self.rows) for _ in range(int(row['weight'] + rng.random()))]

    def batches(self, size, rng):
        """Index batches without end; the documents of a batch have similar lengths, which saves padding."""
        while True:
            order = self.repeated[:]
            rng.shuffle(order)
            pool = 24 * size
            for at in range(0, len(order) - pool, pool):
                near = sorted(order[at:at + pool], key=lambda i: len(self.documents[i]))
                starts = list(range(0, pool, size))
                rng.shuffle(starts)
                yield from (near[s:s + size] for s in starts)


def padded(sequences, multiple=16):
    length = -(-max(map(len, sequences)) // multiple) * multiple
    ids = torch.zeros(len(sequences), length, dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, :len(sequence)] = torch.tensor(sequence)
    return ids, torch.tensor([len(s) for s in sequences])


def embed(model, sequences):
    """Unit vectors [texts, hidden]. Padding is on the right, where causal attention never sees it."""
    ids, lengths = padded(sequences)
    with torch.autocast('cpu', torch.bfloat16):
        hidden = model(ids).float()
    position = torch.arange(1, ids.shape[1] + 1)
    weights = position * (position <= lengths[:, None])
    pooled = (hidden * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)
    return F.normalize(pooled, dim=-1)


def loss_of(model, pairs, batch):
    queries = embed(model, [pairs.queries[i] for i in batch])
    documents = embed(model, [pairs.documents[i] for i in batch])
    logits = SCALE * queries @ documents.T
    section = torch.tensor([pairs.sections[i] for i in batch])
    same = (section[:, None] == section[None, :]) & ~torch.eye(len(batch), dtype=torch.bool)
    return F.cross_entropy(logits.masked_fill(same, -1e9), torch.arange(len(batch)))


@torch.no_grad()
def reciprocal_rank(model, pairs, chosen):
    """Mean reciprocal rank of each query's own document among the documents of all chosen pairs."""
    queries, documents = (
        torch.cat([embed(model, [rows[i] for i in chosen[at:at + 256]]) for at in range(0, len(chosen), 256)])
        for rows in (pairs.queries, pairs.documents))
    scores = queries @ documents.T
    own = scores.diagonal()[:, None]
    return (1 / (1 + (scores > own).sum(1))).mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work')
    parser.add_argument('size', choices=gpt_neo.SIZES)
    parser.add_argument('base')
    parser.add_argument('folder')
    parser.add_argument('--steps', type=int, default=500)
    parser.add_argument('--batch', type=int, default=192)
    parser.add_argument('--rate', type=float, default=3e-2)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    tokenizer = Tokenizer.from_file(os.path.join(args.base, 'tokenizer.json'))
    train = Pairs(os.path.join(args.work, 'pairs-train.jsonl'), tokenizer, rng)
    dev = Pairs(os.path.join(args.work, 'pairs-dev.jsonl'), tokenizer, rng)
    one_per_section = {dev.sections[i]: i for i, row in enumerate(dev.rows) if row['source'] in EVERYDAY}
    everyday = sorted(one_per_section.values())

    model = gpt_neo.load(args.base, args.size)
    for name, p in model.named_parameters():
        p.requires_grad_(name.endswith('.bias'))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, betas=(0.9, 0.98), weight_decay=0, fused=True)
    print(args.size, sum(p.numel() for p in trained), 'trained parameters,', len(train.repeated), 'pairs,', len(everyday),
          f'development pairs, MRR before {reciprocal_rank(model, dev, everyday):.4f}', flush=True)
    batches, best, begun = train.batches(args.batch, rng), 0, time.time()
    for step in range(1, args.steps + 1):
        for group in optimizer.param_groups:
            group['lr'] = args.rate * min(step / WARM_UP, 0.02 + 0.98 * (args.steps - step) / args.steps)
        loss = loss_of(model, train, next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if step % 50 == 0 or step == args.steps:
            mrr = reciprocal_rank(model, dev, everyday)
            print(f'be {args.size} rate {args.rate} step {step} loss {loss.item():.3f} development MRR {mrr:.4f} '
                  f'{step * args.batch / (time.time() - begun):.0f} pairs/s', flush=True)
            if mrr > best:
                best = mrr
                gpt_neo.save(model, args.size, args.base, args.folder)


if __name__ == '__main__':
    main()
