import { apFamilies } from './ap.js';
import { bprefFamilies } from './bpref.js';
import type { MeasureFamily } from './family.js';
import { judgedFamilies } from './judged.js';
import { ndcgFamilies } from './ndcg.js';
import { precisionFamilies } from './precision.js';
import { recallFamilies } from './recall.js';
import { rrFamilies } from './rr.js';
import { setFamilies } from './set.js';

/** All measures of rankings by name. Each file of this folder defines some, with descriptions and arithmetic. */
export const families: ReadonlyMap<string, MeasureFamily> = new Map(
  [
    ...ndcgFamilies,
    ...apFamilies,
    ...precisionFamilies,
    ...recallFamilies,
    ...rrFamilies,
    ...bprefFamilies,
    ...judgedFamilies,
    ...setFamilies,
  ].map((family) => [family.name, family]),
);
