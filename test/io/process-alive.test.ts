import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { isProcessAlive } from '../../src/io/process-alive.js';

it('tells a process that runs from one that has ended', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  expect([isProcessAlive(process.pid), isProcessAlive(1), isProcessAlive(pid)]).toEqual([true, true, false]);
});
