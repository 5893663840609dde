/** Measures of runs: in memory, and as a reference program averages and rounds them. */
import { evaluateRun, evaluationOptions, parseMeasures, profileByName, rank } from 'sgpt-bench/measures';

// Judgements: query → document → grade. Maps keep the order of ids, which objects lose for numbers.
const qrels = new Map([
  [
    'q1',
    new Map([
      ['d1', 2],
      ['d2', 1],
    ]),
  ],
  ['q2', new Map([['d3', 1]])],
  ['q3', new Map([['d4', 1]])],
]);
// A run: query → ranking. `rank` puts scored ids into trec_eval's order.
const run = new Map([
  ['q1', rank(['d2', 'd9', 'd1'], [3.1, 2.4, 1.7])],
  ['q2', rank(['d3', 'd1'], [0.5, 0.5])],
]);

const measures = parseMeasures(['nDCG@10', 'AP', 'R@100', 'P(rel=2)@1']);
for (const name of ['beir', 'trec_eval'] as const) {
  const { means, counts } = evaluateRun(qrels, run, measures, evaluationOptions(profileByName(name)));
  console.log(`${name}: ${counts.missing} query without a ranking`);
  for (const [measure, mean] of means) console.log(`  ${measure}\t${mean.toFixed(4)}`);
}
