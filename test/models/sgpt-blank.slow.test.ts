import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import type { Encoder, Role } from '../../src/core/model.js';
import { profileByName, type ProfileName } from '../../src/core/profile.js';
import { bracketIds, createBiEncoder, openTokenizer, textIds } from '../../src/models/index.js';
import { documentTexts, textStyle } from '../../src/runners/task-texts.js';
import { golden as readGolden } from '../helpers/goldens.js';

/** What SGPT's own class computes (tools/goldens/models/sgpt_blank.py). */
interface Golden {
  readonly model: string;
  readonly maxTokens: number;
  readonly cases: readonly Case[];
}

interface Case {
  readonly role: Role;
  /** Of documents. */
  readonly title?: string;
  readonly text: string;
  readonly vector: readonly number[];
  readonly ids: readonly number[];
}

const golden = readGolden(import.meta.url, 'sgpt-blank.json') as Golden;
const folder = join(import.meta.dirname, '../../models/demo', golden.model);
const { maxTokens } = golden;

let encoder: Encoder;
beforeAll(async () => {
  encoder = await createBiEncoder({ model: folder, maxTokens, threads: 1 });
});
afterAll(() => encoder.close());

/** The text that a profile gives the encoder. */
async function textOf({ role, title = '', text }: Case, profile: ProfileName): Promise<string> {
  if (role === 'query') return text;
  const documents = async function* (): AsyncGenerator<{ id: string; title: string; text: string }> {
    yield await Promise.resolve({ id: 'd', title, text });
  };
  const task = { corpus: { documents } } as unknown as RetrievalTask;
  const style = { ...textStyle(encoder, profileByName(profile)), dropDocumentsWithoutText: false };
  const texts = [];
  for await (const one of documentTexts(task, style)) texts.push(one.text);
  return texts[0]!;
}

describe('a text after a bracket', () => {
  it.each(golden.cases)('has the tokens and the vector of the reference: $role "$title" "$text"', async (one) => {
    const text = await textOf(one, 'sgpt-paper');
    const tokenizer = await openTokenizer(folder);
    const brackets = bracketIds('specb', tokenizer, 'x')![one.role];
    expect([...textIds(tokenizer, text, brackets, maxTokens).ids]).toEqual(one.ids);
    const [matrix] = await encoder.encode([text], one.role);
    // Float32 sums in another order.
    one.vector.forEach((value, i) => {
      expect(Math.abs(matrix!.data[i]! - value)).toBeLessThan(3e-5);
    });
  });

  it('begins without a blank in the other profiles', async () => {
    const untitled = golden.cases.find(({ text }) => text === 'disk')!;
    for (const profile of ['beir', 'mteb', 'trec_eval'] as const) expect(await textOf(untitled, profile)).toBe('disk');
    expect(await textOf(untitled, 'sgpt-paper')).toBe(' disk');
  });
});

it('a model without brackets reads no blank in any profile', async () => {
  const plain = await createBiEncoder({ model: folder, maxTokens, brackets: 'none', threads: 1 });
  try {
    expect(textStyle(plain, profileByName('sgpt-paper')).keepLeadingBlank).toBe(false);
  } finally {
    await plain.close();
  }
});
