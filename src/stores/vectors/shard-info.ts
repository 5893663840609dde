import type { InputCounts, Maker } from '../../core/health.js';
import type { ShardHealth } from '../../core/sum-health.js';

/** Longest name kept of a processor, so that a description always fits the header. */
const maxName = 200;

/** A shard's description in its header. @returns UTF-8 of at most `room` bytes, padded with zeros */
export function infoBytes(info: ShardHealth, room: number): Buffer {
  const { build, onnxruntime, processor } = info.maker;
  const maker = { build, onnxruntime, processor: processor.slice(0, maxName) };
  const { inputs, counts, zeroRows } = info;
  const text = Buffer.from(JSON.stringify({ maker, inputs, counts, zeroRows }));
  if (text.length > room)
    throw new RangeError(`a shard's description has ${text.length} bytes; expected up to ${room}`);
  return Buffer.concat([text], room);
}

/** Decodes a shard's description; null if it is damaged. */
export function parseInfo(bytes: Buffer): ShardHealth | null {
  const end = bytes.indexOf(0);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', 0, end < 0 ? bytes.length : end));
  } catch {
    return null;
  }
  return isInfo(value) ? value : null;
}

function isInfo(value: unknown): value is ShardHealth {
  if (!isObject(value)) return false;
  const { maker, inputs, counts, zeroRows } = value;
  return isMaker(maker) && isCount(inputs) && isCount(zeroRows) && (counts === null || isCounts(counts));
}

function isMaker(value: unknown): value is Maker {
  return isObject(value) && ['build', 'onnxruntime', 'processor'].every((name) => typeof value[name] === 'string');
}

function isCounts(value: unknown): value is InputCounts {
  if (!isObject(value)) return false;
  const { empty, truncated } = value;
  return isCount(empty) && (truncated === null || isCount(truncated));
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
