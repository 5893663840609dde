import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { defaultMeasures, judgedOnly, measureForms, parseMeasure, parseMeasures } from '../../src/measures/index.js';

describe('parseMeasure', () => {
  it.each([
    ['nDCG@10', 'nDCG@10', 'nDCG', 10],
    ['NDCG@10', 'nDCG@10', 'nDCG', 10],
    [' nDCG ', 'nDCG', 'nDCG', null],
    ["nDCG(dcg='exp-log2')@5", 'nDCG_exp@5', 'nDCG_exp', 5],
    ['MAP@100', 'AP@100', 'AP', 100],
    ['AP(rel=2)@100', 'AP(rel=2)@100', 'AP', 100],
    ['AP(rel=1)', 'AP', 'AP', null],
    ['P( rel = 2 , judged_only=true )@5', 'P(rel=2,judged_only=True)@5', 'P', 5],
    ['P(judged_only=True,rel=2)@5', 'P(rel=2,judged_only=True)@5', 'P', 5],
    ['MRR@10', 'RR@10', 'RR', 10],
    ['Recall@100', 'R@100', 'R', 100],
    ['IPrec@.1', 'IPrec@0.1', 'IPrec', null],
    ['SetF(beta=2.0)', 'SetF(beta=2)', 'SetF', null],
    ['SetP(relative=True)', 'SetP(relative=True)', 'SetP', null],
    ['R_cap@100', 'R_cap@100', 'R_cap', 100],
  ])('reads %j', (text, name, family, cutoff) => {
    expect(parseMeasure(text)).toMatchObject({ name, family, cutoff });
    expect(parseMeasure(name)).toMatchObject({ name, family, cutoff });
  });

  it.each([
    ['nDGC@10', 'unknown measure "nDGC", did you mean "nDCG"? known: nDCG, nDCG_exp, AP'],
    ['Sucess@5', 'did you mean "Success"?'],
    ['ndcg_cut_10', 'unknown measure "ndcg_cut_10", did you mean "nDCG@10"?'],
    ['recall.100', 'did you mean "R@100"?'],
    ['map', 'did you mean "AP"?'],
    ['iprec_at_recall_0.10', 'did you mean "IPrec@0.10"?'],
    ['ndcg@10', 'did you mean "nDCG@10"?'],
    ['Accuracy@5', 'did you mean "Success@5"?'],
    ['toString', 'unknown measure "toString"; known:'],
    ['', 'unknown measure ""'],
    ['nDCG@', 'nDCG@: the cut-off is ""; expected a whole number of 1 or more'],
    ['nDCG@0', 'nDCG@0: the cut-off is "0"; expected a whole number of 1 or more'],
    ['nDCG@-3', 'the cut-off is "-3"'],
    ['nDCG@1.5', 'the cut-off is "1.5"'],
    ['nDCG@1e3', 'the cut-off is "1e3"'],
    ['nDCG@10@20', 'the cut-off is "10@20"'],
    ['P', 'P: P needs a cut-off, for example P@10'],
    ['IPrec', 'IPrec: IPrec needs a recall, for example IPrec@0.1'],
    ['IPrec@1.1', 'IPrec@1.1: the recall is 1.1; expected a number from 0 to 1'],
    ['Rprec@10', 'Rprec@10: Rprec takes no cut-off; write Rprec'],
    ['P(rel=0)@5', 'P(rel=0)@5: rel is 0; expected a whole number of 1 or more'],
    ['P(rel=a)@5', 'rel is a; expected'],
    ['P(level=2)@5', 'P(level=2)@5: unknown option "level"; known: rel, judged_only'],
    ['P(2)@5', 'P(2)@5: "2" is not an option; expected name=value'],
    ['P(judged_only=1)@5', 'judged_only is 1; expected True or False'],
    ['SetF(beta=-1)', 'beta is -1; expected a number of 0 or more'],
    ['Judged(rel=2)@5', 'Judged(rel=2)@5: takes no options; found rel=2'],
  ])('refuses %j', (text, message) => {
    expect(() => parseMeasure(text)).toThrow(InputError);
    expect(() => parseMeasure(text)).toThrow(message);
  });

  it('reads every form that it lists, and its defaults', () => {
    for (const form of measureForms)
      expect(() => parseMeasure(form.replace('@k', '@7').replace('@recall', '@0.5'))).not.toThrow();
    expect(parseMeasures(defaultMeasures).map(({ name }) => name)).toEqual(defaultMeasures);
  });

  it('keeps a measure that is asked for twice once', () => {
    expect(parseMeasures(['nDCG@10', 'AP', 'NDCG@10']).map(({ name }) => name)).toEqual(['nDCG@10', 'AP']);
  });
});

describe('judgedOnly', () => {
  it.each([
    ['AP', 'AP(judged_only=True)'],
    ['P(rel=2)@10', 'P(rel=2,judged_only=True)@10'],
    ['nDCG(judged_only=True)@10', 'nDCG(judged_only=True)@10'],
    ['infAP(rel=2)', 'infAP(rel=2,judged_only=True)'],
    ['Bpref', 'Bpref'],
    ['SetR', 'SetR'],
  ])('%s becomes %s', (from, to) => {
    expect(judgedOnly(parseMeasure(from)).name).toBe(to);
  });

  it.each(['Judged', 'Judged@10', 'Hole@5'])('%s is refused, as it looks at unjudged documents', (name) => {
    expect(() => judgedOnly(parseMeasure(name))).toThrow(`${name} looks at unjudged documents`);
  });
});
