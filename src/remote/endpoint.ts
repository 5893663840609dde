import { InputError } from '../core/errors.js';

/** A server that speaks OpenAI's interface. */
export interface Endpoint {
  /** The base of its paths, without a slash at the end: `https://api.openai.com/v1`. Holds no secret. */
  readonly url: string;
  /** Name and port. */
  readonly host: string;
  /** What to send as `Authorization: Bearer`, or null for a server that asks for nothing. */
  readonly key: ApiKey | null;
}

/** A secret that does not show when it is printed or written as JSON by accident. */
export class ApiKey {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  get header(): string {
    return `Bearer ${this.#value}`;
  }

  /** The text with this key taken out, for messages that quote a server. */
  redact(text: string): string {
    return text.replaceAll(this.#value, '[key]');
  }
}

const prefix = 'openai:';
const openAi = 'https://api.openai.com/v1';

/** The name of a hosted model, `text-embedding-3-small` of `openai:text-embedding-3-small`; null for any other model. */
export function hostedModelName(model: string): string | null {
  if (!model.startsWith(prefix)) return null;
  const name = model.slice(prefix.length);
  if (name !== '') return name;
  throw new InputError(`--model ${model}: the model's name is missing; expected openai:MODEL`);
}

/**
 * @param url the base of the interface's paths; where it has no path, `/v1`. By default OpenAI's own
 * @param keyVariable the environment variable with the key; by default OPENAI_API_KEY, which may be missing
 * @throws InputError for a URL that is not possible or that holds a secret, and for a variable that is not there
 */
export function openEndpoint(url = openAi, keyVariable?: string, env: NodeJS.ProcessEnv = process.env): Endpoint {
  const parsed = parseServerUrl('--endpoint', url, 'OPENAI_API_KEY or --api-key-env');
  const path = parsed.pathname.replace(/\/+$/, '');
  const value = env[keyVariable ?? 'OPENAI_API_KEY']?.trim() ?? '';
  // What was given may be the key itself by mistake, so it is not repeated.
  if (keyVariable !== undefined && value === '') {
    throw new InputError(
      '--api-key-env: there is no environment variable of that name, or it is empty; expected its name',
    );
  }
  if (!/^[\x21-\x7e]*$/.test(value)) {
    throw new InputError(
      'the API key in the environment has a character that no key has (a space, a line break, an accent)',
    );
  }
  return {
    url: `${parsed.origin}${path === '' ? '/v1' : path}`,
    host: parsed.host,
    key: value === '' ? null : new ApiKey(value),
  };
}

/**
 * A server's http(s) URL without user, password and query, so that it may be shown and recorded.
 * @param option where it was given, for errors
 * @param secrets where keys belong instead, for errors
 */
export function parseServerUrl(option: string, url: string, secrets: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    // What has an @ may hold a password.
    const found = url.includes('@') ? '' : ` "${url}"`;
    throw new InputError(`${option}: expected an http or https URL like http://localhost:8000, found another${found}`);
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new InputError(
      `${option}: the URL of ${parsed.host} has a user, a password or a query, which would be recorded with the command; ` +
        `put secrets into ${secrets}`,
    );
  }
  return parsed;
}
