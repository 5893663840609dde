import { defineFamily } from './family.js';
import { type Evaluate, unjudged } from './measure.js';

/**
 * Share of the first `cutoff` documents that are judged for the query, with any grade. If fewer were retrieved, the share of
 * those (ir_measures' Judged); 0 for an empty ranking.
 */
function judgedShare(cutoff: number): Evaluate {
  return ({ grades }) => {
    const end = Math.min(cutoff, grades.length);
    let count = 0;
    for (let i = 0; i < end; i++) if (grades[i] !== unjudged) count++;
    return end === 0 ? 0 : count / end;
  };
}

/**
 * Documents in the first `cutoff` ranks that are not judged for any query of the data set, divided by `cutoff` (BEIR's
 * `hole`): the part of a system's output that no assessor may have seen.
 */
function hole(cutoff: number): Evaluate {
  return ({ grades, isHole }) => {
    const end = Math.min(cutoff, grades.length);
    let count = 0;
    for (let i = 0; i < end; i++) if (grades[i] === unjudged && isHole(i)) count++;
    return count / cutoff;
  };
}

export const judgedFamilies = [
  defineFamily({
    name: 'Hole',
    description: 'share of the first k documents that are not judged for any query',
    source: 'beir custom_metrics.py, hole',
    cutoff: 'required',
    options: {},
    beirCustom: true,
    make: ({ cutoff }) => hole(cutoff),
  }),
  defineFamily({
    name: 'Judged',
    description: 'share of the retrieved documents that are judged for the query, with any grade',
    source: 'ir_measures judged.py',
    cutoff: 'optional',
    options: {},
    make: ({ cutoff }) => judgedShare(cutoff),
  }),
];
