import { InputError, messageOf } from '../core/errors.js';
import { TransientError } from '../io/retry.js';

/** Limit of memory per answer; no valid answer is this long. */
const maxAnswerBytes = 1 << 28;

/** Reads the body of an answer. @throws InputError if it is longer than 256 MiB */
export async function readText({ body, url }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes)
      throw new InputError(`${url}: the answer is longer than ${maxAnswerBytes} bytes; lower --batch-size`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Parses an answer. @throws InputError for NaN and Infinity, TransientError for other invalid JSON */
export function parseAnswer(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/[[:,]\s*-?(NaN|Infinity)\b/.test(text)) {
      throw new InputError(
        `${url}: the answer has NaN or Infinity, expected finite numbers; the model does not work on this server`,
      );
    }
    throw new TransientError('sends incomplete or invalid JSON');
  }
}

/**
 * The message in the body of an error response: one line of at most 300 characters.
 * @param redact removes secrets
 */
export function shortMessage(text: string, redact: (text: string) => string): string {
  if (/^\s*</.test(text)) return 'a page of HTML';
  const message = /"(?:message|detail|error|msg)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const plain = message === undefined ? text : String(parseOr(text, message));
  const line = redact(plain)
    .replace(/[\s\x00-\x1f\x7f]+/g, ' ')
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function parseOr(fallback: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return fallback;
  }
}

/** The innermost cause of a failed fetch, whose own message is always "fetch failed". */
export function innermostReason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = messageOf(inner);
  const code = inner instanceof Error ? (inner as NodeJS.ErrnoException).code : undefined;
  return message === '' || (code !== undefined && !message.includes(code))
    ? `${code ?? 'no reason'} ${message}`.trim()
    : message;
}
