"""What transformers computes with a random GPT-Neo of 125M shape: window 256, 2048 positions, 12 layers of 768.

    python tools/goldens/models/gpt_neo_125m.py

The checkpoint (250 MB) is made by a formula in a temporary folder, byte for byte the one that
test/models/random-gpt-neo.ts makes, and deleted. Writes test/models/goldens/gpt-neo-125m.json: the checkpoint's hash,
the beginnings and lengths of some vectors, and some scores.
"""

import hashlib
import json
import pathlib
import shutil
import struct
import tempfile

import numpy
from transformers import AutoTokenizer, GPTNeoForCausalLM

from reference import embed, prompt_parts, score, significant, versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "test/models/fixtures/gpt-neo"
GOLDEN = ROOT / "test/models/goldens/gpt-neo-125m.json"

LAYERS, HIDDEN, HEADS, WINDOW, POSITIONS, VOCABULARY = 12, 768, 12, 256, 2048, 50257

TEXTS = [
    "a",
    "How do I list all files, even hidden ones?",
    " ".join(f"Sentence {i} of a text that is longer than the window." for i in range(30)),
    " ".join(f"Line {i} goes on until no position is left, and then some." for i in range(120)),
]
QUERIES = ["list hidden files", "How can I see the files whose names begin with a dot?"]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_checkpoint(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = GPTNeoForCausalLM.from_pretrained(folder, dtype="float32").eval()
        golden = {
            "madeBy": "tools/goldens/models/gpt_neo_125m.py",
            "versions": versions(),
            "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
            "embeddings": [
                {
                    "text": text,
                    "vectors": {
                        pooling: summary(
                            embed(model, tokenizer, text, "specb", "document", POSITIONS, pooling, LAYERS)
                        )
                        for pooling in ("weightedmean", "mean", "lasttoken")
                    },
                }
                for text in TEXTS
            ],
            "scores": [
                {
                    "document": text,
                    "query": query,
                    "score": score(model, tokenizer, prompt_parts("G"), text, query, POSITIONS),
                }
                for text in TEXTS
                for query in QUERIES
            ],
        }
    write_golden(GOLDEN, golden)


def summary(vector):
    return {"beginning": significant(vector[:16]), "norm": float(vector.double().norm())}


def write_checkpoint(folder):
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(FIXTURE / file, folder / file)
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": "gpt_neo",
                "architectures": ["GPTNeoForCausalLM"],
                "vocab_size": VOCABULARY,
                "max_position_embeddings": POSITIONS,
                "hidden_size": HIDDEN,
                "num_layers": LAYERS,
                "num_heads": HEADS,
                "intermediate_size": None,
                "window_size": WINDOW,
                "attention_types": [[["global", "local"], LAYERS // 2]],
                "layer_norm_epsilon": 1e-5,
                "activation_function": "gelu_new",
            }
        )
    )
    header, offset = {}, 0
    for name, shape in tensors():
        end = offset + 2 * int(numpy.prod(shape))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":"))
    text = text.ljust(-(-len(text) // 8) * 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text.encode())
        for t, (name, shape) in enumerate(tensors()):
            middle, denominator = (1, 1024) if name.endswith(".weight") and "ln_" in name else (0, 4096)
            table = (middle + (numpy.arange(256) - 128) / denominator).astype(numpy.float16)
            seed = numpy.uint32((t * 0x9E3779B9) % 2**32)
            index = mix(numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint32) + seed) & 255
            file.write(table[index].tobytes())


def mix(x):
    """C. Wellons' lowbias32."""
    x = (x ^ (x >> 16)) * numpy.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * numpy.uint32(0x846CA68B)
    return x ^ (x >> 16)


def tensors():
    def norm(name):
        return [(f"{name}.weight", [HIDDEN]), (f"{name}.bias", [HIDDEN])]

    result = [("transformer.wte.weight", [VOCABULARY, HIDDEN]), ("transformer.wpe.weight", [POSITIONS, HIDDEN])]
    for i in range(LAYERS):
        attention, mlp = f"transformer.h.{i}.attn.attention", f"transformer.h.{i}.mlp"
        result += norm(f"transformer.h.{i}.ln_1")
        result += [(f"{attention}.{part}_proj.weight", [HIDDEN, HIDDEN]) for part in ("q", "k", "v", "out")]
        result += [(f"{attention}.out_proj.bias", [HIDDEN])]
        result += norm(f"transformer.h.{i}.ln_2")
        result += [(f"{mlp}.c_fc.weight", [4 * HIDDEN, HIDDEN]), (f"{mlp}.c_fc.bias", [4 * HIDDEN])]
        result += [(f"{mlp}.c_proj.weight", [HIDDEN, 4 * HIDDEN]), (f"{mlp}.c_proj.bias", [HIDDEN])]
    return result + norm("transformer.ln_f")


if __name__ == "__main__":
    main()
