"""A compact GPT-Neo with Hugging Face's parameter names, and reading and writing its checkpoints."""

import json
import os
import shutil

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

SIZES = {
    # name: (hidden size, layers, heads)
    '170k': (32, 2, 2),
    '870k': (96, 4, 3),
    '4m': (256, 4, 4),
}
VOCABULARY, POSITIONS, WINDOW = 4096, 384, 32


class Attention(nn.Module):
    def __init__(self, hidden, heads, local):
        super().__init__()
        self.heads, self.local = heads, local
        self.k_proj = nn.Linear(hidden, hidden, bias=False)
        self.v_proj = nn.Linear(hidden, hidden, bias=False)
        self.q_proj = nn.Linear(hidden, hidden, bias=False)
        self.out_proj = nn.Linear(hidden, hidden)

    def forward(self, x, causal, window):
        batch, length, hidden = x.shape
        q, k, v = (p(x).view(batch, length, self.heads, -1).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        # GPT-Neo does not divide the products by the square root of the head size.
        mask = window if self.local else causal
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=1.0)
        return self.out_proj(y.transpose(1, 2).reshape(batch, length, hidden))


class Block(nn.Module):
    def __init__(self, hidden, heads, local):
        super().__init__()
        self.ln_1 = nn.LayerNorm(hidden)
        self.attn = nn.ModuleDict({'attention': Attention(hidden, heads, local)})
        self.ln_2 = nn.LayerNorm(hidden)
        self.mlp = nn.ModuleDict({'c_fc': nn.Linear(hidden, 4 * hidden), 'c_proj': nn.Linear(4 * hidden, hidden)})

    def forward(self, x, causal, window):
        x = x + self.attn['attention'](self.ln_1(x), causal, window)
        return x + self.mlp['c_proj'](F.gelu(self.mlp['c_fc'](self.ln_2(x)), approximate='tanh'))


class GPTNeo(nn.Module):
    """Takes token ids [batch, length], right-padded; gives hidden states [batch, length, hidden] after the last norm."""

    def __init__(self, hidden, layers, heads):
        super().__init__()
        self.transformer = nn.ModuleDict({
            'wte': nn.Embedding(VOCABULARY, hidden),
            'wpe': nn.Embedding(POSITIONS, hidden),
            'h': nn.ModuleList(Block(hidden, heads, local=i % 2 == 1) for i in range(layers)),
            'ln_f': nn.LayerNorm(hidden),
        })
        distance = torch.arange(POSITIONS)[:, None] - torch.arange(POSITIONS)[None, :]
        self.register_buffer('window', (distance >= 0) & (distance < WINDOW), persistent=False)
        self.start(hidden, hidden // heads, layers)

    def start(self, hidden, head, layers):
        """Initial weights; queries and keys are smaller because their product is not scaled."""
        for name, p in self.named_parameters():
            if name.endswith(('q_proj.weight', 'k_proj.weight')):
                nn.init.normal_(p, std=hidden ** -0.5 * head ** -0.25)
            elif name.endswith(('wte.weight', 'wpe.weight')):
                nn.init.normal_(p, std=0.02)
            elif p.dim() == 2:
                last = name.endswith(('out_proj.weight', 'c_proj.weight'))
                nn.init.normal_(p, std=p.shape[1] ** -0.5 * ((2 * layers) ** -0.5 if last else 1))
            elif name.endswith('bias'):
                nn.init.zeros_(p)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.transformer['wte'](ids) + self.transformer['wpe'].weight[:length]
        window = self.window[:length, :length] if length > WINDOW else None
        for block in self.transformer['h']:
            x = block(x, None, window)
        return self.transformer['ln_f'](x)

    def logits(self, hidden):
        return F.linear(hidden, self.transformer['wte'].weight)


def config(size):
    hidden, layers, heads = SIZES[size]
    return {
        'activation_function': 'gelu_new', 'architectures': ['GPTNeoForCausalLM'], 'attention_dropout': 0,
        'attention_layers': ['global', 'local'] * (layers // 2), 'attention_types': [[['global', 'local'], layers // 2]],
        'bos_token_id': 0, 'embed_dropout': 0, 'eos_token_id': 0, 'hidden_size': hidden, 'initializer_range': 0.02,
        'intermediate_size': None, 'layer_norm_epsilon': 1e-05, 'max_position_embeddings': POSITIONS,
        'model_type': 'gpt_neo', 'num_heads': heads, 'num_layers': layers, 'resid_dropout': 0,
        'tie_word_embeddings': True, 'torch_dtype': 'float16', 'use_cache': True, 'vocab_size': VOCABULARY,
        'window_size': WINDOW,
    }


def save(model, size, tokenizer, folder):
    """Writes a checkpoint folder in fp16."""
    os.makedirs(folder, exist_ok=True)
    tensors = {name: p.detach().to(torch.float16).contiguous() for name, p in model.state_dict().items()}
    for name, tensor in tensors.items():
        assert torch.isfinite(tensor).all(), name
    save_file(tensors, os.path.join(folder, 'model.safetensors'), metadata={'format': 'pt'})
    with open(os.path.join(folder, 'config.json'), 'w') as file:
        json.dump(config(size), file, indent=2)
        file.write('\n')
    for name in ('tokenizer.json', 'tokenizer_config.json'):
        shutil.copyfile(os.path.join(tokenizer, name), os.path.join(folder, name))


def load(folder, size):
    model = GPTNeo(*SIZES[size])
    model.load_state_dict({k: v.float() for k, v in load_file(os.path.join(folder, 'model.safetensors')).items()})
    return model
