import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError, messageOf } from '../../src/core/errors.js';
import { printable, printableLines, printableMessage } from '../../src/core/printable.js';
import { systemSentence } from '../../src/core/system-errors.js';

/** Everything that a terminal does not simply show, except joiners. */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 5000 });

describe('a message', () => {
  it('never has control or formatting characters, and is never long', () => {
    const names = fc.array(fc.oneof(anyText, fc.constantFrom('\x1b[2J', '\u202e', 'a'.repeat(1e6), '"')));
    fc.assert(
      fc.property(names, (parts) => {
        const { message } = new InputError(parts.join(' '));
        expect(message).not.toMatch(unsafe);
        expect(message.length).toBeLessThan(20_000);
      }),
    );
  });

  it('keeps ordinary Unicode, and says what it escapes', () => {
    const kept = 'naïve 中文 हिन्दी می‌خواهم 👩‍🔬 “quoted” – é';
    expect(printableMessage(kept)).toBe(kept);
    expect(printable('a\x1b[31mb\x9bc\u202ed\ud800e\nf')).toBe(String.raw`a\x1b[31mb\x9bc\u{202e}d\u{d800}e\nf`);
    expect(printableLines('a\tb\nc\x07')).toBe('a\tb\nc\\x07');
  });

  it('keeps beginning and end around a name of a megabyte', () => {
    const { message } = new InputError(
      `model.safetensors: tensor "${'x'.repeat(1e6)}" overlaps another; save it again`,
    );
    expect(message).toMatch(/^model\.safetensors: tensor "x+…x+" overlaps another; save it again$/);
    expect(message.length).toBeLessThan(300);
    expect(new InputError(`a: ${'word '.repeat(1e5)}; do this`).message).toMatch(/^a: word .*….* ; do this$/);
  });
});

describe('a system error', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: '/a/b' });
  it('is told in plain words', () => {
    expect(messageOf(full)).toBe('the disk is full');
    expect(systemSentence(full)).toBe(
      '/a/b: the disk is full; free disk space and run the same command again to go on',
    );
  });

  it('is not made of other errors', () => {
    expect(systemSentence(new Error('ENOSPC'))).toBeUndefined();
    expect(systemSentence(Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined();
    expect(systemSentence(Object.assign(new Error('x'), { code: 'constructor' }))).toBeUndefined();
  });
});
