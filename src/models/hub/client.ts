import pRetry from 'p-retry';
import { InputError, messageOf, throwIfInterrupted } from '../../core/errors.js';
import type { HubModel, HubSettings } from './settings.js';

/** What the hub says of a file before it is fetched. */
export interface RemoteFile {
  readonly url: string;
  /** Commit that the revision is at. */
  readonly commit: string;
  /** Name of the content: its SHA-256 where the file is in large file storage, else its git blob id. */
  readonly etag: string;
  readonly bytes: number | null;
}

/** The hub cannot be reached now; what is in the cache may do. */
export class HubUnreachable extends InputError {}

const maxRedirects = 5;
const timeoutMs = 30_000;

/** Asks the hub about files of one model. */
export class HubClient {
  constructor(
    private readonly settings: HubSettings,
    private readonly id: string,
    private readonly options: { readonly retries: number; readonly signal?: AbortSignal | undefined },
  ) {}

  /** Headers for requests to the endpoint. */
  get headers(): Record<string, string> {
    const { token } = this.settings;
    return { 'user-agent': 'sgpt-bench', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  }

  /**
   * @returns undefined if the model has no such file
   * @throws HubUnreachable where there is no answer, InputError where it is a refusal
   */
  async describe(revision: string, file: string): Promise<RemoteFile | undefined> {
    const path = file.split('/').map(encodeURIComponent).join('/');
    const url = `${this.settings.endpoint}/${this.id}/resolve/${encodeURIComponent(revision)}/${path}`;
    const response = await this.ask(url);
    const error = response.headers.get('x-error-code');
    if (response.status === 404 && (error === 'EntryNotFound' || error === null)) return undefined;
    if (response.status >= 400) throw this.refusal(response, revision, error);
    return remoteFile(url, response);
  }

  /** Headers alone, as the endpoint gives them: it redirects to where the content is, but knows the rest itself. */
  private async ask(url: string): Promise<Response> {
    const { retries, signal } = this.options;
    try {
      return await pRetry(() => this.head(url), {
        retries,
        minTimeout: 500,
        maxTimeout: 8000,
        shouldRetry: ({ error }) => !(error instanceof InputError),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throwIfInterrupted(signal);
      if (error instanceof InputError) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${messageOf(error.cause)}` : '';
      throw new HubUnreachable(
        `${this.settings.endpoint}: cannot be reached (${messageOf(error)}${cause}) to fetch ${this.id}; try again later, or use a model that is in the cache, with HF_HUB_OFFLINE=1`,
        { cause: error },
      );
    }
  }

  private async head(url: string): Promise<Response> {
    const { origin } = new URL(this.settings.endpoint);
    const signals = [
      AbortSignal.timeout(timeoutMs),
      ...(this.options.signal === undefined ? [] : [this.options.signal]),
    ];
    let at = url;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const headers = { ...this.headers, 'accept-encoding': 'identity' };
      const response = await fetch(at, {
        method: 'HEAD',
        redirect: 'manual',
        headers,
        signal: AbortSignal.any(signals),
      });
      if (response.status === 429 || response.status >= 500)
        throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
      const target = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || target === null) return response;
      // A renamed model is elsewhere on the same server; content is elsewhere altogether.
      const next = new URL(target, at);
      if (next.origin !== origin || response.headers.has('x-linked-etag')) return response;
      at = next.href;
    }
    throw new InputError(`${url}: redirects more than ${maxRedirects} times; check HF_ENDPOINT`);
  }

  private refusal({ status, statusText }: Response, revision: string, code: string | null): InputError {
    const { endpoint, token } = this.settings;
    const where = `${endpoint}/${this.id}`;
    const tokenAdvice = token === null ? 'set HF_TOKEN to a token' : 'set HF_TOKEN to another token';
    if (code === 'GatedRepo' || (status === 403 && code === null))
      return new InputError(
        `${this.id}: access to it is restricted; accept its conditions at ${where} and ${tokenAdvice} of that account`,
      );
    if (code === 'RevisionNotFound')
      return new InputError(
        `${this.id}: has no revision "${revision}"; see ${where} for its branches, tags and commits`,
      );
    if (code === 'RepoNotFound' || status === 401 || status === 404)
      return new InputError(
        `${this.id}: ${endpoint} has no such model, or it is private; check the id, or ${tokenAdvice} that may read it`,
      );
    return new InputError(`${where}: the server answers ${status} ${statusText}`.trim());
  }
}

function remoteFile(url: string, { headers, status }: Response): RemoteFile {
  const commit = headers.get('x-repo-commit');
  const etag = (headers.get('x-linked-etag') ?? headers.get('etag'))?.replace(/^W\//, '').replace(/^"|"$/g, '');
  if (commit === null || !/^[0-9a-f]{40}$/.test(commit) || etag === undefined || !/^[\w-][\w.-]{0,199}$/.test(etag)) {
    const type = headers.get('content-type') ?? 'no content type';
    throw new InputError(
      `${url}: the answer (${type}) is not that of a model hub: X-Repo-Commit or ETag is missing; check HF_ENDPOINT and the network's sign-in page`,
    );
  }
  const length = headers.get('x-linked-size') ?? (status === 200 ? headers.get('content-length') : null);
  return { url, commit, etag, bytes: length === null ? null : Number(length) };
}

/** `id`, and `@revision` where it is not the default. */
export function nameOf({ id, revision }: HubModel): string {
  return revision === 'main' ? id : `${id}@${revision}`;
}
