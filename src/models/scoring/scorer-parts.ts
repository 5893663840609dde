import type { Tokenizer } from '../checkpoint/tokenizer.js';
import type { SessionPool } from '../runtime/pool.js';
import type { PackLimits } from './packing.js';
import type { PairPrompt } from './prompts.js';

/** The parts of an opened cross-encoder. */
export interface ScorerParts<P extends PairPrompt = PairPrompt> {
  readonly pool: SessionPool;
  readonly tokenizer: Tokenizer;
  readonly prompt: P;
  readonly limits: PackLimits;
}
