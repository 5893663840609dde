import { messageOf } from '../core/errors.js';
import { printableMessage } from '../core/printable.js';

/** Maximum length of a reason that is sent. */
const maxLength = 600;

/**
 * This worker cannot compute a job, but another one may. The reason is sent through Redis, so it is made of the job's own
 * values, hashes and names of files: it never quotes a file's content.
 */
export class JobRefusal extends Error {
  override readonly name = 'JobRefusal';

  /** @param detail is shown on this worker's terminal only; default: the reason itself */
  constructor(
    reason: string,
    readonly detail: string = reason,
  ) {
    super(printableMessage(reason).slice(0, maxLength));
  }
}

/**
 * The refusal for a fault while a task or a model was opened. Its message may quote files, so it stays here.
 * @param name what could not be opened
 */
export function refusalOf(error: unknown, name: string): JobRefusal {
  if (error instanceof JobRefusal) return error;
  return new JobRefusal(`${name}: cannot be opened by this worker; its own output has the reason`, messageOf(error));
}

/** The model cannot compute this shard, on any worker. */
export class ShardFault extends Error {}
