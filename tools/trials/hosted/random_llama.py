"""Makes a LLaMA with random weights for trials of completions servers: a checkpoint, and the same as GGUF.

    python tools/trials/hosted/random_llama.py FOLDER TOKENIZER_FOLDER

The tokenizer is that of TOKENIZER_FOLDER (byte-level BPE, as GPT-2's). FOLDER/model.gguf says that token 0 goes before
every text. Made with torch 2.13.0, transformers 5.23.0 and gguf 0.19.0.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter
from transformers import LlamaConfig, LlamaForCausalLM

LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def make_checkpoint(folder, tokenizer_folder):
    torch.manual_seed(0)
    vocabulary = json.loads((tokenizer_folder / "tokenizer.json").read_text())["model"]["vocab"]
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.06,
    )
    model = LlamaForCausalLM(config).eval()
    model.save_pretrained(folder)
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        (folder / name).write_bytes((tokenizer_folder / name).read_bytes())
    return model


def write_gguf(model, tokenizer, path):
    config = model.config
    heads = config.num_attention_heads
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.hidden_size // heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(0)
    special = {token["id"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([text for text, _ in sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])])
    writer.add_token_types([3 if i in special else 1 for i in range(config.vocab_size)])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(True)
    for name, tensor in model.state_dict().items():
        writer.add_tensor(gguf_name(name), np.ascontiguousarray(rotated(name, tensor.float().numpy(), heads)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name):
    whole = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    stem = name.removesuffix(".weight")
    if stem in whole:
        return whole[stem] + ".weight"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{LAYER[part]}.weight"


def rotated(name, weights, heads):
    """Rows of queries and keys in the order of GGUF's rotary embedding: pairs beside each other, not half a head apart."""
    if "q_proj" not in name and "k_proj" not in name:
        return weights
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


if __name__ == "__main__":
    target, source = Path(sys.argv[1]), Path(sys.argv[2])
    llama = make_checkpoint(target, source)
    write_gguf(llama, json.loads((source / "tokenizer.json").read_text()), target / "model.gguf")
