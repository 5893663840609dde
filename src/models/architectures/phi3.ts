import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { epsilon, positive, type ModelFiles } from './config.js';
import { windowFor } from './layer-types.js';
import { llamaFields, llamaLike, llamaShape } from './llama-like.js';
import { ropePositions } from './rope.js';

const configSchema = z.looseObject({
  ...llamaFields,
  max_position_embeddings: positive.default(4096),
  original_max_position_embeddings: positive.default(4096),
  rms_norm_eps: epsilon.default(1e-5),
  sliding_window: positive.nullish(),
});

/**
 * Phi-3 (Abdin et al. 2024): LLaMA with the projections of each part in one product, and LongRoPE. Follows transformers'
 * `modeling_phi3.py`.
 */
export async function phi3(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "Phi-3's configuration");
  const { headSize } = llamaShape(files, config);
  const rotary: Rotary = {
    ...ropePositions(files.configPath, config, headSize, {
      ...{ theta: 10_000, fraction: 1 },
      // Names that the first checkpoints used for LongRoPE.
      aliases: { su: 'longrope', yarn: 'longrope' },
    }),
    pairs: 'halves',
  };
  const window = config.sliding_window == null ? null : windowFor(files.attention, config.sliding_window);
  return llamaLike(files, config, { fused: true, windowOf: () => window, rotaryOf: () => rotary });
}
