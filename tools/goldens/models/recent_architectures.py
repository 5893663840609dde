"""Cases of architectures.py for families since LLaMA: small, and with texts longer than their windows.

Each is (class, configuration) or (class, configuration, options); the options are
- longest: length of the long text, if it is not the number of positions
- change: called with the model before it runs
- config: fields of the stored config.json that differ, as the publisher's own code writes them; None leaves one out
"""

import torch

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


ENCODER = {key: value for key, value in SIZES.items() if key != "num_hidden_layers"}
NO_TOKENS = dict(pad_token_id=0, eos_token_id=1, bos_token_id=1, cls_token_id=1, sep_token_id=1)
BERT = dict(**ENCODER, num_hidden_layers=2)
T5 = dict(vocab_size=VOCABULARY, d_model=24, d_kv=5, d_ff=20, num_layers=3, num_heads=4, n_positions=31)


def ntk(factor, mixed_b=None):
    """Options that replace a GteModel's frequencies by those of NTKScalingRotaryEmbedding of Alibaba-NLP/new-impl's
    modeling.py."""

    def change(model):
        rope = model.rotary_emb
        dim = 2 * rope.inv_freq.numel()
        base = rope.config.rope_parameters["rope_theta"] * (factor if mixed_b is None else 1)
        frequencies = 1.0 / (base ** (torch.arange(0, dim, 2).float() / dim))
        if mixed_b is None:
            divisor = factor ** (2 / dim)
        else:
            a = torch.tensor(factor).log() / (dim / 2) ** mixed_b
            divisor = (a * torch.arange(1, dim // 2 + 1).float() ** mixed_b).exp()
        rope.inv_freq.copy_(frequencies / divisor)

    config = dict(
        model_type="new",
        architectures=["NewModel"],
        auto_map=dict(AutoModel="Alibaba-NLP/new-impl--modeling.NewModel"),
        rope_parameters=None,
        rope_theta=160000.0,
        rope_scaling=dict(type="ntk", factor=factor, mixed_b=mixed_b),
    )
    return dict(change=change, config=config)


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
    "modernbert": (
        "ModernBertForMaskedLM",
        dict(**ENCODER, **NO_TOKENS, num_hidden_layers=5, local_attention=10),
    ),
    "modernbert-biased": (
        "ModernBertModel",
        dict(
            **ENCODER,
            **NO_TOKENS,
            num_hidden_layers=3,
            local_attention=7,
            norm_bias=True,
            attention_bias=True,
            mlp_bias=True,
            global_attn_every_n_layers=2,
            global_rope_theta=500.0,
            local_rope_theta=20.0,
            hidden_activation="gelu_new",
        ),
    ),
    "xlm-roberta": ("XLMRobertaForMaskedLM", dict(**BERT)),
    "camembert": ("CamembertModel", dict(**BERT, pad_token_id=1)),
    "electra": ("ElectraForPreTraining", dict(**BERT, embedding_size=14)),
    "electra-unprojected": ("ElectraModel", dict(**BERT, embedding_size=24, hidden_act="relu")),
    "t5": ("T5EncoderModel", dict(**T5)),
    "t5-gated": (
        "T5ForConditionalGeneration",
        dict(
            **T5,
            feed_forward_proj="gated-gelu",
            relative_attention_num_buckets=12,
            relative_attention_max_distance=20,
            num_decoder_layers=4,
        ),
    ),
    "nomic-bert": ("NomicBertModel", dict(**BERT)),
    "gte": ("GteModel", dict(**BERT)),
    "gte-ntk": ("GteModel", dict(**BERT, type_vocab_size=0), ntk(2.0)),
    "gte-ntk-mixed": ("GteModel", dict(**BERT, type_vocab_size=0), ntk(3.0, mixed_b=0.7)),
    # The publisher's names, and its scaling of texts longer than those of its training.
    "nomic-bert-published": (
        "NomicBertModel",
        dict(
            **{**BERT, "max_position_embeddings": 12},
            rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=1000.0),
        ),
        dict(
            longest=31,
            config=dict(
                auto_map=dict(AutoModel="nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel"),
                n_embd=24,
                n_layer=2,
                n_head=4,
                n_inner=20,
                n_positions=31,
                activation_function="swiglu",
                layer_norm_epsilon=1e-12,
                rotary_emb_base=1000,
                rotary_emb_fraction=1.0,
                rotary_scaling_factor=2.0,
                max_trained_positions=12,
                hidden_size=None,
                num_hidden_layers=None,
                num_attention_heads=None,
                intermediate_size=None,
                head_dim=None,
                hidden_act=None,
                layer_norm_eps=None,
                max_position_embeddings=None,
                rope_parameters=None,
            ),
        ),
    ),
    "deberta-v2": (
        "DebertaV2ForMaskedLM",
        dict(
            **BERT,
            relative_attention=True,
            position_buckets=8,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            pos_att_type="p2c|c2p",
            position_biased_input=False,
        ),
    ),
    "deberta-v2-separate": (
        "DebertaV2Model",
        dict(
            **{**BERT, "type_vocab_size": 2},
            relative_attention=True,
            max_relative_positions=9,
            pos_att_type=["c2p"],
            embedding_size=14,
        ),
    ),
    "deberta-v2-p2c": (
        "DebertaV2Model",
        dict(
            **{**BERT, "max_position_embeddings": 61},
            relative_attention=True,
            position_buckets=12,
            max_relative_positions=40,
            pos_att_type=["p2c"],
            position_biased_input=False,
        ),
    ),
}
