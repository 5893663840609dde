import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { isProcessAlive } from '../../src/io/process-alive.js';

it('distinguishes a running process from an ended one', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  expect([isProcessAlive(process.pid), isProcessAlive(1), isProcessAlive(pid)]).toEqual([true, true, false]);
});
