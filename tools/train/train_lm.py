"""Trains one causal language model on WORK/lm.npy and writes it to a checkpoint folder.

Every sequence starts at the start of a document. The first 70 % of the steps take short sequences, the rest takes
sequences packed to the model's maximum length, so that every position is trained. The matrix products run in
bfloat16, the weights are kept in float32. The checkpoint is also written every 500 steps.
Usage: train_lm.py WORK SIZE FOLDER [--steps N] [--rate R] [--seed 1] [--threads 2] [--compile]
"""

import argparse
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import gpt_neo

WARM_UP = 100
TOKENS = 6144  # a step
SHORT, SHORT_SHARE = 128, 0.7


def batches(ids, end, length, generator):
    """Sequences [TOKENS / length, length + 1] that begin after an end mark."""
    starts = np.flatnonzero(ids[:-gpt_neo.POSITIONS - 2] == end) + 1
    rows = TOKENS // length
    while True:
        chosen = starts[generator.permutation(len(starts))]
        for at in range(0, len(chosen) - rows, rows):
            yield torch.from_numpy(np.stack([ids[s:s + length + 1] for s in chosen[at:at + rows]]).astype(np.int64))


def loss_of(model, rows):
    with torch.autocast('cpu', torch.bfloat16):
        logits = model.logits(model(rows[:, :-1]))
    return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work')
    parser.add_argument('size', choices=gpt_neo.SIZES)
    parser.add_argument('folder')
    parser.add_argument('--steps', type=int, default=1000)
    parser.add_argument('--rate', type=float, default=3e-3)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--compile', action='store_true', help='compile the model (needs a C++ compiler); about 1.2x faster')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    ids = np.load(os.path.join(args.work, 'lm.npy'))
    held_out = len(ids) // 200
    dev = [rows for _, rows in zip(range(3), batches(ids[-held_out:], 0, gpt_neo.POSITIONS, np.random.default_rng(0)))]
    generator = np.random.default_rng(args.seed)
    short, full = (batches(ids[:-held_out], 0, length, generator) for length in (SHORT, gpt_neo.POSITIONS))
    model = gpt_neo.GPTNeo(*gpt_neo.SIZES[args.size])
    print(args.size, sum(p.numel() for p in model.parameters()), 'parameters', flush=True)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    rest = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': 0.05}, {'params': rest, 'weight_decay': 0}],
                                  betas=(0.9, 0.98), fused=True)
    loss_function = torch.compile(loss_of, dynamic=False) if args.compile else loss_of
    begun = time.time()
    for step in range(1, args.steps + 1):
        left = (args.steps - step) / args.steps
        rate = args.rate * min(step / WARM_UP, 0.02 + 0.98 * (0.5 - 0.5 * math.cos(math.pi * left)))
        for group in optimizer.param_groups:
            group['lr'] = rate
        loss = loss_function(model, next(short if step <= SHORT_SHARE * args.steps else full))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 0 or step == args.steps:
            with torch.no_grad():
                held = sum(loss_of(model, rows).item() for rows in dev) / len(dev)
            speed = step * TOKENS / (time.time() - begun)
            print(f'lm {args.size} step {step} loss {loss.item():.3f} held-out {held:.3f} {speed:.0f} tokens/s', flush=True)
        if step % 500 == 0 or step == args.steps:
            gpt_neo.save(model, args.size, os.path.join(args.work, 'tokenizer'), args.folder)


if __name__ == '__main__':
    main()
