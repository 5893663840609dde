import { parseServerUrl } from '../../remote/index.js';

/** Address and credentials of a search engine. */
export interface SearchServer {
  /** Its address, without user and password. */
  readonly url: string;
  /** User and password, or an API key (Elasticsearch's); undefined for a server without login. */
  readonly login?: { readonly username: string; readonly password: string } | { readonly apiKey: string } | undefined;
}

/**
 * The server of a URL, with the login from the environment.
 * @throws InputError for an invalid URL, or one that holds a password
 */
export function parseSearchServer(address: string, env: NodeJS.ProcessEnv = process.env): SearchServer {
  const secrets = 'ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD';
  const url = parseServerUrl('--first-stage', address, secrets).href.replace(/\/$/, '');
  const { ELASTICSEARCH_API_KEY: apiKey, ELASTICSEARCH_USERNAME: username, ELASTICSEARCH_PASSWORD: password } = env;
  if (apiKey !== undefined && apiKey !== '') return { url, login: { apiKey } };
  if (username === undefined || password === undefined) return { url };
  return { url, login: { username, password } };
}
