import { InputError, messageOf } from '../core/errors.js';
import { TransientError } from '../io/retry.js';

/** More than any answer to a request of this program: a server that sends more is not trusted with memory. */
const maxAnswerBytes = 1 << 28;

/** The body of an answer. @throws InputError for one that is too long */
export async function readText({ body, url }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new InputError(`${url}: the answer is longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws TransientError for JSON that was cut off, InputError for numbers that JSON does not have */
export function parseAnswer(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/[[:,]\s*-?(NaN|Infinity)\b/.test(text)) {
      throw new InputError(
        `${url}: the answer has NaN or Infinity where a number is expected; the model does not work there`,
      );
    }
    throw new TransientError('sends JSON that is cut off or broken');
  }
}

/** The message of a refusal, short, in one line and without secrets, which `redact` removes. */
export function shortMessage(text: string, redact: (text: string) => string): string {
  if (/^\s*</.test(text)) return 'a page of HTML';
  const message = /"(?:message|detail|error|msg)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const plain = message === undefined ? text : String(parsedOr(message, text));
  const line = redact(plain)
    .replace(/[\s\x00-\x1f\x7f]+/g, ' ')
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function parsedOr(json: string, other: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return other;
  }
}

/** The innermost reason of a failed fetch: its own message is always "fetch failed". */
export function innermostReason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = messageOf(inner);
  const code = inner instanceof Error ? (inner as NodeJS.ErrnoException).code : undefined;
  return message === '' || (code !== undefined && !message.includes(code))
    ? `${code ?? 'no reason'} ${message}`.trim()
    : message;
}
