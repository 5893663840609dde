import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { fixture, golden } from './goldens.js';
import { hiddenStatesOf, logProbabilitiesOf, openRaw, vectorsOf } from './run-graph.js';
import { readTensors, type StoredTensor } from './safetensors-writer.js';

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
      /model_type "xlnet" is not supported; supported: bert, bloom, distilbert, gpt2,/,
    ],
  ];

  /** Sizes that a few bytes of JSON can ask for, and that no memory would hold. */
  const absurd: readonly (readonly [string, Config, RegExp])[] = [
    [
      'gpt-neo',
      { num_layers: 40_000_000, attention_types: [[['global', 'local'], 20_000_000]] },
      /says 40000000 layers, but the weights have \d+ tensors in all; the configuration of another model\?/,
    ],
    [
      'gpt-neo',
      { attention_types: [[['global', 'local'], 2 ** 50]] },
      /field "attention_types" describes 2251799813685248 layers, "num_layers" says 5/,
    ],
    ['bert', { num_hidden_layers: 2 ** 40 }, /says 1099511627776 layers, but the weights have \d+ tensors/],
    [
      'llama',
      { head_dim: 2 ** 40 },
      /asks for attention heads of 1099511627776 dimensions, but the largest tensor has \d+ elements/,
    ],
    ['gptj', { n_embd: 2 ** 40, n_head: 1, rotary_dim: 2 ** 40 }, /asks for attention heads of 1099511627776/],
    ['gpt-neox', { hidden_size: 2 ** 40, num_attention_heads: 1 }, /asks for attention heads of 1099511627776/],
    ['bloom', { hidden_size: 2 ** 40, n_head: 2 ** 39 }, /word_embeddings\.weight" has shape/],
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
