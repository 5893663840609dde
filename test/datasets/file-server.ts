import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** How the server answers a request. */
export type Behaviour =
  | { readonly kind: 'serve' }
  /** Sends `after` bytes of the body, and closes the connection when `arrived` resolves. */
  | { readonly kind: 'cut'; readonly after: number; readonly arrived: () => Promise<unknown> }
  /** Sends `after` bytes of the body, then nothing. */
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'status'; readonly status: number };

export interface FileServer {
  /** Without a trailing slash. */
  readonly address: string;
  /** All requests so far, with their Range headers. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  /** Files by path. */
  readonly files: Map<string, Uint8Array>;
  /** Behaviours for the next requests; later requests are served. */
  readonly next: Behaviour[];
  /** Resolves when a stalled response has sent its bytes. */
  readonly stalled: Promise<void>;
  /** Set another value for changed files. */
  etag: string;
  /** True if range requests are served. */
  ranges: boolean;
}

/** Starts a server on a free local port; it ends with the test. */
export async function startFileServer(files: Readonly<Record<string, Uint8Array>>): Promise<FileServer> {
  let onStalled: () => void = () => undefined;
  const stalled = new Promise<void>((resolve) => (onStalled = resolve));
  const state = {
    address: '',
    requests: [] as { path: string; range: string | undefined }[],
    files: new Map(Object.entries(files)),
    next: [] as Behaviour[],
    stalled,
    etag: '"1"',
    ranges: true,
  };
  const server = createServer((request, response) => {
    answer(state, request, response, onStalled);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

function answer(server: FileServer, request: IncomingMessage, response: ServerResponse, onStalled: () => void): void {
  const path = request.url ?? '';
  const { range } = request.headers;
  server.requests.push({ path, range });
  const behaviour = server.next.shift() ?? { kind: 'serve' };
  const file = server.files.get(path);
  if (behaviour.kind === 'status' || file === undefined) {
    response.writeHead(behaviour.kind === 'status' ? behaviour.status : 404).end();
    return;
  }
  const wanted =
    server.ranges && request.headers['if-range'] === server.etag ? /^bytes=(\d+)-$/.exec(range ?? '') : null;
  const start = Number(wanted?.[1] ?? 0);
  if (start >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  response.writeHead(wanted === null ? 200 : 206, {
    'content-length': file.length - start,
    etag: server.etag,
    ...(wanted === null ? {} : { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
  });
  if (behaviour.kind === 'serve') {
    response.end(file.subarray(start));
    return;
  }
  response.write(file.subarray(start, start + behaviour.after), () => {
    if (behaviour.kind === 'stall') onStalled();
    else void behaviour.arrived().finally(() => response.destroy());
  });
}
