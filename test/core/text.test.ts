import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCodePoints, pythonStrip, pythonStripEnd } from '../../src/core/text.js';

describe('pythonStrip', () => {
  it('strips what Python strips and trim() does not, and the other way round', () => {
    // Python: '\x1c\x85 a \x1f'.strip() == 'a'; '\ufeffa'.strip() == '\ufeffa'
    expect(pythonStrip('\x1c\x85 a \x1f')).toBe('a');
    expect(pythonStrip('\ufeffa\ufeff')).toBe('\ufeffa\ufeff');
    expect(pythonStrip('\u3000a\u2028 b\u00a0')).toBe('a\u2028 b');
    expect(pythonStrip(' \t\r\n')).toBe('');
  });

  // chr(i) for i in range(0x110000) if not chr(i).strip(), Python 3.11
  const pythonSpaces = [
    9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201,
    8202, 8232, 8233, 8239, 8287, 12288,
  ];
  it('has one side, too', () => {
    expect(pythonStripEnd(' \x85 a b \u3000\n')).toBe(' \x85 a b');
    // Linear in the text, also where white space is followed by something else.
    const blanks = ' '.repeat(300_000);
    expect(pythonStrip(`${blanks}a${blanks}a`)).toBe(`a${blanks}a`);
  });

  it("knows exactly Python's white space", () => {
    const found: number[] = [];
    for (let code = 0; code < 0x10000; code++) if (pythonStrip(String.fromCharCode(code)) === '') found.push(code);
    expect(found).toEqual(pythonSpaces);
  });
});

describe('compareCodePoints', () => {
  it('is the order of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareCodePoints('\u{1f600}', '\uff5e')).toBeGreaterThan(0);
  });
});
