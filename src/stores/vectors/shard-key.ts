import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/canonical-json.js';
import { sha256 } from '../../io/files.js';
import type { ModelInfo, Role } from '../../core/model.js';
import type { Settings } from '../../core/setting.js';

/** All inputs that a shard of vectors depends on. */
export interface ShardParts {
  /** The key covers its files' hashes and its dtype, not its name. */
  readonly model: ModelInfo;
  /** All settings of the encoder. */
  readonly settings: Settings;
  /** Pooling and layer: {@link EmbeddingView.name}. */
  readonly view: string;
  readonly role: Role;
  /** The texts in the order of the rows. */
  readonly texts: readonly string[];
}

/** To be raised when the arithmetic or the format changes, so that shards of older versions are not reused. */
const keyVersion = 2;

/** The key of a shard: SHA-256, in hex, of a canonical JSON of its parts. */
export function shardKey({ model, settings, view, role, texts }: ShardParts): string {
  const { files, dtype, architecture } = model;
  const textsHash = hashOfTexts(texts);
  return sha256(canonicalJson({ keyVersion, files, dtype, architecture, settings, view, role, texts: textsHash }));
}

/** SHA-256 over the texts' lengths in bytes and their UTF-8: ["ab", ""] and ["a", "b"] differ. */
function hashOfTexts(texts: readonly string[]): string {
  const hash = createHash('sha256').update(`${texts.length}\n`);
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n`).update(text);
  return hash.digest('hex');
}
