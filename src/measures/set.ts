import { defineFamily, flag, judgedOnlyOption, rankedOptions, rel, type MeasureOption } from './family.js';
import { type Evaluate, relevantCount, relevantRetrieved } from './measure.js';

/** Precision of all retrieved documents (trec_eval's m_set_P.c). */
function setPrecision(level: number): Evaluate {
  return ratioOfFound(level, (retrieved) => retrieved);
}

/** Set precision divided by the highest possible for this number of documents (trec_eval's m_set_rel_P.c). */
function relativeSetPrecision(level: number): Evaluate {
  return ratioOfFound(level, Math.min);
}

/** Recall of all retrieved documents (trec_eval's m_set_recall.c). */
function setRecall(level: number): Evaluate {
  return ratioOfFound(level, (_, relevant) => relevant);
}

/** Average precision without ranks: set precision times set recall (trec_eval's m_set_map.c). */
function setAveragePrecision(level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    const found = relevantRetrieved(ranking, level);
    return found === 0 ? 0 : (found * found) / (ranking.grades.length * relevant);
  };
}

/**
 * F measure of all retrieved documents: (b + 1) P R / (b P + R); as in trec_eval (m_set_F.c), b is not squared.
 * @param beta weight of recall relative to precision
 */
function setF(beta: number, level: number): Evaluate {
  const precision = setPrecision(level);
  const recall = setRecall(level);
  return (ranking) => {
    const p = precision(ranking);
    const r = recall(ranking);
    return p === 0 ? 0 : ((beta + 1) * p * r) / (beta * p + r);
  };
}

function ratioOfFound(level: number, total: (retrieved: number, relevant: number) => number): Evaluate {
  return (ranking) => {
    const found = relevantRetrieved(ranking, level);
    return found === 0 ? 0 : found / total(ranking.grades.length, relevantCount(ranking, level));
  };
}

const relative = flag('precision is divided by the highest possible for this number of documents');

const beta: MeasureOption<number> = {
  description: 'weight of recall relative to precision',
  default: 1,
  example: '2',
  expected: 'a number of 0 or more',
  read: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined),
};

export const setFamilies = [
  defineFamily({
    name: 'SetP',
    description: 'precision of all retrieved documents',
    source: 'trec_eval m_set_P.c, m_set_rel_P.c',
    cutoff: 'none',
    options: { rel, relative, judged_only: judgedOnlyOption },
    foreignNames: ['set_P'],
    make: (given) => (given.relative ? relativeSetPrecision(given.rel) : setPrecision(given.rel)),
  }),
  defineFamily({
    name: 'SetR',
    description: 'recall of all retrieved documents',
    source: 'trec_eval m_set_recall.c',
    cutoff: 'none',
    options: { rel },
    ignoresUnjudged: true,
    foreignNames: ['set_recall'],
    make: (given) => setRecall(given.rel),
  }),
  defineFamily({
    name: 'SetF',
    description: 'F measure of all retrieved documents',
    source: 'trec_eval m_set_F.c',
    cutoff: 'none',
    options: { rel, beta, judged_only: judgedOnlyOption },
    foreignNames: ['set_F'],
    make: (given) => setF(given.beta, given.rel),
  }),
  defineFamily({
    name: 'SetAP',
    description: 'set precision times set recall: average precision without ranks',
    source: 'trec_eval m_set_map.c',
    cutoff: 'none',
    options: rankedOptions,
    foreignNames: ['set_map'],
    make: (given) => setAveragePrecision(given.rel),
  }),
];
