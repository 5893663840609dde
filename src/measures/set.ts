import { type Evaluate, relevantCount, relevantRetrieved } from './measure.js';

/** Precision of everything retrieved (trec_eval's m_set_P.c). */
export function setPrecision(level: number): Evaluate {
  return ratioOfFound(level, (retrieved) => retrieved);
}

/** Set precision over the highest that so many documents could have (trec_eval's m_set_rel_P.c). */
export function relativeSetPrecision(level: number): Evaluate {
  return ratioOfFound(level, Math.min);
}

/** Recall of everything retrieved (trec_eval's m_set_recall.c). */
export function setRecall(level: number): Evaluate {
  return ratioOfFound(level, (_, relevant) => relevant);
}

/** Average precision without ranks: set precision times set recall (trec_eval's m_set_map.c). */
export function setAveragePrecision(level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    const found = relevantRetrieved(ranking, level);
    return found === 0 ? 0 : (found * found) / (ranking.grades.length * relevant);
  };
}

/**
 * F measure of everything retrieved: (b + 1) P R / (b P + R), where trec_eval (m_set_F.c) does not square b.
 * @param beta importance of recall against precision
 */
export function setF(beta: number, level: number): Evaluate {
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
