import { InputError } from '../../core/errors.js';
import { loadResults, type StoredResult } from '../store.js';

/** Selects one of a folder's results. */
export interface ResultChoice {
  readonly task?: string | undefined;
  /** The system's name, or a part of it that only one system has; case is ignored. */
  readonly system?: string | undefined;
}

/** Maximum number of results that an error lists. */
const maxListed = 30;

/**
 * The only result in a folder, or the one that `choice` selects.
 * @throws InputError that lists the results, if there is none or several
 */
export async function chooseResult(root: string, choice: ResultChoice): Promise<StoredResult> {
  const all = await loadResults(root);
  const ofTask = choice.task === undefined ? all : all.filter(({ record }) => record.task.name === choice.task);
  const chosen = choice.system === undefined ? ofTask : bySystem(ofTask, choice.system);
  if (chosen.length === 1) return chosen[0]!;
  const requested = [
    choice.task === undefined ? '' : `task "${choice.task}"`,
    choice.system === undefined ? '' : `system "${choice.system}"`,
  ].filter((part) => part !== '');
  const of = requested.length === 0 ? '' : ` of ${requested.join(' and ')}`;
  const what = chosen.length === 0 ? `no result${of}` : `${chosen.length} results${of}`;
  throw new InputError(
    `${root} holds ${what}; name one by its folder, or with --task and --system. There are:\n${overview(chosen.length === 0 ? all : chosen)}`,
  );
}

function bySystem(results: readonly StoredResult[], system: string): readonly StoredResult[] {
  const exact = results.filter(({ record }) => record.system.name === system);
  if (exact.length > 0) return exact;
  return results.filter(({ record }) => record.system.name.toLowerCase().includes(system.toLowerCase()));
}

function overview(results: readonly StoredResult[]): string {
  const lines = results.slice(0, maxListed).map(({ folder, record }) => {
    const { task, system, profile } = record;
    return `  ${task.name} (${task.split}), ${system.name}, profile ${profile}: ${folder}`;
  });
  const rest = results.length - lines.length;
  return [...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}
