"""sentence-transformers on PyTorch: encode(), with the batch size that is fastest."""

import json

import numpy as np
from serve import fastest, serve, versions

BATCH_SIZES = [1, 8, 32]


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
    sample = texts[:: max(1, len(texts) // 32)][:32]
    encode = lambda some, size: model.encode(some, batch_size=size, show_progress_bar=False)
    best = fastest(BATCH_SIZES, lambda size: encode(sample, size))

    def run():
        vectors = encode(texts, best)
        return {"finish": lambda: vectors.astype(np.float32).tofile(parameters["results"])}

    packages = versions("sentence-transformers", "torch", "transformers")
    return f"{packages}, {parameters['threads']} threads, float32, batches of {best} (best of {BATCH_SIZES})", run


serve(prepare)
