import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';

/** Whether Debian's redis-server is there. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export interface TestRedis {
  readonly port: number;
  /** redis://127.0.0.1:PORT/0 */
  readonly url: string;
  /** SIGKILL; what was acknowledged is in the append-only file. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a Redis on a free port of the loopback, with an append-only file; it ends with the test. */
export async function startRedis(folder: string, options: readonly string[] = []): Promise<TestRedis> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const common = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
    const ports = options.includes('--tls-port') ? [] : ['--port', String(port)];
    const own = options.map((option) => (option === 'PORT' ? String(port) : option));
    child = spawn('redis-server', [...common, ...ports, '--appendfsync', 'always', ...own], { stdio: 'ignore' });
    await listening(port);
  };
  await start();
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    start,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** A connection for looks into Redis, closed with the test. */
export function connectTo({ port }: TestRedis): Redis {
  const redis = new Redis({ port, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  onTestFinished(() => {
    redis.disconnect();
  });
  return redis;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    socket.destroy();
    if (open) return;
    await sleep(50);
  }
  throw new Error(`redis-server does not listen on port ${port}`);
}
