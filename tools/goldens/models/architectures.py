"""What transformers computes with small random checkpoints of every architecture, in sizes and variants that are odd.

    python tools/goldens/models/architectures.py [NAME ...]

writes test/models/goldens/architectures/NAME.json: the checkpoint's config.json, the names and shapes of its tensors
(whose values follow from a formula, the one that test/models/formula-checkpoint.ts has), some rows of all hidden states,
log-probabilities of the causal ones, and the pooler's output where there is one.
"""

import json
import pathlib
import sys
import tempfile

import numpy
import torch
import transformers
from safetensors import safe_open
from safetensors.numpy import save_file

from recent_architectures import RECENT
from reference import versions

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDENS = ROOT / "test/models/goldens/architectures"

VOCABULARY = 97
# Sizes that share few factors: heads of 12 that no power of two fills.
GPT2 = dict(vocab_size=VOCABULARY, n_embd=36, n_head=3, n_layer=3, n_positions=41, n_inner=50)
COMMON = dict(vocab_size=VOCABULARY, hidden_size=36, num_attention_heads=3, num_hidden_layers=3)
BERT = dict(**COMMON, intermediate_size=50, max_position_embeddings=41)

# name: (class, configuration)
CASES = {
    "gpt2": ("GPT2LMHeadModel", GPT2),
    "gpt2-untied": (
        "GPT2LMHeadModel",
        dict(
            **GPT2,
            tie_word_embeddings=False,
            scale_attn_by_inverse_layer_idx=True,
            scale_attn_weights=False,
            activation_function="relu",
            layer_norm_epsilon=0.01,
        ),
    ),
    "gptj": ("GPTJForCausalLM", dict(**GPT2, rotary_dim=4)),
    "gptj-tied": (
        "GPTJForCausalLM",
        dict(**GPT2, rotary_dim=12, tie_word_embeddings=True, activation_function="silu"),
    ),
    # At position 2047 the last bit of a frequency shows.
    "gptj-long": (
        "GPTJForCausalLM",
        dict(vocab_size=VOCABULARY, n_embd=64, n_head=1, n_layer=2, n_positions=2048, n_inner=50, rotary_dim=64),
    ),
    "gpt-neox": (
        "GPTNeoXForCausalLM",
        dict(**BERT, rotary_pct=0.25, use_parallel_residual=True),
    ),
    "gpt-neox-sequential": (
        "GPTNeoXForCausalLM",
        dict(
            **BERT,
            rotary_pct=0.5,
            rotary_emb_base=500,
            use_parallel_residual=False,
            attention_bias=False,
            tie_word_embeddings=True,
            hidden_act="gelu_new",
        ),
    ),
    "opt": ("OPTForCausalLM", dict(**COMMON, ffn_dim=50, max_position_embeddings=41)),
    "opt-projected": (
        "OPTForCausalLM",
        dict(**COMMON, ffn_dim=50, max_position_embeddings=41, word_embed_proj_dim=20, do_layer_norm_before=False),
    ),
    "opt-plain": (
        "OPTForCausalLM",
        dict(
            **COMMON,
            ffn_dim=50,
            max_position_embeddings=41,
            enable_bias=False,
            layer_norm_elementwise_affine=False,
            tie_word_embeddings=False,
            activation_function="gelu",
        ),
    ),
    "bloom": ("BloomForCausalLM", dict(vocab_size=VOCABULARY, hidden_size=36, n_head=3, n_layer=3)),
    "bloom-untied": (
        "BloomForCausalLM",
        dict(
            vocab_size=VOCABULARY,
            hidden_size=33,
            n_head=11,
            n_layer=3,
            apply_residual_connection_post_layernorm=True,
            tie_word_embeddings=False,
        ),
    ),
    "bloom-long": ("BloomForCausalLM", dict(vocab_size=VOCABULARY, hidden_size=30, n_head=6, n_layer=2, seq_length=2048)),
    "llama": (
        "LlamaForCausalLM",
        dict(**{**BERT, "num_attention_heads": 6}, num_key_value_heads=2, rope_theta=500.0),
    ),
    "llama-3": (
        "LlamaForCausalLM",
        dict(
            **BERT,
            num_key_value_heads=1,
            head_dim=10,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
            hidden_act="gelu_pytorch_tanh",
            rms_norm_eps=0.01,
            rope_theta=50.0,
            rope_scaling=dict(
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
        ),
    ),
    "llama-linear": (
        "LlamaForCausalLM",
        dict(**BERT, rope_scaling=dict(rope_type="linear", factor=3.0)),
    ),
    "llama-long": (
        "LlamaForCausalLM",
        dict(
            vocab_size=VOCABULARY,
            hidden_size=64,
            num_attention_heads=1,
            num_hidden_layers=2,
            intermediate_size=50,
            max_position_embeddings=2048,
        ),
    ),
    "bert": ("BertForPreTraining", BERT),
    "bert-relu": ("BertModel", dict(**BERT, hidden_act="relu", type_vocab_size=3, layer_norm_eps=0.01)),
    "distilbert": (
        "DistilBertModel",
        dict(vocab_size=VOCABULARY, dim=36, n_heads=3, n_layers=3, hidden_dim=50, max_position_embeddings=41),
    ),
    "distilbert-sinusoidal": (
        "DistilBertForMaskedLM",
        dict(
            vocab_size=VOCABULARY,
            dim=36,
            n_heads=3,
            n_layers=3,
            hidden_dim=50,
            max_position_embeddings=41,
            sinusoidal_pos_embds=True,
            activation="relu",
        ),
    ),
    "roberta": ("RobertaForMaskedLM", dict(**BERT)),
    "roberta-padding": ("RobertaModel", dict(**BERT, pad_token_id=5, hidden_act="gelu_new")),
    # Long enough for the last bucket of distances.
    "mpnet": ("MPNetModel", dict(**{**BERT, "max_position_embeddings": 171})),
}


CASES |= RECENT


def main():
    names = sys.argv[1:] or list(CASES)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in names:
        print(name, file=sys.stderr)
        (GOLDENS / f"{name}.json").write_text(golden(*CASES[name]))


def golden(class_name, settings, options={}):
    model_class = getattr(transformers, class_name)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model_class(model_class.config_class(**settings)).save_pretrained(folder)
        tensors = write_formula(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text()) | options.get("config", {})
        config = {key: value for key, value in config.items() if key not in options.get("config", {}) or value is not None}
        # A new model for each text: dynamic scaling remembers the longest one.
        texts = list(inputs(model_class.config_class.from_pretrained(folder), options.get("longest")))
        models = [loaded(model_class, folder, options) for _ in texts]
        scorer = loaded(model_class, folder, options)
    causal = class_name.endswith(("CausalLM", "LMHeadModel")) and getattr(scorer.config, "is_causal", True)
    fields = {
        "madeBy": "tools/goldens/models/architectures.py",
        "versions": versions(),
        "config": config,
        "tensors": tensors,
        "inputs": [states(body(model, causal), ids) for model, ids in zip(models, texts)],
        "scores": scores(scorer) if causal else None,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def body(model, causal):
    """What is compared: a causal model as it is, otherwise without a head, and only the encoder."""
    if causal:
        return model
    return model.encoder if hasattr(model, "decoder") and hasattr(model, "encoder") else model.base_model


def loaded(model_class, folder, options):
    model = model_class.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
    options.get("change", lambda _: None)(model)
    return model


def write_formula(path):
    """Writes the file anew: element i of tensor t (in the order of names) is a number that follows from i and t."""
    with safe_open(path, "np") as file:
        shapes = [(name, list(file.get_slice(name).get_shape())) for name in sorted(file.keys())]
    values = {}
    for t, (name, shape) in enumerate(shapes):
        seed = numpy.uint32((t * 0x9E3779B9) % 2**32)
        index = mix(numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint32) + seed) & 255
        middle = 1 if len(shape) == 1 and name.endswith("weight") else 0
        values[name] = (middle + (index.astype(numpy.float32) - 128) / 512).astype(numpy.float32).reshape(shape)
    save_file(values, path, metadata={"format": "pt"})
    return shapes


def mix(x):
    """C. Wellons' lowbias32."""
    x = (x ^ (x >> 16)) * numpy.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * numpy.uint32(0x846CA68B)
    return x ^ (x >> 16)


def inputs(config, longest=None):
    """A short text, one that fills all positions, and for encoders one that names the padding token in its midst."""
    sizes = ("max_position_embeddings", "seq_length", "n_positions")
    longest = longest or next((getattr(config, size) for size in sizes if hasattr(config, size)), 50)
    padding = config.pad_token_id or 0
    if config.model_type in ("roberta", "mpnet", "xlm-roberta", "camembert"):
        longest -= padding + 1
    ids = [(7 + 13 * i) % VOCABULARY for i in range(longest)]
    ids = [id if id != padding else 2 for id in ids]
    yield ids[:1]
    yield ids
    if config.model_type in ("bert", "roberta", "mpnet", "distilbert", "xlm-roberta"):
        yield [*ids[:3], padding, *ids[3:6]]


@torch.no_grad()
def states(model, ids):
    output = model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), output_hidden_states=True)
    rows = sorted({0, len(ids) // 2, len(ids) - 1})
    result = {"ids": ids, "rows": rows, "states": [short(state[0][rows]) for state in output.hidden_states]}
    if getattr(output, "pooler_output", None) is not None:
        result["pooler"] = short(output.pooler_output[0])
    return result


@torch.no_grad()
def scores(model):
    """The log-probabilities of each query's tokens after a context, one query at a time."""
    context = [3, 14, 15, 92, 65, 35, 8]
    queries = [[9], [79, 3, 23, 84], [6, 26, 43]]
    result = []
    for query in queries:
        ids = context + query[:-1]
        logits = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        result.append(short(logits[len(context) - 1 :].gather(1, torch.tensor(query)[:, None])[:, 0]))
    return {"context": context, "queries": queries, "logProbabilities": result}


def short(tensor):
    """Seven significant digits: far below the tolerance of the tests."""
    return [short(row) for row in tensor] if tensor.dim() > 1 else [float(f"{x:.7g}") for x in tensor.tolist()]


if __name__ == "__main__":
    main()
