import { apFamilies } from './ap.js';
import { bprefFamilies } from './bpref.js';
import type { MeasureFamily } from './family.js';
import { judgedFamilies } from './judged.js';
import { ndcgFamilies } from './ndcg.js';
import { precisionFamilies } from './precision.js';
import { recallFamilies } from './recall.js';
import { rrFamilies } from './rr.js';
import { setFamilies } from './set.js';

/** Every measure of rankings, by name. The files of this folder describe theirs beside the arithmetic. */
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
