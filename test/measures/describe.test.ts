import { describe, expect, it } from 'vitest';
import { describeMeasures, measureForms } from '../../src/measures/index.js';
import { families } from '../../src/measures/families.js';

describe('every family', () => {
  it.each([...families])('%s says in one line what it is and where it comes from', (name, family) => {
    expect(family.name).toBe(name);
    for (const text of [family.description, family.source]) expect(text).toMatch(/^\S.*[^.\s]$/);
    for (const { description, example, read, default: usual } of Object.values(family.options)) {
      expect(description).toMatch(/^\S.*[^.\s]$/);
      expect(read(example)).toBeTypeOf(typeof usual);
      expect(read(example)).not.toBe(usual);
      expect(read('?')).toBeUndefined();
    }
  });

  it('has names that no other has', () => {
    const all = [...families.values()];
    const names = all.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    const foreign = all.flatMap(({ foreignNames = [] }) => foreignNames);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(foreign).size).toBe(foreign.length);
  });
});

describe('describeMeasures', () => {
  const text = describeMeasures();

  it('names every measure, its source and the options', () => {
    for (const form of measureForms) expect(text).toContain(form);
    expect(text).toMatch(
      /^ {2}P@k +precision: share of the first k documents that are relevant \(trec_eval m_P\.c\)$/m,
    );
    expect(text).toMatch(/^ {2}beta=2 +weight of recall relative to precision \(SetF\)$/m);
  });

  it('fits a terminal', () => {
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });
});
