"""sentence-transformers on PyTorch: encode(), which sorts texts by length itself, with the batch size that is fastest."""

import json

import numpy as np
from serve import fastest, serve, versions

BATCH_SIZES = [1, 4, 8, 16, 32, 64]
# Texts to find it with: one of the largest batches.
SAMPLE = 64


def prepare(parameters):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(parameters["threads"])
    model = SentenceTransformer(parameters["model"], device="cpu")
    model.max_seq_length = parameters["maxTokens"]
    if model.tokenizer.pad_token is None:
        model.tokenizer.pad_token = model.tokenizer.eos_token
    with open(parameters["texts"]) as file:
        texts = json.load(file)
    sample = texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE]
    encode = lambda some, size: model.encode(some, batch_size=size, show_progress_bar=False)
    best = fastest(BATCH_SIZES, lambda size: encode(sample, size), times=2)

    def run():
        vectors = encode(texts, best)
        return {"finish": lambda: vectors.astype(np.float32).tofile(parameters["results"])}

    packages = versions("sentence-transformers", "torch", "transformers")
    return f"{packages}, {parameters['threads']} threads, float32, batches of {best} (best of {BATCH_SIZES})", run


serve(prepare)
