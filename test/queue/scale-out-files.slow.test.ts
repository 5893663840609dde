import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run.js';
import { workerCommand } from '../../src/cli/worker.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

const root = join(import.meta.dirname, '../..');
const files = join(root, 'docs/scale-out');
const options = new Set([...runCommand().options, ...workerCommand().options].map(({ long }) => long));

describe('files for scaling out', () => {
  it.each(['compose.yaml', 'job.yaml', 'array.slurm', 'sgpt-bench-worker@.service'])(
    '%s has known options only',
    (file) => {
      const own = readFileSync(join(files, file), 'utf8')
        .split('\n')
        .filter(
          (line) =>
            /sgpt-bench['"]?,? ['"]?(run|worker)|args: \[|--store/.test(line) && !/sbatch|docker|kubectl/.test(line),
        )
        .flatMap((line) => line.match(/--[a-z-]+/g) ?? []);
      expect(own.length).toBeGreaterThan(2);
      expect(own.filter((option) => !options.has(option))).toEqual([]);
    },
  );

  it('array.slurm computes shares, submits the evaluation once, and evaluates', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    mkdirSync(path('bin'));
    const cli = `exec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"`;
    const programs = { 'sgpt-bench': cli, sbatch: 'echo "${SLURM_ARRAY_TASK_ID:-none} $@" >> submitted' };
    for (const [name, code] of Object.entries(programs)) {
      writeFileSync(path(`bin/${name}`), `#!/bin/sh\n${code}\n`);
      chmodSync(path(`bin/${name}`), 0o755);
    }
    copyFileSync(join(files, 'array.slurm'), path('array.slurm'));
    const args = ['--task', 'small', '--model', smallModels.biEncoder, '--shard-size', '16', '--quiet'];
    const batch = (own: Readonly<Record<string, string>>): { status: number | null; stderr: string } =>
      spawnSync('bash', ['array.slurm', ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${path('bin')}:${process.env['PATH'] ?? ''}`, SLURM_CPUS_PER_TASK: '1', ...own },
      });
    const array = { SLURM_ARRAY_JOB_ID: '77', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '2' };
    for (const task of ['1', '2']) {
      const { status, stderr } = batch({ ...array, SLURM_ARRAY_TASK_ID: task });
      expect(status, stderr).toBe(0);
      expect(stderr).toContain(`share ${task} of 2 is done`);
    }
    const submitted = `none --dependency=afterok:77 --output=sgpt-bench-%j.log array.slurm ${args.join(' ')}\n`;
    expect(readFileSync(path('submitted'), 'utf8')).toBe(submitted);
    const { status, stderr } = batch({});
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('results in results');
  });
});
