/** The other end of harness/contender.ts: says what it is, then does the job once for each line it is given. */
import { createInterface } from 'node:readline';

/** A job that is ready to be measured. */
export interface Job {
  readonly about: string;
  run(): Promise<Done>;
}

export interface Done {
  /** By phase, where there is more than one. */
  readonly seconds?: Readonly<Record<string, number>>;
  /** What was computed. */
  readonly output?: string;
  /** Processor seconds of other processes that worked. */
  readonly workerCpu?: number;
  /** Memory of all the processes, in MiB, where this one's peak is not what matters. */
  readonly peak?: number | undefined;
  /** What is still to be done and does not count: keeping the results. */
  readonly finish?: () => Promise<void>;
}

/** @param prepare makes the job from the parameters on the command line */
export async function serve(prepare: (parameters: never) => Promise<Job>): Promise<void> {
  const job = await prepare(JSON.parse(process.argv[2]!) as never);
  answer({ about: job.about });
  for await (const line of createInterface(process.stdin)) {
    if (line !== 'run') continue;
    globalThis.gc?.();
    const [start, before] = [performance.now(), process.cpuUsage()];
    const { seconds, output, finish, workerCpu = 0, peak } = await job.run();
    const total = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    await finish?.();
    answer({
      seconds: seconds ?? { total },
      cpu: (user + system) / 1e6 + workerCpu,
      peak: peak ?? process.resourceUsage().maxRSS / 1024,
      output,
    });
  }
}

function answer(value: object): void {
  process.stdout.write(JSON.stringify(value) + '\n');
}
