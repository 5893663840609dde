"""Cases of architectures.py for families since LLaMA: small, and with texts longer than their windows.

Each is (class, configuration) or (class, configuration, options); the options are
- longest: length of the long text, if it is not the number of positions
- change: called with the model before it runs
"""

VOCABULARY = 97
SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=24,
    num_attention_heads=4,
    num_hidden_layers=3,
    intermediate_size=20,
    max_position_embeddings=31,
)
DECODER = dict(**SIZES, num_key_value_heads=2, pad_token_id=None, bos_token_id=None, eos_token_id=None)
WINDOW = 5
LONG = [1.0 + 0.4 * i for i in range(3)]
SHORT = [1.0 + 0.1 * i for i in range(3)]


def llama(**rope):
    return ("LlamaForCausalLM", dict(**DECODER, rope_scaling=rope))


RECENT = {
    "llama-bidirectional": ("LlamaForCausalLM", dict(**DECODER, is_causal=False)),
    "llama-dynamic": (*llama(rope_type="dynamic", factor=2.0), dict(longest=47)),
    "llama-yarn": llama(rope_type="yarn", factor=4.0, original_max_position_embeddings=12),
    "llama-yarn-mscale": llama(
        rope_type="yarn",
        factor=4.0,
        original_max_position_embeddings=12,
        beta_fast=4.0,
        beta_slow=0.5,
        mscale=0.8,
        mscale_all_dim=0.5,
        truncate=False,
    ),
    "llama-longrope": (
        "LlamaForCausalLM",
        dict(
            **DECODER,
            rope_scaling=dict(
                rope_type="longrope",
                original_max_position_embeddings=12,
                factor=3.0,
                long_factor=LONG,
                short_factor=SHORT,
            ),
        ),
    ),
    "qwen2": ("Qwen2ForCausalLM", DECODER),
    "qwen2-window": (
        "Qwen2ForCausalLM",
        dict(**DECODER, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1, tie_word_embeddings=True),
    ),
    "qwen2-bidirectional": (
        "Qwen2ForCausalLM",
        dict(**DECODER, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=2, is_causal=False),
    ),
    "qwen3": ("Qwen3ForCausalLM", dict(**DECODER, head_dim=10, tie_word_embeddings=True)),
    "qwen3-window": (
        "Qwen3ForCausalLM",
        dict(
            **DECODER,
            head_dim=4,
            attention_bias=True,
            use_sliding_window=True,
            sliding_window=WINDOW,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            rope_scaling=dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=16),
        ),
    ),
    "mistral": ("MistralForCausalLM", dict(**DECODER, sliding_window=WINDOW)),
    "mistral-full": ("MistralForCausalLM", dict(**DECODER, head_dim=8, sliding_window=None, tie_word_embeddings=True)),
    "mistral-bidirectional": ("MistralForCausalLM", dict(**DECODER, sliding_window=WINDOW, is_causal=False)),
    "gemma": ("GemmaForCausalLM", dict(**DECODER, head_dim=10, hidden_act="gelu")),
    "gemma2": (
        "Gemma2ForCausalLM",
        dict(
            **DECODER,
            head_dim=10,
            sliding_window=WINDOW,
            query_pre_attn_scalar=7,
            attn_logit_softcapping=0.5,
            final_logit_softcapping=1.5,
        ),
    ),
    "gemma2-untied": (
        "Gemma2ForCausalLM",
        dict(
            **DECODER,
            head_dim=6,
            attention_bias=True,
            sliding_window=WINDOW,
            layer_types=["full_attention", "sliding_attention", "sliding_attention"],
            attn_logit_softcapping=None,
            final_logit_softcapping=None,
            tie_word_embeddings=False,
        ),
    ),
    "gemma3": (
        "Gemma3ForCausalLM",
        dict(
            **DECODER,
            head_dim=10,
            sliding_window=WINDOW,
            query_pre_attn_scalar=7,
            sliding_window_pattern=2,
            rope_theta=500.0,
            rope_local_base_freq=50.0,
            rope_scaling=dict(rope_type="linear", factor=4.0),
            final_logit_softcapping=1.5,
        ),
    ),
    "gemma3-bidirectional": (
        "Gemma3TextModel",
        dict(
            **DECODER,
            head_dim=10,
            sliding_window=8,
            use_bidirectional_attention=True,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
        ),
    ),
    "phi3": ("Phi3ForCausalLM", dict(**DECODER, sliding_window=WINDOW)),
    "phi3-longrope": (
        "Phi3ForCausalLM",
        dict(
            **DECODER,
            partial_rotary_factor=1.0,
            tie_word_embeddings=True,
            original_max_position_embeddings=12,
            rope_scaling=dict(
                rope_type="longrope", long_factor=LONG, short_factor=SHORT, original_max_position_embeddings=12
            ),
        ),
    ),
    "phi3-partial": (
        "Phi3ForCausalLM",
        dict(**{**DECODER, "hidden_size": 32}, partial_rotary_factor=0.5),
    ),
}
