import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { parseQueueAddress, reasonOf } from '../../src/queue/address.js';
import { withoutPassword } from '../../src/io/redact.js';

/** What no message may hold. A password is this with odd characters around and within. */
const mark = 'geheim';
const odd = fc.string({
  unit: fc.constantFrom(...'@:/%?#[]\\"\'$&+ <>=;,.~é漢💧\t', 'a', '0', '//', '://', '%40', '%zz', '@host'),
  maxLength: 6,
});
const passwords = fc.tuple(odd, odd, odd).map(([a, b, c]) => `${a}${mark}${b}${mark}${c}`);
const users = fc.oneof(fc.constant(''), odd, fc.constantFrom('default', 'me'));
const schemes = fc.constantFrom('redis', 'rediss');
/** As a password should be written in an address. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27');

/** What an address is read as, or the message that it is refused with. */
function read(text: string): { password: string | undefined; username: string | undefined; shown: string } | string {
  try {
    const { options, shown } = parseQueueAddress(text);
    return { password: options.password, username: options.username, shown };
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
}

describe('the password of a queue', () => {
  it('is what it was before it was encoded, and is not in what is shown', () => {
    fc.assert(
      fc.property(schemes, users, passwords, (scheme, user, password) => {
        const address = `${scheme}://${encoded(user)}:${encoded(password)}@queue.example:7000/3`;
        const found = read(address);
        expect(found).toEqual({
          password,
          username: user === '' ? undefined : user,
          shown: `${scheme}://queue.example:7000/3`,
        });
        expect(withoutPassword(address)).not.toContain(mark);
        expect(withoutPassword(`--queue=${address}`)).not.toContain(mark);
      }),
    );
  });

  it('is in no message about an address that it was not encoded in', () => {
    fc.assert(
      fc.property(
        schemes,
        users,
        passwords,
        fc.constantFrom('', '/', '/0', '/x', ':x/0'),
        (scheme, user, password, end) => {
          const address = `${scheme}://${user}:${password}@queue.example${end}`;
          const found = read(address);
          expect(typeof found === 'string' ? found : found.shown).not.toContain(mark);
          expect(withoutPassword(address)).not.toContain(mark);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is not in what Redis says of a fault', () => {
    fc.assert(
      fc.property(passwords, (password) => {
        const { options } = parseQueueAddress(`redis://:${encoded(password)}@queue.example`);
        for (const quoted of [password, encodeURIComponent(password)])
          expect(reasonOf(new Error(`AUTH ${quoted} was refused`), options)).not.toContain(mark);
        const cut = `ERR unknown command 'AUTH', with args beginning with: '${password.slice(0, -1)}`;
        expect(reasonOf(new Error(cut), options)).toBe("ERR unknown command 'AUTH'");
      }),
    );
  });
});

it('what holds no password stays as it is', () => {
  for (const text of [
    'redis://queue.example:6379/0',
    'https://host/a@b',
    'about {}: what',
    'me@host:/folder',
    's3://bucket/a',
  ])
    expect(withoutPassword(text)).toBe(text);
});
