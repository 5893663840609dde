import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Answers a request in place of the server. */
export type Fault = (response: ServerResponse) => void;

export interface MemoryS3 {
  readonly url: string;
  /** BUCKET/KEY → content. */
  readonly objects: Map<string, Buffer>;
  /** `GET BUCKET/KEY` … in the order of their arrival. */
  readonly requests: string[];
  /** Asked before each request; what it gives is sent instead of the answer. */
  fault: (request: string) => Fault | undefined;
}

const hash = (name: string, bytes: Buffer, encoding: 'hex' | 'base64'): string =>
  createHash(name).update(bytes).digest(encoding);

/** What S3 says where it refuses. */
export function refusal(status: number, code: string, more = ''): Fault {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${code}</Code><Message>so it is</Message>${more}<RequestId>1</RequestId></Error>`);
  };
}

/** What a login page says, or a proxy. */
export function html(status: number): Fault {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<!doctype html><html><head><meta charset="utf-8"></head><body>Please <br> log in</body></html>');
  };
}

/** The answer to a GET, with only its first bytes sent before the connection ends, or never does. */
export function partOf(content: Buffer, sent: number, then: 'cut' | 'stall'): Fault {
  return (response) => {
    const range = `bytes 0-${content.length - 1}/${content.length}`;
    response.writeHead(206, { etag: '"part"', 'content-length': content.length, 'content-range': range });
    response.write(content.subarray(0, sent));
    if (then === 'cut') setTimeout(() => response.destroy(), 20);
  };
}

/**
 * A server that speaks the little of S3 that a store needs, for one bucket, `bench`: conditions and checksums as S3 has
 * them, signatures unseen. It can be made to fail in every way that a server can.
 */
export async function startMemoryS3(): Promise<MemoryS3> {
  const server = createServer((request, response) => {
    void answer(state, request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: MemoryS3 = { url, objects: new Map(), requests: [], fault: () => undefined };
  return state;
}

async function answer(state: MemoryS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = new URL(request.url!, state.url).pathname.slice(1);
  const line = `${request.method!} ${path}`;
  state.requests.push(line);
  const fault = state.fault(line) ?? usual(state, request, path, Buffer.concat(chunks));
  fault(response);
}

function usual({ objects }: MemoryS3, { method, headers }: IncomingMessage, path: string, body: Buffer): Fault {
  if (!path.startsWith('bench/')) return refusal(404, 'NoSuchBucket');
  if (method === 'DELETE') {
    objects.delete(path);
    return (response) => response.writeHead(204).end();
  }
  if (method === 'PUT') {
    if (headers['x-amz-checksum-sha256'] !== hash('sha256', body, 'base64')) return refusal(400, 'BadDigest');
    if (headers['if-none-match'] === '*' && objects.has(path)) return refusal(412, 'PreconditionFailed');
    objects.set(path, body);
    return (response) => response.writeHead(200, { etag: `"${hash('md5', body, 'hex')}"` }).end();
  }
  const content = objects.get(path);
  if (content === undefined) return refusal(404, 'NoSuchKey');
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || Number(first) >= content.length) return refusal(416, 'InvalidRange');
  const part = content.subarray(Number(first), Number(last) + 1);
  return (response) => {
    response.writeHead(206, {
      etag: `"${hash('md5', content, 'hex')}"`,
      'content-length': part.length,
      'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${content.length}`,
    });
    response.end(part);
  };
}
