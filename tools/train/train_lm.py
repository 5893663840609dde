"""Trains one causal language model on WORK/lm.npy and writes it to a checkpoint folder.

Every sequence starts at the start of a document. The first steps (70 %) take short sequences, the rest takes
sequences packed to the model's maximum length, so that every position is trained. The matrix products run in
bfloat16, the weights are kept in float32. The checkpoint is also written every 500 steps. Muon takes the
blocks' matrices, AdamW the rest.
Usage: train_lm.py WORK SIZE FOLDER [--steps N] [--compile] [...]; --help lists all.
"""

import argparse
import os
import tempfile
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

import gpt_neo

WARM_UP = 50
DECAY_SHARE = 0.8  # the rates fall linearly to 2 % over this last share of the steps
SHORT = 128


def batches(ids, end, length, rows, generator):
    """Sequences [rows, length + 1] that begin after an end mark."""
    starts = np.flatnonzero(ids[:-gpt_neo.POSITIONS - 2] == end) + 1
    while True:
        chosen = starts[generator.permutation(len(starts))]
        for at in range(0, len(chosen) - rows, rows):
            yield torch.from_numpy(np.stack([ids[s:s + length + 1] for s in chosen[at:at + rows]]).astype(np.int64))


def loss_of(model, rows):
    with torch.autocast('cpu', torch.bfloat16):
        logits = model.logits(model(rows[:, :-1]))
    return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


def average_gradients(model, processes):
    if processes > 1:
        gradients = [p.grad for p in model.parameters()]
        flat = torch._utils._flatten_dense_tensors(gradients)
        dist.all_reduce(flat)
        for gradient, mean in zip(gradients, torch._utils._unflatten_dense_tensors(flat / processes, gradients)):
            gradient.copy_(mean)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work')
    parser.add_argument('size', choices=gpt_neo.SIZES)
    parser.add_argument('folder')
    parser.add_argument('--steps', type=int, default=2400)
    parser.add_argument('--rate', type=float, default=0.02, help="Muon's learning rate")
    parser.add_argument('--adam-rate', type=float, default=1e-2)
    parser.add_argument('--qk-rate', type=float, default=1.0, help="factor on Muon's rate for queries and keys")
    parser.add_argument('--tokens', type=int, default=3072, help='tokens a step')
    parser.add_argument('--processes', type=int, default=1, help='data-parallel processes, of --threads threads each')
    parser.add_argument('--short-share', type=float, default=0.7, help='share of the steps that take short sequences')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--compile', action='store_true', help='compile the model (needs a C++ compiler); about 1.2x faster')
    args = parser.parse_args()
    if args.processes == 1:
        train(0, args, '')
    else:
        with tempfile.TemporaryDirectory() as folder:
            torch.multiprocessing.spawn(train, (args, os.path.join(folder, 'meeting')), args.processes)


def train(rank, args, meeting):
    """The work of one process: its share of each batch, the same weights and optimizer as all others."""
    if args.processes > 1:
        dist.init_process_group('gloo', init_method=f'file://{meeting}', rank=rank, world_size=args.processes)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    ids = np.load(os.path.join(args.work, 'lm.npy'))
    held_out = len(ids) // 200
    dev = [rows for _, rows in zip(range(3), batches(ids[-held_out:], 0, gpt_neo.POSITIONS, 8, np.random.default_rng(0)))]
    short, full = (batches(ids[:-held_out], 0, length, args.tokens // length // args.processes,
                           np.random.default_rng([args.seed, length, rank])) for length in (SHORT, gpt_neo.POSITIONS))
    model = gpt_neo.GPTNeo(*gpt_neo.SIZES[args.size])
    if rank == 0:
        print(args.size, sum(p.numel() for p in model.parameters()), 'parameters', flush=True)
    # Muon for the blocks' matrices, AdamW for embeddings, norms and biases.
    # GPT-Neo does not scale queries times keys, so in a wide model their matrices need smaller steps than the rest.
    matrices = {name: p for name, p in model.named_parameters() if p.dim() == 2 and '.h.' in name}
    attending = [p for name, p in matrices.items() if name.endswith(('q_proj.weight', 'k_proj.weight'))]
    mixing = [p for name, p in matrices.items() if not name.endswith(('q_proj.weight', 'k_proj.weight'))]
    others = [p for name, p in model.named_parameters() if name not in matrices]
    optimizers = [torch.optim.Muon([{'params': mixing}, {'params': attending, 'lr': args.rate * args.qk_rate}], lr=args.rate,
                                   weight_decay=0.05, momentum=0.95),
                  torch.optim.AdamW(others, lr=args.adam_rate, betas=(0.9, 0.98), weight_decay=0, fused=True)]
    starts = [group['lr'] for optimizer in optimizers for group in optimizer.param_groups]
    loss_function = torch.compile(loss_of, dynamic=False) if args.compile else loss_of
    begun = time.time()
    for step in range(1, args.steps + 1):
        scale = min(step / WARM_UP, 0.02 + 0.98 * min(1, (args.steps - step) / args.steps / DECAY_SHARE))
        for group, start in zip((g for optimizer in optimizers for g in optimizer.param_groups), starts):
            group['lr'] = start * scale
        loss = loss_function(model, next(short if step <= args.short_share * args.steps else full))
        model.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(model, args.processes)
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        if rank == 0 and (step % 100 == 0 or step == args.steps):
            with torch.no_grad():
                held = sum(loss_of(model, rows).item() for rows in dev) / len(dev)
            speed = step * args.tokens / (time.time() - begun)
            print(f'lm {args.size} step {step} loss {loss.item():.3f} held-out {held:.3f} {speed:.0f} tokens/s', flush=True)
        if rank == 0 and (step % 500 == 0 or step == args.steps):
            gpt_neo.save(model, args.size, os.path.join(args.work, 'tokenizer'), args.folder)


if __name__ == '__main__':
    main()
