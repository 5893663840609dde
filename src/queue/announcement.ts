import type { Redis } from 'ioredis';
import { InputError } from '../core/errors.js';
import type { QueueAddress } from './address.js';
import {
  announcementKey,
  announcementSchema,
  parseQueuedText,
  versionDifference,
  type Announcement,
} from './protocol.js';

/** An announcement that was not renewed for so long is stale, and Redis drops it. */
const ttlMs = 15_000;
/** Time between two renewals. */
export const renewalMs = ttlMs / 3;

/** The announcement of the current coordinator, if any. */
export async function readAnnouncement(redis: Redis): Promise<Announcement | undefined> {
  const text = await redis.get(announcementKey);
  if (text === null) return undefined;
  return parseQueuedText(announcementSchema, text, 'an announcement');
}

/** Writes or renews a coordinator's announcement. */
export async function announce(redis: Redis, announcement: Announcement): Promise<void> {
  await redis.set(announcementKey, JSON.stringify(announcement), 'PX', ttlMs);
}

/** Removes a coordinator's announcement, unless another coordinator has written its own meanwhile. */
export async function withdraw(redis: Redis, announcement: Announcement): Promise<void> {
  const removeIfEqual = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end";
  await redis.eval(removeIfEqual, 1, announcementKey, JSON.stringify(announcement));
}

/**
 * Runs of the same build that fill the same store may share a queue.
 * @throws InputError if another run does not
 */
export async function requireFreeQueue(redis: Redis, own: Announcement, { shown }: QueueAddress): Promise<void> {
  const other = await readAnnouncement(redis);
  if (other === undefined) return;
  const difference = versionDifference(own.versions, other.versions);
  if (difference === undefined && other.store === own.store) return;
  const what = difference === undefined ? 'that fills another store' : 'of another version';
  throw new InputError(
    `${shown}: is in use by a run ${what} (process ${other.pid} on ${other.host}); use another database number, ` +
      `or wait ${ttlMs / 1000} seconds if that run has ended`,
  );
}
