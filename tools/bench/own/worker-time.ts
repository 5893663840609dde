import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const ticksPerSecond = 100;

/** Processor seconds of the processes that this one started and that still run; 0 where the system does not tell. */
export function workerSeconds(): number {
  try {
    return childStats().reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond, 0);
  } catch {
    return 0;
  }
}

/** Proportional resident memory of this process and those it started, in MiB: what several share counts once. */
export function residentMemory(): number | undefined {
  return residentMemories()?.reduce((sum, size) => sum + size);
}

/**
 * The same of each: this process, then the others. `Anonymous` counts only what a process has for itself alone: what is mapped
 * from files, Node's program among it, weighs the less in `Pss` the more processes on the machine have it. Undefined where
 * the system does not tell.
 */
export function residentMemories(kind: 'Pss' | 'Anonymous' = 'Pss'): number[] | undefined {
  try {
    return [String(process.pid), ...children()].map((pid) => {
      const kibibytes = new RegExp(`^${kind}:\\s+(\\d+) kB`, 'm').exec(
        readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'),
      )![1];
      return Number(kibibytes) / 1024;
    });
  } catch {
    return undefined;
  }
}

function children(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name)?.[1] === String(process.pid));
}

function childStats(): string[][] {
  return children().flatMap((pid) => {
    const fields = statOf(pid);
    return fields === undefined ? [] : [fields];
  });
}

/** The fields of /proc/PID/stat after the name, which may hold spaces: state, parent … */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
