import { compareCodePoints } from '../../core/text.js';
import { canonicalJson } from '../../core/canonical-json.js';
import type { ResultRecord } from '../../results/record.js';
import type { StoredResult } from '../../results/store.js';
import type { ReportSystem } from './model.js';
import { compareSystems, suiteOf } from './order.js';
import { differingSettings, rowKey } from './select.js';

/**
 * The columns of the records, in order. A system that was run with several first stages or depths has one column for each,
 * named in its label.
 */
export function columnsOf(results: readonly StoredResult[]): ReportSystem[] {
  const ambiguous = ambiguousNames(results);
  const byLabel = new Map<string, Omit<ReportSystem, 'id'>>();
  for (const { record } of results) {
    const label = columnLabel(record, ambiguous);
    if (byLabel.has(label)) continue;
    const { name, runner, family, model } = record.system;
    byLabel.set(label, {
      label,
      name,
      runner,
      family,
      model: model?.id ?? null,
      parameters: model?.parameters ?? null,
      view: viewOf(record),
    });
  }
  return [...byLabel.values()].sort(compareSystems).map((system, i) => ({ id: `s${i + 1}`, ...system }));
}

function viewOf({ system: { settings } }: ResultRecord): ReportSystem['view'] {
  const { pooling, layer } = settings;
  return typeof pooling === 'string' && typeof layer === 'number' ? { pooling, layer } : null;
}

/** Names that have several first stages or depths within one row. */
export function ambiguousNames(results: readonly StoredResult[]): ReadonlySet<string> {
  const stages = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { record } of results) {
    const { name } = record.system;
    const cell = canonicalJson([rowKey(record), name]);
    const stage = stageOf(record);
    if ((stages.get(cell) ?? stage) !== stage) ambiguous.add(name);
    stages.set(cell, stage);
  }
  return ambiguous;
}

export function columnLabel(record: ResultRecord, ambiguous: ReadonlySet<string>): string {
  const { name } = record.system;
  return ambiguous.has(name) ? `${name} · ${stageOf(record)}` : name;
}

function stageOf({ firstStage }: ResultRecord): string {
  return firstStage === null ? 'no first stage' : `top ${firstStage.depth} of ${firstStage.name}`;
}

/** A note for each suite with columns whose records differ in settings. */
export function mixedSettings(results: readonly StoredResult[]): string[] {
  const ambiguous = ambiguousNames(results);
  const first = new Map<string, ResultRecord>();
  const differing = new Map<string, { labels: Set<string>; settings: Set<string> }>();
  for (const { record } of results) {
    const suite = suiteOf(record.task.name);
    const label = columnLabel(record, ambiguous);
    const other = first.get(`${suite}\n${label}`);
    first.set(`${suite}\n${label}`, other ?? record);
    for (const setting of other === undefined ? [] : differingSettings(other, record)) {
      const found = differing.get(suite) ?? { labels: new Set(), settings: new Set() };
      differing.set(suite, found);
      found.labels.add(label);
      found.settings.add(setting);
    }
  }
  return [...differing].map(([suite, { labels, settings }]) => {
    const [systems, names] = [labels, settings].map((set) => [...set].sort(compareCodePoints).join(', '));
    return `In ${suite}, scores of one column were made with different settings (${names!}): ${systems!}.`;
  });
}
