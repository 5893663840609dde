import { z } from 'zod';
import type { Qrels } from '../../core/dataset.js';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { pythonStrip } from '../../core/text.js';
import { recordOf, sciDocsRelations, type SciDocsTask, type UsebSplit } from '../../core/useb.js';
import { checksumOf, requireFiles } from './files.js';

const labelSchema = z.union([z.literal(0), z.literal(1)], 'expected a label of 0 or 1');
const relationSchema = z.record(z.string(), z.record(z.string(), labelSchema));
const splitSchema = z.strictObject(recordOf(sciDocsRelations, () => relationSchema)).optional();
const dataSchema = z.object({
  corpus: z.record(z.string(), z.object({ title: z.string().nullish() })),
  valid: splitSchema,
  test: splitSchema,
});

/**
 * Reads USEB's SciDocs (Cohan et al. 2020): data.json, `{"corpus": {id: {"title"}}, split: {relation: {query id:
 * {candidate id: 0 | 1}}}}`. A title may be null or missing.
 * @throws InputError naming the invalid field
 */
export async function openSciDocs(folder: string, name: string, split: UsebSplit): Promise<SciDocsTask> {
  const [path] = await requireFiles(folder, ['data.json']);
  const data = await readJson(path, dataSchema, 'USEB\'s SciDocs: {"corpus", "valid", "test"}');
  const relations = data[split];
  if (relations === undefined) throw new InputError(`${path}: has no split "${split}"; expected "valid" and "test"`);
  const titles = titlesOf(data.corpus);
  const qrels = recordOf(sciDocsRelations, (relation) => {
    const judged = qrelsOf(relations[relation]);
    if ([...judged].some(([id, grades]) => titles.has(id) && grades.size > 0)) return judged;
    throw new InputError(
      `${path}: ${split}: "${relation}" has no query with a title and candidates; expected at least one`,
    );
  });
  const queries = Object.values(qrels).flatMap((judged) => [...judged.keys()]);
  const candidates = Object.values(qrels).flatMap((judged) =>
    [...judged.values()].flatMap((grades) => [...grades.keys()]),
  );
  const titled = queries.filter((id) => titles.has(id)).length;
  return {
    name,
    kind: 'useb',
    dataset: 'scidocs',
    symmetric: true,
    queryLimit: null,
    split,
    titles,
    qrels,
    skippedQueries: queries.length - titled,
    facts: {
      checksum: await checksumOf([path]),
      documents: Object.keys(data.corpus).length,
      queries: titled,
      judgements: candidates.length,
      judgementsOfUnknownDocuments: candidates.filter((id) => !Object.hasOwn(data.corpus, id)).length,
      judgedQueriesWithoutText: queries.length - titled,
    },
  };
}

/** UKPLab/useb skips empty titles before it strips them, so a title of spaces alone counts. */
function titlesOf(corpus: z.infer<typeof dataSchema>['corpus']): Map<string, string> {
  const titles = new Map<string, string>();
  for (const [id, { title }] of Object.entries(corpus)) {
    if (title !== undefined && title !== null && title !== '') titles.set(id, pythonStrip(title));
  }
  return titles;
}

function qrelsOf(relation: z.infer<typeof relationSchema>): Qrels {
  return new Map(Object.entries(relation).map(([id, grades]) => [id, new Map(Object.entries(grades))]));
}
