import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { DocumentIndex } from '../../src/datasets/document-index.js';

describe('DocumentIndex', () => {
  it('agrees with a Map for any ids', () => {
    const anyId = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('1', '01', 'é', 'constructor'));
    fc.assert(
      fc.property(fc.array(fc.tuple(anyId, fc.nat())), fc.array(anyId), (entries, others) => {
        const index = new DocumentIndex();
        const expected = new Map<string, number>();
        for (const [id, offset] of entries) {
          expect(index.add(id, offset)).toBe(!expected.has(id));
          if (!expected.has(id)) expected.set(id, offset);
        }
        expect(index.size).toBe(expected.size);
        for (const id of [...expected.keys(), ...others]) {
          const number = index.numberOf(id);
          expect(number === undefined ? undefined : index.offsetOf(number)).toBe(expected.get(id));
        }
        expect([...expected.keys()].map((id) => index.numberOf(id))).toEqual([...expected.keys()].map((_, i) => i));
      }),
    );
  });

  it('grows past its pages, with offsets beyond 32 bits', () => {
    const index = new DocumentIndex();
    const idOf = (i: number): string => `document-${i}-${'x'.repeat(i % 50)}`;
    const count = 60_000;
    for (let i = 0; i < count; i++) expect(index.add(idOf(i), i * 1_000_000)).toBe(true);
    expect(index.add(idOf(count - 1), 0)).toBe(false);
    expect(index.size).toBe(count);
    for (let i = 0; i < count; i += 101) expect(index.offsetOf(index.numberOf(idOf(i))!)).toBe(i * 1_000_000);
    expect(index.numberOf('document-1')).toBeUndefined();
  });

  it('accepts ids of up to 65535 bytes', () => {
    const index = new DocumentIndex();
    expect(index.add('é'.repeat(32_767), 7)).toBe(true);
    expect(index.offsetOf(index.numberOf('é'.repeat(32_767))!)).toBe(7);
    expect(() => index.add('é'.repeat(32_768), 0)).toThrow(InputError);
    expect(() => index.add('x'.repeat(65_536), 0)).toThrow(/longer than 65535 bytes/);
    expect(index.numberOf('x'.repeat(65_536))).toBeUndefined();
    expect(index.numberOf('é'.repeat(60_000))).toBeUndefined();
    expect(index.size).toBe(1);
  });

  it('refuses an unpaired surrogate, which UTF-8 cannot encode', () => {
    expect(() => new DocumentIndex().add('a\ud800', 0)).toThrow(/surrogate/);
    expect(new DocumentIndex().add('a\u{1f600}', 0)).toBe(true);
  });
});
