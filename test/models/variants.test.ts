import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { fixture, golden, relativeError } from './goldens.js';
import { hiddenStatesOf, logProbabilitiesOf, openRaw, vectorsOf } from './run-graph.js';
import { readTensors, writeTensors, type StoredTensor } from './safetensors-writer.js';

type Config = Readonly<Record<string, unknown>>;
interface ModelFiles {
  readonly config: Config;
  readonly tensors: readonly StoredTensor[];
}

const ids = [5, 80, 3, 3, 41, 9];

function filesOf(name: string): ModelFiles {
  if (name === 'gpt-neo') {
    const config = JSON.parse(readFileSync(join(fixture(name), 'config.json'), 'utf8')) as Config;
    return { config, tensors: readTensors(join(fixture(name), 'model.safetensors')) };
  }
  const { config, tensors } = golden(`architectures/${name}`) as { config: Config; tensors: Shapes };
  return { config, tensors: formulaTensors(tensors) };
}

const statesOf = ({ config, tensors }: ModelFiles): Promise<Float32Array[][]> =>
  withCheckpoint(config, tensors, async (folder) => hiddenStatesOf(await openRaw(folder), ids));

const parametersOf = ({ config, tensors }: ModelFiles): Promise<number> =>
  withCheckpoint(config, tensors, async (folder) => {
    const { checkpoint, architecture } = await openRaw(folder);
    return [...checkpoint.tensors.values()]
      .filter(({ name }) => architecture.isParameter(name))
      .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  });

const renamed = ({ config, tensors }: ModelFiles, rename: (name: string) => string): ModelFiles => ({
  config,
  tensors: tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
});

const added = ({ config, tensors }: ModelFiles, ...names: string[]): ModelFiles => ({
  config,
  tensors: [...tensors, ...names.map((name) => ({ name, shape: [2, 2], values: new Float32Array(4) }))],
});

const configured = ({ config, tensors }: ModelFiles, changes: Config): ModelFiles => ({
  config: Object.fromEntries(Object.entries({ ...config, ...changes }).filter(([, value]) => value !== undefined)),
  tensors,
});

