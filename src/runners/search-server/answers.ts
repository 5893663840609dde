import type { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import type { SearchServer } from './address.js';

/** Turns errors of the client into sentences that name the server. The client's own errors hold the request with the login. */
export async function withClearErrors<T>({ url }: SearchServer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${url}: ${error.message}`);
    if (!(error instanceof Error) || !clientErrors.has(error.name)) throw error;
    const status = (error as { readonly statusCode?: number }).statusCode;
    const about = status === undefined ? '' : ` (status ${status})`;
    throw new InputError(`${url}: ${oneLine(messageOf(error))}${about}${hintAt(status)}`);
  }
}

function hintAt(status: number | undefined): string {
  if (status === undefined) return '; is the address right, and does the server run?';
  const login = 'set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD';
  return status === 401 || status === 403 ? `; ${login}` : '';
}

const clientErrors: ReadonlySet<string> = new Set([
  ...['ConnectionError', 'NoLivingConnectionsError', 'TimeoutError', 'ResponseError', 'DeserializationError'],
  ...['ConfigurationError', 'OpenSearchClientError'],
]);

/** A server's words on one line of at most 200 characters. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

/**
 * Checks an answer of the server.
 * @param what the request, for the error
 * @throws InputError for an answer of another form
 */
export function parsed<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new InputError(
    `the answer to ${what} is not Elasticsearch's (${result.error.issues[0]?.path.join('.') ?? ''})`,
  );
}
