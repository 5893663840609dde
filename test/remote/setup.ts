import { createRemoteEncoder, createRemotePairScorer } from '../../src/remote/index.js';
import type { RemoteContext, RemoteEncoderOptions, RemotePairScorerOptions } from '../../src/remote/index.js';
import type { Encoder, PairScorer } from '../../src/core/model.js';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';

/** Retries without a noticeable delay. */
export const retry = { retries: 2, firstDelayMs: 1, maxDelayMs: 100, timeoutMs: 20_000 };

export function remoteContext(changes: Partial<RemoteContext> = {}): RemoteContext & { readonly notes: string[] } {
  const notes: string[] = [];
  return { cacheFolder: temporaryFolder(), retry, onNote: (note) => notes.push(note), notes, ...changes };
}

export async function openEncoder(
  options: Partial<RemoteEncoderOptions>,
  context: RemoteContext = remoteContext(),
  name = 'hash',
): Promise<Encoder> {
  const encoder = await createRemoteEncoder(name, { tokenLimit: null, ...options }, context);
  onTestFinished(() => encoder.close());
  return encoder;
}

export async function openScorer(
  options: Partial<RemotePairScorerOptions>,
  context: RemoteContext = remoteContext(),
  name = 'hash',
): Promise<PairScorer> {
  const scorer = await createRemotePairScorer(name, { prompt: 'G', ...options }, context);
  onTestFinished(() => scorer.close());
  return scorer;
}

/** The name and message of the rejection; throws if the work succeeds. */
export async function messageOfFailure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error('expected a failure');
}
