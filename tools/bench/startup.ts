import { inTurn, type Comparison } from './harness/compare.js';
import { benchFile, command } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';

/** How long the built program takes until it has printed its help, beside Node itself doing nothing. */
export async function benchStartup({ rounds }: JobOptions): Promise<Comparison[]> {
  const program = benchFile('../../dist/cli/main.js');
  const contenders = [
    command('sgpt-bench --help', 'the built program', [process.execPath, program, '--help']),
    command('sgpt-bench evaluate --help', 'the built program', [process.execPath, program, 'evaluate', '--help']),
    command('node alone', 'node -e 0', [process.execPath, '-e', '0']),
  ];
  return [
    {
      title: 'Start',
      input: 'processes started and ended one after the other',
      work: { amount: 1, unit: 'starts' },
      measured: await inTurn(contenders, Math.max(10, rounds)),
      absent: [],
      findings: [],
    },
  ];
}
