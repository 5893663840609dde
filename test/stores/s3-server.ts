import { readdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';

interface S3rver {
  readonly httpServer: Server;
  run(): Promise<{ readonly port: number }>;
}
const S3rver = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;

/** The user that s3rver knows. */
const user = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

/** Variables that a bucket is opened by; nothing else of the environment counts. */
export function bucketEnvironment(url: string, own: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ...{
      AWS_ENDPOINT_URL: url,
      AWS_ENDPOINT_URL_S3: '',
      AWS_REGION: '',
      AWS_DEFAULT_REGION: '',
      AWS_SESSION_TOKEN: '',
    },
    ...{ AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    ...user,
    ...own,
  };
}

/** Sets variables for the rest of the running test. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

/** Starts s3rver, which checks signatures, on a free port of the loopback, with a bucket `bench`. */
export async function startS3rver(): Promise<{ readonly url: string; readonly keys: () => Promise<string[]> }> {
  const directory = temporaryFolder();
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, vhostBuckets: false, directory },
    configureBuckets: [{ name: 'bench' }],
  });
  const { port } = await server.run();
  onTestFinished(() => {
    server.httpServer.closeAllConnections();
    server.httpServer.close();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    // Its files, since it takes a listing's signature for wrong.
    async keys() {
      const ending = '._S3rver_object';
      const files = await readdir(join(directory, 'bench'), { recursive: true });
      return files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));
    },
  };
}

/** A client of the environment's server, for looks behind a store. */
export function adminClient(): S3Client {
  const client = new S3Client({
    ...{ region: process.env['AWS_REGION']! || 'us-east-1', endpoint: process.env['AWS_ENDPOINT_URL']! },
    forcePathStyle: true,
  });
  onTestFinished(() => {
    client.destroy();
  });
  return client;
}

/** Makes a bucket, if need be. */
export async function ensureBucket(name: string): Promise<void> {
  await adminClient()
    .send(new CreateBucketCommand({ Bucket: name }))
    .catch((error: unknown) => {
      if (!(error instanceof Error) || !error.name.startsWith('BucketAlready')) throw error;
    });
}

/** The keys of what is in a bucket below a prefix. */
export async function keysIn(bucket: string, prefix: string): Promise<string[]> {
  const { Contents: found } = await adminClient().send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return (found ?? []).map(({ Key }) => Key!);
}
