import { defineFamily, rel } from './family.js';
import { type Evaluate, relevantCount } from './measure.js';

/**
 * Binary preference (Buckley and Voorhees 2004; trec_eval's m_bpref.c): high if few judged non-relevant documents precede
 * the relevant ones. Only the first R of them count, where R is the number of relevant documents.
 */
function binaryPreference(level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    if (relevant === 0) return 0;
    const limit = Math.min(relevant, ranking.ideal.length - relevant);
    let above = 0;
    let sum = 0;
    for (const grade of ranking.grades) {
      if (grade >= level) sum += above === 0 ? 1 : 1 - Math.min(above, relevant) / limit;
      else if (grade >= 0) above++;
    }
    return sum / relevant;
  };
}

export const bprefFamilies = [
  defineFamily({
    name: 'Bpref',
    description: 'binary preference: high if few judged non-relevant documents precede relevant ones',
    source: 'trec_eval m_bpref.c',
    cutoff: 'none',
    options: { rel },
    ignoresUnjudged: true,
    aliases: ['BPref'],
    foreignNames: ['bpref'],
    make: (given) => binaryPreference(given.rel),
  }),
];
