import type { Profile, ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { Runner } from '../core/runner.js';
import type { Field, SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import type { OpenContext } from './open-model.js';

export interface ProfileReason {
  readonly name: ProfileName;
  /** For a note: "… is SGPT". */
  readonly reason: string;
}

/** A kind of system, as the command line, the pipeline, queues and reports see it. */
export interface RunnerKind {
  /** The name in `--runner NAME` and in records. */
  readonly name: string;
  /** One line for the help. */
  readonly description: string;
  /** The fields that it reads; all others must have their defaults. */
  readonly uses: readonly Field[];
  readonly needsModel: boolean;
  /** True if it re-ranks the candidates of a first stage. */
  readonly reranks: boolean;
  /** Type of retrieval, in mteb's words; a bound is not a system to compare. */
  readonly type: 'sparse' | 'dense' | 'cross-encoder' | 'bound';
  /** Returns the reason why the system cannot run a task, with a remedy; null if it can. */
  refusal(task: Task, spec: SystemSpec): string | null;
  /**
   * The profile that `--profile auto` stands for: that of the program whose numbers are published for such a system, and why.
   * @throws InputError for a model that does not exist
   */
  profile(spec: SystemSpec, progress: Progress): Promise<ProfileReason>;
  /** Adapts the spec to a task; several specs if the task asks for several systems. Default: unchanged. */
  forTask?(spec: SystemSpec, task: Task, profile: Profile): readonly SystemSpec[];
  /** True if it must be opened anew for each task. Default: false. */
  opensPerTask?(spec: SystemSpec): boolean;
  /** @throws InputError for an invalid model or option */
  open(spec: SystemSpec, context: OpenContext): Promise<Runner>;
}

interface KindWithUses<Uses extends readonly Field[]> extends Omit<RunnerKind, 'uses' | 'open'> {
  readonly uses: Uses;
  open(spec: Pick<SystemSpec, Uses[number]>, context: OpenContext): Promise<Runner>;
}

/** Lets the compiler check that a runner reads only the fields in `uses`. */
export function runnerKind<const Uses extends readonly Field[]>(kind: KindWithUses<Uses>): RunnerKind {
  return kind;
}
