"""What PEFT computes with LoRA adapters on checkpoints of architectures.py.

    python tools/goldens/models/lora.py

writes test/models/goldens/lora.json: for each adapter its adapter_config.json, the names and shapes of its tensors, whose
values are by the formula of architectures.py, and the last hidden state of a text. Needs peft; the JSON says which.
"""

import json
import pathlib
import sys
import tempfile

import peft
import torch
import transformers

from architectures import CASES, write_formula
from reference import significant, versions, write_golden

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "test/models/goldens/lora.json"
IDS = [5, 80, 3, 3, 41, 9]
ADAPTERS = {
    "plain": ("llama", dict(r=3, lora_alpha=7, target_modules=["q_proj", "v_proj"])),
    "rank-stabilised": (
        "llama",
        dict(
            r=4,
            lora_alpha=6,
            use_rslora=True,
            target_modules=["q_proj", "down_proj", "o_proj"],
            rank_pattern={"down_proj": 2},
            alpha_pattern={"down_proj": 3, "layers.1.self_attn.q_proj": 11},
            modules_to_save=["input_layernorm"],
        ),
    ),
    "inputs-first": ("gpt2", dict(r=2, lora_alpha=5, fan_in_fan_out=True, target_modules=["c_attn"])),
    # For the bare model, while the checkpoint is that of the language model.
    "bare": ("llama", dict(r=3, lora_alpha=7, target_modules=["k_proj"])),
    "encoder": ("bert", dict(r=2, lora_alpha=2, target_modules=["query", "dense"])),
}


def main():
    golden = {
        "madeBy": "tools/goldens/models/lora.py",
        "versions": {**versions(), "peft": peft.__version__},
        "cases": [case(name, *made) for name, made in ADAPTERS.items()],
    }
    write_golden(GOLDEN, golden)


@torch.no_grad()
def case(name, base_name, settings):
    class_name, sizes = CASES[base_name][:2]
    model_class = getattr(transformers, class_name)
    with tempfile.TemporaryDirectory() as folder:
        base, adapter = pathlib.Path(folder) / "base", pathlib.Path(folder) / "adapter"
        model_class(model_class.config_class(**sizes)).save_pretrained(base)
        write_formula(base / "model.safetensors")

        def opened():
            model = model_class.from_pretrained(base, dtype="float32", attn_implementation="eager").eval()
            return model.base_model if name in ("bare", "encoder") else model

        peft.get_peft_model(opened(), peft.LoraConfig(**settings)).save_pretrained(adapter)
        tensors = write_formula(adapter / "adapter_model.safetensors")
        config = json.loads((adapter / "adapter_config.json").read_text())
        model = peft.PeftModel.from_pretrained(opened(), adapter).merge_and_unload().eval()
    states = model(torch.tensor([IDS]), output_hidden_states=True).hidden_states
    config["base_model_name_or_path"] = "../base"
    return {"name": name, "base": base_name, "config": config, "tensors": tensors, "ids": IDS, "last": significant(states[-1][0])}


if __name__ == "__main__":
    main()
