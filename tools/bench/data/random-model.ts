import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gptNeo125m, writeRandomGptNeo } from '../../../test/models/random-gpt-neo.js';

/** The shape of SGPT-125M, and what its bundled tokenizer cuts texts into. */
export const shape = gptNeo125m;
/** As the paper cuts its texts. */
export const maxTokens = 300;

/**
 * A model folder of 125M shape with random weights in float32, the tokenizer of the bundled models, and the files that
 * sentence-transformers wants.
 */
export async function writeRandomModel(folder: string): Promise<void> {
  writeRandomGptNeo(folder, shape, 'F32');
  const bundled = fileURLToPath(new URL('../../../models/demo/gpt-neo-4m', import.meta.url));
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(bundled, file), join(folder, file));
  const json = (name: string, value: unknown): Promise<void> => writeFile(join(folder, name), JSON.stringify(value));
  await json('modules.json', [
    { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  ]);
  await json('sentence_bert_config.json', { max_seq_length: maxTokens, do_lower_case: false });
  await mkdir(join(folder, '1_Pooling'));
  await json('1_Pooling/config.json', {
    word_embedding_dimension: shape.hidden,
    pooling_mode_cls_token: false,
    pooling_mode_mean_tokens: false,
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
    pooling_mode_weightedmean_tokens: true,
    pooling_mode_lasttoken: false,
  });
}

const { layers, hidden, vocabulary } = shape;

/** Floating-point operations of the blocks: linear layers for `rows` tokens, and their attention to `tokens`. */
function blockOperations(rows: number, tokens: number): number {
  // Queries and outputs, two further layers of four times the width; keys and values are made of all tokens.
  return 2 * hidden * hidden * (10 * rows + 2 * tokens) + 4 * rows * tokens * hidden;
}

/** Of embedding a text. */
export function encodeOperations(tokens: number): number {
  return layers * blockOperations(tokens, tokens);
}

/** Of scoring a pack of `tokens` in which the successors of `rows` are predicted: the last layer is worked out for these alone. */
export function scoreOperations(tokens: number, rows: number): number {
  return (
    (layers - 1) * blockOperations(tokens, tokens) + blockOperations(rows, tokens) + 2 * rows * hidden * vocabulary
  );
}
