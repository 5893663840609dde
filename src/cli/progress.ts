import cliProgress from 'cli-progress';
import { printableMessage } from '../core/printable.js';
import { silentProgress, type Progress, type ProgressStage } from '../core/progress.js';

/** Seconds between progress lines, if stderr is not a terminal. */
const secondsBetweenLines = 10;

/** Progress on stderr: on a terminal bars with rate and remaining time, else a line every few seconds; nothing if quiet. */
export function stderrProgress(quiet: boolean): Progress {
  if (quiet) return silentProgress;
  return printed(process.stderr.isTTY ? terminalProgress() : lineProgress((line) => process.stderr.write(line)));
}

/** Labels and notes may hold names from files: they are made printable here, and nowhere else. */
export function printed(progress: Progress): Progress {
  return {
    stage: (label, total, unit) => progress.stage(printableMessage(label), total, unit),
    note: (message) => {
      progress.note(printableMessage(message));
    },
  };
}

function terminalProgress(): Progress {
  const notes: string[] = [];
  let open = 0;
  const bars = new cliProgress.MultiBar(
    {
      stream: process.stderr,
      format: '{label} {bar} {value}/{total} {unit}, {rate}/s, {remaining} left',
      hideCursor: true,
      clearOnComplete: true,
      formatValue: (value) => String(value),
    },
    cliProgress.Presets.shades_grey,
  );
  const flush = (): void => {
    for (const note of notes.splice(0)) process.stderr.write(`${note}\n`);
  };
  return {
    stage(label, total, unit): ProgressStage {
      const pace = paceOf(total);
      const bar = bars.create(total, 0, { label, unit, rate: '-', remaining: '-' });
      open++;
      return {
        advance(by): void {
          pace.advance(by);
          bar.increment(by, { rate: pace.rate(), remaining: pace.remaining() });
        },
        end(): void {
          bars.remove(bar);
          if (--open > 0) return;
          bars.stop(); // its timer would keep the process running
          flush();
        },
      };
    },
    note(message): void {
      notes.push(message);
      if (open === 0) flush();
    },
  };
}

/**
 * Progress as lines for logs.
 * @param write receives whole lines, with the line end
 * @param pause seconds between the lines of a stage
 */
export function lineProgress(write: (line: string) => void, pause = secondsBetweenLines): Progress {
  return {
    stage(label, total, unit): ProgressStage {
      const pace = paceOf(total);
      let lastLine = performance.now();
      return {
        advance(by): void {
          pace.advance(by);
          if (performance.now() - lastLine < pause * 1000) return;
          lastLine = performance.now();
          write(`${label}: ${pace.done()}/${total} ${unit}, ${pace.rate()}/s, ${pace.remaining()} left\n`);
        },
        end: () => undefined,
      };
    },
    note(message): void {
      write(`${message}\n`);
    },
  };
}

interface Pace {
  advance(by: number): void;
  done(): number;
  rate(): string;
  remaining(): string;
}

/** Measures the rate since the start of a stage, and estimates the remaining time from it. */
function paceOf(total: number): Pace {
  const start = performance.now();
  let done = 0;
  const perSecond = (): number => done / Math.max((performance.now() - start) / 1000, 1e-3);
  return {
    advance(by): void {
      done += by;
    },
    done: () => done,
    rate: () => perSecond().toPrecision(3),
    remaining: () => formatSeconds((total - done) / Math.max(perSecond(), 1e-9)),
  };
}

function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds > 359_999) return '?';
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
