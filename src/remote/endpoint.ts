import { InputError } from '../core/errors.js';

/** A server with OpenAI's HTTP interface. */
export interface Endpoint {
  /** Base of the interface's paths, without a trailing slash: `https://api.openai.com/v1`. Has no secrets. */
  readonly url: string;
  /** Name and port. */
  readonly host: string;
  /** Null for a server without keys. */
  readonly key: ApiKey | null;
}

/** A secret in a private field, so that logs and JSON never show it. */
export class ApiKey {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Value of the Authorization header. */
  get header(): string {
    return `Bearer ${this.#value}`;
  }

  /** Replaces this key in a server's message. */
  redact(text: string): string {
    return text.replaceAll(this.#value, '[key]');
  }
}

const prefix = 'openai:';
const openAi = 'https://api.openai.com/v1';

/**
 * The server's name of a hosted model: `text-embedding-3-small` for `openai:text-embedding-3-small`; null for a local one.
 * @throws InputError for an empty name
 */
export function hostedModelName(model: string): string | null {
  if (!model.startsWith(prefix)) return null;
  const name = model.slice(prefix.length);
  if (name !== '') return name;
  throw new InputError(`--model ${model}: the model's name is missing; expected openai:MODEL`);
}

/**
 * Checks an endpoint's URL and reads its key.
 * @param url base of the interface's paths; `/v1` is added to a URL without a path. Null: OpenAI's server
 * @param keyVariable environment variable of the key. Null: OPENAI_API_KEY, which may be unset
 * @throws InputError for an invalid URL, a URL with secrets, and a variable that is not set
 */
export function openEndpoint(
  url: string | null,
  keyVariable: string | null,
  env: NodeJS.ProcessEnv = process.env,
): Endpoint {
  const parsed = parseServerUrl('--endpoint', url ?? openAi, 'OPENAI_API_KEY or --api-key-env');
  const path = parsed.pathname.replace(/\/+$/, '');
  const value = env[keyVariable ?? 'OPENAI_API_KEY']?.trim() ?? '';
  // The error omits the value of the option, because it may be the key itself.
  if (keyVariable !== null && value === '') {
    throw new InputError(
      '--api-key-env: the environment variable is not set, or empty; expected the name of the variable with the key',
    );
  }
  if (!/^[\x21-\x7e]*$/.test(value)) {
    throw new InputError(
      `${keyVariable ?? 'OPENAI_API_KEY'}: has a character that is not allowed in an API key; ` +
        'expected ASCII without spaces and line breaks',
    );
  }
  return {
    url: `${parsed.origin}${path === '' ? '/v1' : path}`,
    host: parsed.host,
    key: value === '' ? null : new ApiKey(value),
  };
}

/**
 * Parses a server's http(s) URL. It must have no user, password or query, because it is shown and recorded.
 * @param option the URL's option, for errors
 * @param secrets where keys belong, for errors
 * @throws InputError that does not repeat secrets
 */
export function parseServerUrl(option: string, url: string, secrets: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    // A text with @ may have a password.
    const found = url.includes('@') ? 'an invalid one' : `"${url}"`;
    throw new InputError(`${option}: expected an http or https URL such as http://localhost:8000, found ${found}`);
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new InputError(
      `${option}: the URL of ${parsed.host} has a user, a password or a query, which would be recorded with the command; ` +
        `put secrets into ${secrets}`,
    );
  }
  return parsed;
}
