import type { Qrels } from '../core/dataset.js';
import type { Ranking, Run } from '../core/run.js';
import type { CandidateRun, Runner } from '../core/runner.js';
import type { SystemInfo } from '../core/system.js';
import { requireRetrieval } from './requirements.js';

/**
 * Perfect re-ranking: candidates by grade, equal grades in the first stage's order. No re-ranker of the same candidates can
 * exceed it (the paper's upper bound).
 */
export function oracleRunner(): Runner {
  const system: SystemInfo = { name: 'Oracle', runner: 'oracle', family: 'Oracle', model: null, settings: {} };
  return {
    systemsOn: () => [system],
    run(task, { candidates }) {
      const { qrels } = requireRetrieval(task, system.runner);
      if (candidates === null) throw new Error('the oracle needs candidates');
      const output = { kind: 'ranking', run: perfectRun(qrels, candidates) } as const;
      return Promise.resolve([{ system, output, cost: { seconds: {} } }]);
    },
    close: () => Promise.resolve(),
  };
}

function perfectRun(qrels: Qrels, { run: firstStage, depth }: CandidateRun): Run {
  const run = new Map<string, Ranking>();
  for (const [queryId, ranking] of firstStage) {
    const grades = qrels.get(queryId);
    if (grades === undefined) continue;
    const gradeOf = (id: string): number => Math.max(0, grades.get(id) ?? 0);
    const ids = ranking.ids.slice(0, depth).sort((a, b) => gradeOf(b) - gradeOf(a));
    // Scores are descending ranks: distinct, so that no tie is broken by id.
    run.set(queryId, { ids, scores: Float32Array.from(ids, (_, i) => ids.length - i) });
  }
  return run;
}
