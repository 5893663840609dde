/** Models: checkpoints in, an Encoder (SGPT-BE) or a PairScorer (SGPT-CE) out. No runtime is loaded before it is needed. */
export { createBiEncoder, type BiEncoderOptions } from './bi-encoder.js';
export { createCrossEncoder, type CrossEncoderOptions } from './cross-encoder.js';
export { poolings, parsePooling, type Pooling } from './pooling.js';
export { promptNames } from './prompts.js';
export { bracketNames, type Brackets } from './brackets.js';
export { supportedArchitectures } from './architectures/index.js';
