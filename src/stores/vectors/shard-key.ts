import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/canonical-json.js';
import { sha256 } from '../../io/files.js';
import type { ModelInfo, Role } from '../../core/model.js';
import type { Settings } from '../../core/setting.js';

/** All that a shard of vectors depends on. */
export interface ShardParts {
  /** Its files' hashes and dtype count; under which name it goes does not. */
  readonly model: ModelInfo;
  /** The encoder's settings, all of them. */
  readonly settings: Settings;
  /** Pooling and layer: {@link EmbeddingView.name}. */
  readonly view: string;
  readonly role: Role;
  /** The texts in the order of the rows. */
  readonly texts: readonly string[];
}

/** Raised when the arithmetic or the format changes, so that what older versions stored is not taken for the same. */
const keyVersion = 1;

/** The key of a shard: SHA-256, in hex, of a canonical JSON of its parts. */
export function shardKey({ model, settings, view, role, texts }: ShardParts): string {
  const { files, dtype, architecture } = model;
  const texthash = hashOfTexts(texts);
  return sha256(canonicalJson({ keyVersion, files, dtype, architecture, settings, view, role, texts: texthash }));
}

/** SHA-256 over the texts' lengths in bytes and their UTF-8: ["ab", ""] and ["a", "b"] differ. */
function hashOfTexts(texts: readonly string[]): string {
  const hash = createHash('sha256').update(`${texts.length}\n`);
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n`).update(text);
  return hash.digest('hex');
}
