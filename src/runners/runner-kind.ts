import type { Profile } from '../core/profile.js';
import type { Runner } from '../core/runner.js';
import type { Field, SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import type { OpenContext } from './open-model.js';

/** A kind of system: all that the command line, the pipeline, queues and reports know of it. */
export interface RunnerKind {
  /** As in `--runner NAME` and in records. */
  readonly name: string;
  /** One line for the help. */
  readonly description: string;
  /** The fields that it reads; others must be left at their default. */
  readonly uses: readonly Field[];
  readonly needsModel: boolean;
  /** Whether it re-ranks what a first stage found. */
  readonly reranks: boolean;
  /** What sort of retrieval it is, in mteb's words; a bound is no system to be compared. */
  readonly type: 'sparse' | 'dense' | 'cross-encoder' | 'bound';
  /** Why it cannot do a task, and what can; null where it can. */
  refusal(task: Task): string | null;
  /** The spec as it is for a task, where the task decides something; several where it asks for several. Default: as it is. */
  forTask?(spec: SystemSpec, task: Task, profile: Profile): readonly SystemSpec[];
  /** Whether it is to be opened anew for each task. Default: never. */
  opensPerTask?(spec: SystemSpec): boolean;
  /** @throws InputError for a model or an option that is not possible */
  open(spec: SystemSpec, context: OpenContext): Promise<Runner>;
}

interface KindWithUses<Uses extends readonly Field[]> extends Omit<RunnerKind, 'uses' | 'open'> {
  readonly uses: Uses;
  open(spec: Pick<SystemSpec, Uses[number]>, context: OpenContext): Promise<Runner>;
}

/** Checks that a runner reads no field but those that it says it uses. */
export function runnerKind<const Uses extends readonly Field[]>(kind: KindWithUses<Uses>): RunnerKind {
  return kind;
}