/** The bits of a number that half precision holds exactly. */
function halfPrecision(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

/** transformers' name of a tensor of nomic-bert-2048's code; three of a fused one. */
function ownNomicName(name: string): string[] {
  const own = name
    .replace('encoder.layers', 'layers')
    .replace('emb_ln', 'embeddings.LayerNorm')
    .replace('attn.out_proj', 'self_attn.o_proj')
    .replace('fc11', 'up_proj')
    .replace('fc12', 'gate_proj')
    .replace('fc2', 'down_proj')
    .replace('norm1', 'post_attention_layernorm')
    .replace('norm2', 'post_mlp_layernorm');
  return parts(own, 'attn.Wqkv', ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']);
}

/** The same of new-impl's code. */
function ownGteName(name: string): string[] {
  const own = name
    .replace('encoder.layer', 'layers')
    .replace('attention.o_proj', 'self_attn.o_proj')
    .replace('attn_ln', 'post_attention_layernorm')
    .replace('mlp_ln', 'post_mlp_layernorm');
  return parts(own, 'attention.qkv_proj', ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']).flatMap((one) =>
    parts(one, 'up_gate_proj', ['up_proj', 'gate_proj']),
  );
}

function parts(name: string, fused: string, separate: readonly string[]): string[] {
  return name.includes(fused) ? separate.map((part) => name.replace(fused, part)) : [name];
}

describe('a checkpoint saved', () => {
  it.each([
    ['gpt2', /^transformer\./, ''],
    ['gptj', /^transformer\./, ''],
    ['gpt-neox', /^gpt_neox\./, ''],
    ['opt', /^model\.decoder\./, 'decoder.'],
    ['opt-projected', /^model\.decoder\./, ''],
    ['bloom', /^transformer\./, ''],
    ['llama', /^model\./, ''],
    ['bert', /^bert\./, ''],
    ['bert-relu', /^/, 'bert.'],
    ['distilbert', /^/, 'distilbert.'],
    ['roberta', /^roberta\./, ''],
    ['roberta-padding', /^/, 'roberta.'],
    ['mpnet', /^/, 'mpnet.'],
    ['qwen3', /^model\./, ''],
    ['gemma3-bidirectional', /^/, 'model.'],
    ['modernbert', /^model\./, ''],
    ['xlm-roberta', /^roberta\./, ''],
    ['electra', /^electra\./, ''],
    ['nomic-bert', /^/, 'bert.'],
    ['gte', /^/, 'new.'],
    ['t5', /^shared\./, 'encoder.embed_tokens.'],
    ['deberta-v2', /^deberta\./, ''],
  ])('%s with another prefix gives the same numbers', async (name, prefix, other) => {
    const files = filesOf(name);
    const changed = renamed(files, (tensor) => tensor.replace(prefix, other));
    expect(changed.tensors).not.toEqual(files.tensors);
    expect(await statesOf(changed)).toEqual(await statesOf(files));
    expect(await parametersOf(changed)).toBe(await parametersOf(files));
  });

  it.each([
    ['gpt2', 'transformer.h.0.attn.bias', 'transformer.h.2.attn.masked_bias', 'lm_head.weight'],
    ['gptj', 'transformer.h.0.attn.bias', 'transformer.h.1.attn.masked_bias'],
    ['gpt-neox', 'gpt_neox.layers.1.attention.bias', 'gpt_neox.layers.1.attention.rotary_emb.inv_freq'],
    ['opt', 'lm_head.weight'],
    ['bloom', 'lm_head.weight'],
    ['llama', 'model.layers.0.self_attn.rotary_emb.inv_freq'],
    ['bert', 'bert.embeddings.position_ids', 'cls.predictions.decoder.weight'],
    ['roberta', 'roberta.embeddings.position_ids', 'lm_head.decoder.weight', 'classifier.dense.weight'],
    ['mpnet', 'embeddings.position_ids', 'lm_head.decoder.weight'],
    ['distilbert', 'vocab_transform.weight', 'vocab_projector.weight'],
    ['t5', 'decoder.block.9.layer.0.SelfAttention.q.weight', 'encoder.embed_tokens.weight', 'lm_head.weight'],
    ['modernbert', 'classifier.weight', 'head.dense.bias'],
    ['nomic-bert', 'cls.predictions.decoder.weight'],
  ])(
    '%s with buffers and heads of its training gives the same numbers, and counts no more parameters',
    async (name, ...names) => {
      const files = filesOf(name);
      const more = added(files, ...names);
      expect(await statesOf(more)).toEqual(await statesOf(files));
      expect(await parametersOf(more)).toBe(await parametersOf(files));
    },
  );

  it('as BERT once was, with gamma and beta, gives the same numbers', async () => {
    const files = filesOf('bert');
    const old = renamed(files, (name) =>
      name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    );
    expect(await statesOf(old)).toEqual(await statesOf(files));
  });

  it.each(['qwen3', 'gemma2', 'gemma3-bidirectional', 'phi3', 'modernbert', 't5', 'gte', 'deberta-v2'])(
    '%s in half precision gives the same numbers',
    async (name) => {
      const files = filesOf(name);
      // The formula's values are exact in half precision.
      const half = await withCheckpoint(files.config, files.tensors, async (folder) => {
        writeTensors(join(folder, 'model.safetensors'), files.tensors, 'F16', halfPrecision);
        return hiddenStatesOf(await openRaw(folder), ids);
      });
      expect(half).toEqual(await statesOf(files));
    },
  );

  it.each([
    ['nomic-bert', ownNomicName],
    ['gte', ownGteName],
  ])('%s under transformers’ own names gives the same numbers', async (name, ownName) => {
    const files = filesOf(name);
    const own = files.tensors.flatMap((tensor) => {
      const names = ownName(tensor.name);
      const part = tensor.values.length / names.length;
      return names.map((one, i) => ({
        name: one,
        shape: [tensor.shape[0]! / names.length, ...tensor.shape.slice(1)],
        values: tensor.values.slice(i * part, (i + 1) * part),
      }));
    });
    expect(own.length).toBeGreaterThan(files.tensors.length);
    const [now, before] = [await statesOf({ ...files, tensors: own }), await statesOf(files)];
    now.forEach((state, layer) => {
      state.forEach((row, i) => {
        expect(relativeError(row, before[layer]![i]!)).toBeLessThan(1e-6);
      });
    });
  });

  it('as GPT-NeoX under the head’s newer name gives the same log-probabilities', async () => {
    const files = filesOf('gpt-neox');
    const newer = renamed(files, (name) => name.replace('embed_out', 'lm_head'));
    const [old, now] = await Promise.all(
      [files, newer].map(({ config, tensors }) =>
        withCheckpoint(config, tensors, async (folder) => logProbabilitiesOf(await openRaw(folder), ids, [[1, 2]])),
      ),
    );
    expect(now).toEqual(old);
  });

  it('without its language model head embeds, and cannot score', async () => {
    const { config, tensors } = filesOf('gptj');
    const bare = tensors.filter(({ name }) => !name.startsWith('lm_head'));
    await withCheckpoint(config, bare, async (folder) => {
      const model = await openRaw(folder);
      expect(await hiddenStatesOf(model, ids)).toHaveLength(4);
      await expect(logProbabilitiesOf(model, ids, [[1]])).rejects.toThrow(
        'has no tensor "transformer.lm_head.bias" or "lm_head.bias", which config.json asks for',
      );
    });
  });

  it('without pooler has no pooler output', async () => {
    const { config, tensors } = filesOf('bert');
    const without = tensors.filter(({ name }) => !name.includes('pooler'));
    await withCheckpoint(config, without, async (folder) => {
      const model = await openRaw(folder);
      await expect(vectorsOf(model, ids, ['pooler'])).rejects.toThrow('pooling "pooler": this model does not have it');
      expect(Object.keys(await vectorsOf(model, ids, ['all']))).not.toContain('pooler');
    });
  });
});

describe('an older configuration', () => {
  it.each<[string, Config]>([
    ['gpt-neox', { rope_parameters: undefined, rotary_pct: 0.25, rotary_emb_base: 10000 }],
    ['gpt-neox-sequential', { rope_parameters: undefined, rotary_pct: 0.5, rotary_emb_base: 500 }],
    ['gpt-neox', { rope_parameters: undefined, attention_bias: undefined, is_decoder: undefined }],
    ['bloom', { hidden_size: undefined, n_embed: 36, n_head: undefined, num_attention_heads: 3 }],
    [
      'llama',
      { rope_parameters: undefined, rope_theta: 500, rope_scaling: null, head_dim: undefined, mlp_bias: undefined },
    ],
    ['llama-linear', { rope_parameters: undefined, rope_theta: 10000, rope_scaling: { type: 'linear', factor: 3 } }],
    ['gpt2', { n_ctx: 41, scale_attn_weights: undefined, tie_word_embeddings: undefined }],
    ['opt', { word_embed_proj_dim: undefined, enable_bias: undefined, layer_norm_elementwise_affine: undefined }],
    ['bert', { position_embedding_type: 'absolute', gradient_checkpointing: false }],
    ['qwen2-window', { layer_types: undefined, rope_parameters: undefined, rope_theta: 10000 }],
    ['qwen3', { architectures: ['Qwen3ForCausalLM'], rope_parameters: undefined, rope_scaling: null }],
    ['mistral', { layer_types: undefined, head_dim: undefined, rope_parameters: undefined }],
    ['gemma2', { layer_types: undefined, rope_parameters: undefined, rope_theta: 10000 }],
    [
      'gemma3',
      {
        layer_types: undefined,
        rope_parameters: undefined,
        rope_theta: 500,
        rope_local_base_freq: 50,
        rope_scaling: { rope_type: 'linear', factor: 4 },
      },
    ],
    [
      'phi3-longrope',
      {
        rope_parameters: undefined,
        rope_theta: 10000,
        rope_scaling: { type: 'su', long_factor: [1, 1.4, 1.8], short_factor: [1, 1.1, 1.2] },
        auto_map: {
          AutoConfig: 'configuration_phi3.Phi3Config',
          AutoModelForCausalLM: 'modeling_phi3.Phi3ForCausalLM',
        },
      },
    ],
    [
      'modernbert-biased',
      {
        layer_types: undefined,
        global_attn_every_n_layers: 2,
        rope_parameters: undefined,
        global_rope_theta: 500,
        local_rope_theta: 20,
      },
    ],
    ['qwen2-bidirectional', { auto_map: { AutoModel: 'Alibaba-NLP/x--modeling_qwen.Qwen2Model' } }],
    ['gte', { model_type: 'new', architectures: ['NewModel'], rope_parameters: undefined, rope_theta: 160000 }],
  ])('of %s gives the same numbers: %o', async (name, changes) => {
    const files = filesOf(name);
    expect(await statesOf(configured(files, changes))).toEqual(await statesOf(files));
  });
});

describe('a configuration', () => {
  const refusals: readonly (readonly [string, Config, RegExp])[] = [
    ['gpt2', { n_layer: 2 }, /says 2 layers, but the weights have more, as tensor "transformer\.h\.2\./],
    ['gpt2', { n_layer: 4 }, /has no tensor "transformer\.h\.3\.ln_1\.weight" or "h\.3\.ln_1\.weight"/],
    ['gpt2', { n_head: 5 }, /field "n_head": 5 does not divide the hidden size 36/],
    [
      'gpt2',
      { n_inner: 51 },
      /tensor "transformer\.h\.0\.mlp\.c_fc\.bias" has shape \[50\]; config\.json asks for \[51\]/,
    ],
    ['gpt2', { n_embd: undefined }, /field "n_embd"/],
    [
      'gptj',
      { rotary_dim: 5 },
      /field "rotary_dim": 5 is not possible; expected an even number up to the head size 12/,
    ],
    ['gptj', { rotary_dim: null }, /field "rotary_dim"/],
    [
      'gpt-neox',
      { rope_parameters: { rope_type: 'axial' } },
      /field "rope_parameters": rope_type "axial" is not supported; supported: default, linear, dynamic, llama3, yarn,/,
    ],
    [
      'llama',
      { rope_parameters: null, rope_scaling: { type: 'ntk', factor: 2 } },
      /field "rope_scaling": rope_type "ntk"/,
    ],
    [
      'llama',
      { rope_parameters: { rope_type: 'linear' } },
      /field "rope_parameters\.factor" is missing; linear scaling needs it/,
    ],
    ['llama', { num_key_value_heads: 4 }, /field "num_key_value_heads": 4 does not divide the 6 heads/],
    [
      'llama',
      { num_key_value_heads: 3 },
      /self_attn\.k_proj\.weight" has shape \[12, 36\]; config\.json asks for \[18, 36\]/,
    ],
    ['llama', { hidden_act: 'softplus' }, /field "hidden_act"/],
    [
      'opt',
      { max_position_embeddings: 64 },
      /embed_positions\.weight" has shape \[43, 36\]; config\.json asks for \[66, 36\]/,
    ],
    [
      'opt',
      { word_embed_proj_dim: 20 },
      /embed_tokens\.weight" has shape \[97, 36\]; config\.json asks for \[97, 20\]/,
    ],
    ['bloom', { hidden_size: undefined }, /field "hidden_size" is missing/],
    ['bloom', { n_head: undefined }, /field "n_head" is missing/],
    ['bloom', { vocab_size: 98 }, /has shape \[97, 36\]; config\.json asks for \[98, 36\]/],
    ['bert', { position_embedding_type: 'relative_key' }, /field "position_embedding_type"/],
    ['bert', { is_decoder: true }, /field "is_decoder"/],
    ['bert', { type_vocab_size: 4 }, /token_type_embeddings\.weight" has shape \[2, 36\]/],
    ['mpnet', { relative_attention_num_buckets: 16 }, /field "relative_attention_num_buckets"/],
    ['distilbert', { hidden_dim: 60 }, /ffn\.lin1\.bias" has shape \[50\]; config\.json asks for \[60\]/],
    [
      'roberta',
      { model_type: 'xlnet' },
      /model_type "xlnet" is not supported; supported: bert, bloom, camembert, deberta-v2, distilbert, electra, gemma,/,
    ],
    ['llama', { architectures: ['LlamaEncoderModel'] }, /the class LlamaEncoderModel is not known/],
    ['bert', { architectures: ['BertLMHeadModel'] }, /the class BertLMHeadModel is not known/],
    [
      'mistral',
      { auto_map: { AutoModel: 'modeling_nvembed.NVEmbedModel' } },
      /code of its own \(modeling_nvembed\.NVEmbedModel\), which is not run/,
    ],
    [
      'qwen2',
      { auto_map: { AutoModel: 'modeling_qwen.Qwen2Model' } },
      /field "is_causal" is missing; the model's own code needs it/,
    ],
    ['gpt2', { is_causal: false }, /field "is_causal": attention to later tokens is not supported for gpt2/],
    [
      'gemma2',
      { use_bidirectional_attention: true },
      /field "use_bidirectional_attention": .* not supported for gemma2 by this field, only by "is_causal"/,
    ],
    ['gemma3', { is_causal: false }, /not supported for gemma3_text by this field/],
    ['gemma3', { attn_logit_softcapping: 50 }, /field "attn_logit_softcapping"/],
    ['mistral', { layer_types: ['full_attention'] }, /field "layer_types"/],
    [
      'qwen2-window',
      { layer_types: ['full_attention'] },
      /"layer_types" describes 1 layers, "num_hidden_layers" says 3/,
    ],
    [
      'qwen3-window',
      { use_sliding_window: false },
      /"layer_types" has sliding layers, but "use_sliding_window" and "sliding_window" give no window/,
    ],
    ['llama', { partial_rotary_factor: 0.5 }, /field "partial_rotary_factor": 0\.5 is not supported here; expected 1/],
    [
      'llama-longrope',
      { rope_parameters: { rope_type: 'longrope', short_factor: [1, 2], long_factor: [1, 2] } },
      /"rope_parameters\.short_factor" has 2 factors; 6 rotated dimensions need 3/,
    ],
    ['gemma2', { rope_parameters: { full_attention: {} } }, /settings by kind of layer are not supported/],
    ['deberta-v2', { conv_kernel_size: 3 }, /field "conv_kernel_size"/],
    ['deberta-v2', { pos_att_type: 'p2p' }, /field "pos_att_type": "p2p" is not supported/],
    ['deberta-v2', { max_position_embeddings: 2 ** 40 }, /field "max_position_embeddings"/],
    ['t5', { feed_forward_proj: 'gated-swish2' }, /field "feed_forward_proj": "gated-swish2" is not supported/],
    ['t5', { relative_attention_max_distance: 2 ** 40 }, /field "relative_attention_max_distance"/],
    ['gte-ntk', { logn_attention_scale: true }, /field "logn_attention_scale"/],
    ['gte', { position_embedding_type: 'absolute' }, /field "position_embedding_type"/],
    ['nomic-bert-published', { moe_every_n_layers: 2 }, /field "moe_every_n_layers"/],
    ['nomic-bert-published', { prenorm: true }, /field "prenorm"/],
  ];

  /** Sizes that a few bytes of JSON can ask for, and that no memory would hold. */
  const absurd: readonly (readonly [string, Config, RegExp])[] = [
    [
      'gpt-neo',
      { num_layers: 20_000, attention_types: [[['global', 'local'], 10_000]] },
      /says 20000 layers, but the weights have \d+ tensors in all; the configuration of another model\?/,
    ],
    ['gpt-neo', { attention_types: [[['global', 'local'], 2 ** 50]] }, /field "attention_types\.0\.1": .*10000/],
    ['bert', { num_hidden_layers: 2 ** 29 }, /says 536870912 layers, but the weights have \d+ tensors/],
    [
      'llama',
      { head_dim: 2 ** 29 },
      /asks for attention heads of 536870912 dimensions, but the largest tensor has \d+ elements/,
    ],
    ['gptj', { n_embd: 2 ** 29, n_head: 1, rotary_dim: 2 ** 29 }, /asks for attention heads of 536870912/],
    ['gpt-neox', { hidden_size: 2 ** 29, num_attention_heads: 1 }, /asks for attention heads of 536870912/],
    ['gpt2', { n_layer: 2 ** 40 }, /field "n_layer": no model has a size or count above 1,000,000,000/],
    ['bloom', { hidden_size: 2 ** 29, n_head: 2 ** 28 }, /word_embeddings\.weight" has shape/],
  ];

  it.each([...refusals, ...absurd])('of %s with %o is refused in one sentence', async (name, changes, message) => {
    const error = await statesOf(configured(filesOf(name), changes)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });
});
