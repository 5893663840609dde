import { InputError } from '../../core/errors.js';
import type { Architecture } from './architecture.js';
import type { ModelFiles } from './config.js';

/** Names of the table: sentence-transformers', and model2vec's. */
const tableNames = ['embedding.weight', 'embeddings'] as const;
/** Tensors of model2vec that change a token's row. */
const unsupported = ['mapping', 'weights'];

/**
 * A table of a vector for each token (sentence-transformers' StaticEmbedding, model2vec, potion): no layers, no positions,
 * no special tokens. Its only hidden state is the embeddings.
 */
export function staticEmbedding({ tensors, configPath }: ModelFiles): Promise<Architecture> {
  const name = tableNames.find((table) => tensors.has(table));
  const shape = name === undefined ? [] : tensors.get(name)!.shape;
  if (name === undefined || shape.length !== 2)
    throw new InputError(
      `${configPath}: its weights have no table ${tableNames.join(' or ')} of tokens and dimensions`,
    );
  const changed = unsupported.find((table) => tensors.has(table));
  if (changed !== undefined)
    throw new InputError(
      `${configPath}: its weights have a tensor "${changed}", as vocabularies that were made smaller do, which is not supported`,
    );
  const [vocabularySize, size] = shape as [number, number];
  return Promise.resolve({
    ...{ layers: 0, hiddenSize: size, outputSize: size, vocabularySize, maxTokens: null },
    ...{ prefixes: [''], notes: [], specialTokens: false },
    isParameter: (tensor) => tensor === name,
    embed({ weights, graph }, { ids }) {
      const rows = graph.op('Gather', [weights.getAsStored(name, shape), ids], { axis: 0 });
      return weights.widen(rows, name);
    },
    block() {
      throw new Error('a static embedding has no layers');
    },
    finish: (_, hidden) => hidden,
    logits: null,
    pooler: null,
  });
}
