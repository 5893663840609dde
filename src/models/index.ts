/** Models: opens a checkpoint as an Encoder (SGPT-BE) or a PairScorer (SGPT-CE). Runtimes are loaded on first use. */
export { createBiEncoder, type BiEncoderOptions } from './encoding/bi-encoder.js';
export { tokenLimit } from './encoding/text-preparation.js';
export { textIds, type TextIds } from './encoding/text-ids.js';
export { createCrossEncoder, type CrossEncoderOptions, type FindExample } from './scoring/cross-encoder.js';
export { contextIds } from './scoring/query-scoring.js';
export { poolings, parsePooling, type Pooling } from './pooling/poolings.js';
export { parseEmbedPrompt, promptedIds, refuseBracketsWithPrompt } from './encoding/embed-prompts.js';
export { parsePromptTemplate, resolvePrompts, type ModelPrompts } from './encoding/text-prompts.js';
export { parseMarks } from './encoding/text-preparation.js';
export { noPrompts } from './pooling/sentence-transformers.js';
export { familyOf, knownInstruction, modelFamilies, type ModelFamily } from './hub/families.js';
export {
  exampleRequirement,
  parsePrompt,
  requirePrompt,
  promptNames,
  templateOf,
  type PairPrompt,
  type PromptExample,
} from './scoring/prompts.js';
export { bracketIds, bracketNames, resolveBrackets, type BracketIds, type Brackets } from './encoding/brackets.js';
export { supportedArchitectures } from './architectures/index.js';
export { packQueries } from './scoring/packing.js';
export { openTokenizer, type Tokenizer } from './checkpoint/tokenizer.js';
export { modelCatalogue, type CatalogueModel } from './hub/catalogue.js';
export { defaultProfile } from './default-profile.js';
export { inspectModel, type Inspection } from './inspect.js';
