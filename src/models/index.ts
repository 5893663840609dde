/** Models: checkpoints in, an Encoder (SGPT-BE) or a PairScorer (SGPT-CE) out. No runtime is loaded before it is needed. */
export { createBiEncoder, textIds, tokenLimit, type BiEncoderOptions } from './bi-encoder.js';
export { contextIds, createCrossEncoder, type CrossEncoderOptions, type FindExample } from './cross-encoder.js';
export { poolings, parsePooling, type Pooling } from './pooling.js';
export { exampleOf, parsePrompt, promptNames, templateOf, type Prompt, type PromptExample } from './prompts.js';
export { bracketIds, bracketNames, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
export { supportedArchitectures } from './architectures/index.js';
export { packQueries } from './packing.js';
export { openTokenizer, type Tokenizer } from './tokenizer.js';
export { modelCatalogue, type CatalogueModel } from './catalogue.js';
export { inspectModel, type Inspection } from './inspect.js';
