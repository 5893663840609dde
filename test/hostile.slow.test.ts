import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCase } from '../tools/hostile/cases.js';
import { targetsOf } from '../tools/hostile/targets.js';
import { complaintAbout } from '../tools/hostile/verdict.js';
import { makeWorkspace } from '../tools/hostile/workspace.js';
import { temporaryFolder } from './helpers/folder.js';

/** Limits of memory and time are those of `npm run test:hostile`, which has many more cases. */
const limits = { seconds: 60, mebibytes: 1536 };

it.runIf(existsSync('/proc/self/statm'))('hostile files are used or refused, in bounded time and memory', async () => {
  const scratch = temporaryFolder();
  const workspace = join(scratch, 'workspace');
  mkdirSync(workspace);
  await makeWorkspace(workspace);
  const targets = targetsOf(workspace);
  const options = { workspace, targets, scratch, limits, keep: false };
  // Every third target, so that all formats occur.
  for (let number = 0; number < 36; number += 3) {
    const { outcome, complaint, target } = await runCase(number, options);
    expect([number, target.file, complaint, outcome.stderr]).toEqual([number, target.file, null, outcome.stderr]);
  }
});

it('the verdict sees what must not happen', () => {
  const fine = { status: 0, stdout: 'nDCG@10\t0.5\n', stderr: '', seconds: 1, mebibytes: 100, exceeded: null } as const;
  const sentence = { ...fine, status: 2, stderr: 'note: x\nsgpt-bench: a: is wrong\n' };
  expect([complaintAbout(fine), complaintAbout(sentence)]).toEqual([null, null]);
  for (const changes of [
    { exceeded: 'time' as const },
    { status: 3 },
    { status: 'SIGSEGV' as const },
    { status: 2, stderr: '' },
    { stdout: 'nDCG@10\tNaN\n' },
    { status: 2, stderr: 'sgpt-bench: \x1b[2J\n' },
    { status: 2, stderr: 'Error: x\n    at f (file:///a.js:1:2)\n' },
  ])
    expect(complaintAbout({ ...fine, ...changes }), JSON.stringify(changes)).not.toBeNull();
});
