import { InputError, throwIfInterrupted } from '../../core/errors.js';
import { fetchMessageOf, isTransientStatus, TransientError, withRetries, type RetryPolicy } from '../../io/retry.js';
import type { HubModel, HubSettings } from './settings.js';

/** A file on the hub, as described by its response headers. */
export interface RemoteFile {
  readonly url: string;
  /** Commit that the requested revision refers to. */
  readonly commit: string;
  /** Hash of the content: its SHA-256 if the file is in large file storage, otherwise its git blob id. */
  readonly etag: string;
  readonly bytes: number | null;
}

/** The hub cannot be reached. Cached files may be used instead. */
export class HubUnreachable extends InputError {}

const maxRedirects = 5;

/** Headers come quickly or not at all, and the cache may do instead: fewer and faster retries than for a download. */
function headerRetries({ retries, firstDelayMs, timeoutMs }: RetryPolicy): RetryPolicy {
  return {
    retries: Math.min(retries, 3),
    firstDelayMs: Math.min(firstDelayMs, 500),
    maxDelayMs: 8000,
    timeoutMs: Math.min(timeoutMs, 30_000),
  };
}

export interface HubClientOptions {
  readonly settings: HubSettings;
  /** Policy for downloads; upper limit for the client's own requests. */
  readonly retry: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
}

/** Requests the headers of one model's files from the hub. */
export class HubClient {
  private readonly settings: HubSettings;
  private readonly retry: RetryPolicy;
  private readonly signal: AbortSignal | undefined;

  constructor(
    private readonly id: string,
    { settings, retry, signal }: HubClientOptions,
  ) {
    this.settings = settings;
    this.retry = headerRetries(retry);
    this.signal = signal;
  }

  /** Headers for requests to the endpoint. */
  get headers(): Record<string, string> {
    const { token } = this.settings;
    return { 'user-agent': 'sgpt-bench', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  }

  /**
   * Requests a file's description.
   * @returns undefined if the model has no such file
   * @throws HubUnreachable if there is no response, InputError if the hub refuses the request
   */
  async describe(revision: string, file: string): Promise<RemoteFile | undefined> {
    const path = file.split('/').map(encodeURIComponent).join('/');
    const url = `${this.settings.endpoint}/${this.id}/resolve/${encodeURIComponent(revision)}/${path}`;
    const response = await this.headWithRetries(url);
    const error = response.headers.get('x-error-code');
    if (response.status === 404 && (error === 'EntryNotFound' || error === null)) return undefined;
    if (response.status >= 400) throw this.refusal(response, revision, error);
    return remoteFile(url, response);
  }

  /** Sends a HEAD request. A redirect to the content is not followed: the endpoint's own response has all headers. */
  private async headWithRetries(url: string): Promise<Response> {
    try {
      return await withRetries(() => this.head(url), this.retry, { signal: this.signal });
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new HubUnreachable(
        `${this.settings.endpoint}: cannot be reached (${error.message}) to download ${this.id}; try again later, or use a model that is in the cache, with HF_HUB_OFFLINE=1`,
        { cause: error },
      );
    }
  }

  private async head(url: string): Promise<Response> {
    const { origin } = new URL(this.settings.endpoint);
    const timeout = AbortSignal.timeout(this.retry.timeoutMs);
    const signal = this.signal === undefined ? timeout : AbortSignal.any([timeout, this.signal]);
    let at = url;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const response = await this.request(at, signal);
      if (isTransientStatus(response.status))
        throw new TransientError(`the server answers ${response.status} ${response.statusText}`.trim());
      const target = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || target === null) return response;
      // A renamed model redirects within the same server, content to another server.
      const next = new URL(target, at);
      if (next.origin !== origin || response.headers.has('x-linked-etag')) return response;
      at = next.href;
    }
    throw new InputError(`${url}: redirects more than ${maxRedirects} times; check HF_ENDPOINT`);
  }

  private async request(url: string, signal: AbortSignal): Promise<Response> {
    const headers = { ...this.headers, 'accept-encoding': 'identity' };
    try {
      return await fetch(url, { method: 'HEAD', redirect: 'manual', headers, signal });
    } catch (error) {
      throwIfInterrupted(this.signal);
      throw new TransientError(fetchMessageOf(error), { cause: error });
    }
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
      `${url}: the response (${type}) is not from a model hub: X-Repo-Commit or ETag is missing; check HF_ENDPOINT and the network's sign-in page`,
    );
  }
  const length = headers.get('x-linked-size') ?? (status === 200 ? headers.get('content-length') : null);
  return { url, commit, etag, bytes: length === null ? null : Number(length) };
}

/** `id`, or `id@revision` if the revision is not the default. */
export function nameOf({ id, revision }: HubModel): string {
  return revision === 'main' ? id : `${id}@${revision}`;
}
