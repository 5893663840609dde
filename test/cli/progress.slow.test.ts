import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineProgress } from '../../src/cli/progress.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels } from '../helpers/small-task.js';

describe('progress for a pipe', () => {
  it('is whole lines with what is done, the rate and the time left', () => {
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line), 0);
    const stage = progress.stage('encode documents', 10, 'texts');
    stage.advance(4);
    stage.advance(6);
    stage.end();
    progress.note('done');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^encode documents: 4\/10 texts, [\d.e+]+\/s, \d+ s left\n$/);
    expect(lines[1]).toMatch(/^encode documents: 10\/10 texts, .* 0 s left\n$/);
    expect(lines[2]).toBe('done\n');
  });

  it('is silent between its lines', () => {
    const lines: string[] = [];
    const stage = lineProgress((line) => lines.push(line), 3600).stage('score pairs', 2, 'pairs');
    stage.advance(1);
    stage.advance(1);
    expect(lines).toEqual([]);
  });
});

// util-linux's script gives a process a terminal.
const noTerminal = spawnSync('script', ['--version']).error !== undefined;

describe.skipIf(noTerminal)('progress on a terminal (skipped where there is no "script" command)', () => {
  it('is a bar for each stage, gone at the end, with the notes kept', () => {
    const main = join(import.meta.dirname, '../../dist/cli/main.js');
    // Bars are drawn ten times a second: the largest of the bundled models takes long enough to be seen.
    const model = smallModels.biEncoder.replace('170k', '4m');
    const args = ['run', '--task', 'demo/computing', '--model', model, '--threads', '1', '--output', temporaryFolder()];
    const command = [process.execPath, main, ...args].join(' ');
    const { stdout, status } = spawnSync('script', ['-qefc', command, '/dev/null'], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/encode documents [█▒░]+ \d+\/286 texts, .*\/s, .* left/);
    expect(stdout).toMatch(/nDCG@10 0\.\d{4}/);
    expect(stdout).toMatch(/286 documents, 60 queries/);
  });
});
