import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { disentangledTerms, type PositionProjections, type RelativePositions } from '../onnx/disentangled-attention.js';
import type { Value } from '../onnx/graph.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { Tokens } from '../onnx/tokens.js';
import type { Architecture, LayerStep } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import { bertLayerNames, encoderLayer, encoderParts, type EncoderLayerNames, type EncoderSizes } from './encoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  max_position_embeddings: positive.max(65_536),
  type_vocab_size: z.int().nonnegative().default(0),
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-7),
  embedding_size: positive.nullish(),
  attention_head_size: positive.nullish(),
  relative_attention: z.boolean().default(false),
  /** Below 1: as many as positions. */
  max_relative_positions: z.int().max(65_536).default(-1),
  /** Below 1: distances are not divided into buckets. */
  position_buckets: z.int().max(65_536).default(-1),
  position_biased_input: z.boolean().default(true),
  share_att_key: z.boolean().default(false),
  pos_att_type: z.union([z.string(), z.array(z.string())]).nullish(),
  norm_rel_ebd: z.string().default('none'),
  /** The convolution after the first layer of the two largest DeBERTa v2. */
  conv_kernel_size: z.literal(0).default(0),
});

type DebertaConfig = z.infer<typeof configSchema>;

/** The terms of disentangled attention: content to position, and position to content. */
type Terms = Readonly<Record<'c2p' | 'p2c', boolean>>;

interface Deberta {
  readonly config: DebertaConfig;
  readonly sizes: EncoderSizes;
  readonly terms: Terms;
  readonly relative: RelativePositions;
}

/**
 * DeBERTa v2 and v3 (He et al. 2021, 2023): BERT whose scores have terms of content and distance besides those of content
 * and content. Follows transformers' `modeling_deberta_v2.py`.
 */
export async function debertaV2(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "DeBERTa's configuration");
  const { hidden_size: size, num_attention_heads: heads, max_position_embeddings: maxTokens } = config;
  const headFields = { size, heads, field: 'num_attention_heads', headSize: config.attention_head_size };
  const deberta: Deberta = {
    config,
    sizes: {
      ...{ size, heads, headSize: headSizeOf(files, headFields), inner: config.intermediate_size },
      ...{ epsilon: config.layer_norm_eps, activation: config.hidden_act },
    },
    terms: termsOf(files.configPath, config),
    relative: relativePositions(config),
  };
  return {
    ...encoderParts(files, 'deberta.', size, /^(embeddings|encoder)\./),
    pooler: null,
    ...{ layers: config.num_hidden_layers, vocabularySize: config.vocab_size, maxTokens },
    embed: (modules, tokens) => embed(modules, tokens, config),
    block: (step) => layerOf(step, deberta),
  };
}

function termsOf(configPath: string, { pos_att_type: types, relative_attention }: DebertaConfig): Terms {
  const names = (typeof types === 'string' ? types.toLowerCase().split('|') : (types ?? [])).map((name) => name.trim());
  const unknown = names.find((name) => name !== 'c2p' && name !== 'p2c' && name !== '');
  if (unknown !== undefined)
    throw new InputError(
      `${configPath}: field "pos_att_type": "${unknown}" is not supported; expected c2p, p2c or both`,
    );
  if (!relative_attention && names.some((name) => name !== ''))
    throw new InputError(`${configPath}: field "pos_att_type" is given without "relative_attention", which it needs`);
  return { c2p: names.includes('c2p'), p2c: names.includes('p2c') };
}

function relativePositions(config: DebertaConfig): RelativePositions {
  const given = config.max_relative_positions;
  const maxDistance = given < 1 ? config.max_position_embeddings : given;
  const logarithmic = config.position_buckets > 0;
  return { span: logarithmic ? config.position_buckets : maxDistance, logarithmic, maxDistance };
}

function embed(modules: Modules, { ids, positions }: Tokens, config: DebertaConfig): Value {
  const { graph } = modules;
  const { hidden_size: size, embedding_size, layer_norm_eps: norm_eps } = config;
  const width = embedding_size ?? size;
  const embedding = (name: string, indices: Value, rows: number): Value =>
    modules.embedding(`embeddings.${name}`, indices, rows, width);
  let sum = embedding('word_embeddings', ids, config.vocab_size);
  if (config.position_biased_input)
    sum = modules.add(sum, embedding('position_embeddings', positions, config.max_position_embeddings));
  if (config.type_vocab_size > 0)
    sum = modules.add(sum, embedding('token_type_embeddings', graph.integers([0]), config.type_vocab_size));
  const projected =
    width === size
      ? sum
      : modules.linear(sum, { name: 'embeddings.embed_proj', inputs: width, outputs: size, bias: false });
  return modules.norm(projected, { kind: 'layer', name: 'embeddings.LayerNorm', size, epsilon: norm_eps });
}

function layerOf(step: LayerStep, deberta: Deberta): Value {
  const { modules, tokens, layer, rows } = step;
  const { sizes, terms, relative } = deberta;
  const names = layerNames(layer);
  const scale = 1 / Math.sqrt(sizes.headSize * (1 + Number(terms.c2p) + Number(terms.p2c)));
  return encoderLayer(step, {
    ...{ ...sizes, names, scale },
    biasesOf: (inputs) =>
      disentangledTerms({ modules, tokens }, inputs, positionProjections(step, deberta, names), relative, {
        ...{ heads: sizes.heads, headSize: sizes.headSize, scale, rows },
      }),
  });
}

/** The embeddings of distances, projected by the layer as its queries and keys are, or with weights of their own. */
function positionProjections(
  { modules, tokens, layer }: LayerStep,
  { config, sizes, terms, relative }: Deberta,
  names: EncoderLayerNames,
): PositionProjections {
  if (!terms.c2p && !terms.p2c) return { key: null, query: null };
  const { size, epsilon: normEpsilon } = sizes;
  const embedded = tokens.once('embeddings of distances', () => {
    const rows = 2 * relative.span;
    const table = modules.weights.get('encoder.rel_embeddings.weight', [rows, size]);
    const norm: Norm = { kind: 'layer', name: 'encoder.LayerNorm', size, epsilon: normEpsilon };
    return config.norm_rel_ebd.toLowerCase().includes('layer_norm') ? modules.norm(table, norm) : table;
  });
  const own = `encoder.layer.${layer}.attention.self.pos`;
  const project = (used: boolean, shared: string, separate: string): Value | null =>
    used
      ? modules.linear(embedded, {
          name: config.share_att_key ? shared : separate,
          ...{ inputs: size, outputs: sizes.heads * sizes.headSize },
        })
      : null;
  return {
    key: project(terms.c2p, names.key, `${own}_key_proj`),
    query: project(terms.p2c, names.query, `${own}_query_proj`),
  };
}

function layerNames(layer: number): EncoderLayerNames {
  const name = `encoder.layer.${layer}.attention.self`;
  return {
    ...bertLayerNames(layer),
    query: `${name}.query_proj`,
    key: `${name}.key_proj`,
    value: `${name}.value_proj`,
  };
}
