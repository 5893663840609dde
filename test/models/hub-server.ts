import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A file of a repository. */
export interface HubFile {
  readonly content: Buffer;
  /** In large file storage: redirected to, and named by its SHA-256. */
  readonly large: boolean;
}

export interface HubRequest {
  readonly server: 'hub' | 'content';
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** A hub and the server that it keeps large files on, two origins of this machine. */
export interface FakeHub {
  readonly endpoint: string;
  readonly requests: HubRequest[];
  /** `organisation/name` → file → content. */
  readonly models: Map<string, Map<string, HubFile>>;
  /** What revisions stand for. */
  readonly revisions: Map<string, string>;
  /** Answers instead of the usual ones: status and headers by model. */
  readonly refusals: Map<string, { status: number; code?: string; token?: string }>;
  /** Ends the connection after so many bytes of the next large file. */
  cutAfter: number | null;
  /** What large files are replaced by on the way. */
  tamper: ((content: Buffer) => Buffer) | null;
  /** Answers everything with a web page, as networks with a sign-in page do. */
  portal: boolean;
  stop(): Promise<void>;
}

export const commits = { main: 'a'.repeat(40), older: 'b'.repeat(40) } as const;

/** Starts a server in the hub's layout that ends with the test. */
export async function startHub(): Promise<FakeHub> {
  const hub = {
    requests: [] as HubRequest[],
    models: new Map<string, Map<string, HubFile>>(),
    revisions: new Map<string, string>([
      ['main', commits.main],
      ['refs/pr/1', commits.older],
      [commits.main, commits.main],
      [commits.older, commits.older],
    ]),
    refusals: new Map<string, { status: number; code?: string; token?: string }>(),
    cutAfter: null as number | null,
    tamper: null as ((content: Buffer) => Buffer) | null,
    portal: false,
  };
  const state = { ...hub, endpoint: '', stop: () => Promise.resolve() } as FakeHub & { endpoint: string };
  const contents = new Map<string, Buffer>();
  const [content, contentAddress] = await listen((request, response) => {
    note(state, 'content', request);
    serve(state, contents.get(request.url!.slice(1))!, request, response);
  });
  const [front, address] = await listen((request, response) => {
    note(state, 'hub', request);
    answer(state, contents, contentAddress, request, response);
  });
  state.endpoint = address;
  state.stop = async () => {
    for (const server of [content, front]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  onTestFinished(() => {
    for (const server of [content, front]) {
      server.closeAllConnections();
      server.close();
    }
  });
  return state;
}

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<[Server, string]> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

function note(hub: FakeHub, server: HubRequest['server'], { method, url, headers }: IncomingMessage): void {
  const { authorization, range } = headers;
  hub.requests.push({ server, method: method!, path: url!, authorization, range });
}

function answer(
  hub: FakeHub,
  contents: Map<string, Buffer>,
  contentAddress: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (hub.portal) {
    response.writeHead(200, { 'content-type': 'text/html', etag: '"1"' }).end('<html>Sign in</html>');
    return;
  }
  const [, id, revision, file] = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(request.url!) ?? [];
  const refusal = hub.refusals.get(id!);
  if (refusal !== undefined && request.headers.authorization !== `Bearer ${refusal.token}`) {
    response.writeHead(refusal.status, refusal.code === undefined ? {} : { 'x-error-code': refusal.code }).end();
    return;
  }
  if (id === 'old-name/model') {
    response.writeHead(307, { location: request.url!.replace('old-name', 'new-name') }).end();
    return;
  }
  const model = hub.models.get(id!);
  const commit = hub.revisions.get(decodeURIComponent(revision!));
  const found = model?.get(decodeURIComponent(file!));
  const code = model === undefined ? 'RepoNotFound' : commit === undefined ? 'RevisionNotFound' : 'EntryNotFound';
  if (commit === undefined || found === undefined) {
    response.writeHead(model === undefined ? 401 : 404, { 'x-error-code': code }).end();
    return;
  }
  const { content, large } = found;
  if (!large) {
    const etag = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    response.setHeader('etag', `"${etag}"`).setHeader('x-repo-commit', commit);
    serve(hub, content, request, response);
    return;
  }
  const sha256 = createHash('sha256').update(content).digest('hex');
  contents.set(sha256, content);
  response
    .writeHead(302, {
      location: `${contentAddress}/${sha256}`,
      'x-repo-commit': commit,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': content.length,
    })
    .end();
}

function serve(hub: FakeHub, original: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const content = hub.tamper?.(original) ?? original;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (!response.hasHeader('etag')) response.setHeader('etag', '"content"');
  const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(start === 0 ? 200 : 206, { 'content-length': content.length - start, ...range });
  if (request.method === 'HEAD') response.end();
  else if (hub.cutAfter === null || !request.url!.startsWith('/') || request.url!.includes('/resolve/'))
    response.end(content.subarray(start));
  else {
    const end = start + hub.cutAfter;
    hub.cutAfter = null;
    response.write(content.subarray(start, end), () => {
      setTimeout(() => response.destroy(), 50);
    });
  }
}
