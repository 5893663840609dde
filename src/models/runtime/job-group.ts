import { messageOf } from '../../core/errors.js';
import type { Job } from './job.js';

/** The jobs of one call of `SessionPool.run`. */
export interface JobGroup {
  readonly jobs: Iterator<Job>;
  /** Jobs to run again, because their worker died. */
  readonly retries: StartedJob[];
  /** True if the iterator has no more jobs. */
  exhausted: boolean;
  /** True if the remaining jobs are not to be run, after a failure or an interruption. */
  stopped: boolean;
  /** Number of jobs that are running. */
  running: number;
  /** Ends the call. */
  settle(error?: Error): void;
}

export interface StartedJob {
  readonly job: Job;
  readonly group: JobGroup;
  starts: number;
}

export function newGroup(jobs: Iterable<Job>, settle: JobGroup['settle']): JobGroup {
  return { jobs: jobs[Symbol.iterator](), retries: [], exhausted: false, stopped: false, running: 0, settle };
}

/** The next job to start; undefined if there is none. A fault of the iterator ends the call. */
export function nextOf(group: JobGroup): StartedJob | undefined {
  const retry = group.retries.pop();
  if (retry !== undefined || group.exhausted) return retry;
  try {
    const next = group.jobs.next();
    if (next.done !== true) return { job: next.value, group, starts: 0 };
    group.exhausted = true;
    settleIfDone(group);
  } catch (error) {
    fail(group, asError(error));
  }
  return undefined;
}

/** Ends the call if all its jobs are done. */
export function settleIfDone(group: JobGroup): void {
  if (group.exhausted && group.running === 0 && group.retries.length === 0) group.settle();
}

/** Starts no more jobs of the group, and ignores the results of those that are running. */
export function stop(group: JobGroup): void {
  group.exhausted = true;
  group.stopped = true;
  group.retries.length = 0;
}

/** Ends the call with an error. */
export function fail(group: JobGroup, error: Error): void {
  stop(group);
  group.settle(error);
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
