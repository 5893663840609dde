import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';

/**
 * The shortest judged pair of a task, which one-shot prompts show first. As in `crossencoder_beir_sgpt.ipynb`: the length is
 * the tokens of the document's text (without its title) and of the query, divided by the grade; of equal pairs the first in the order of
 * the judgements is taken; pairs of no more than `longerThan` tokens are left out. Judgements of grade 0 or less are, too.
 * @param tokens how many a text has
 * @throws InputError for a task without such a pair
 */
export async function shortestJudgedPair(
  task: RetrievalTask,
  tokens: (text: string) => number,
  longerThan: number,
): Promise<{ document: string; query: string }> {
  const judged = new Set([...task.qrels.values()].flatMap((grades) => [...grades.keys()]));
  const lengths = new Map<string, number>();
  for await (const { id, text } of task.corpus.documents()) if (judged.has(id)) lengths.set(id, tokens(text));
  let best: { length: number; documentId: string; query: string } | undefined;
  const texts = new Map(task.queries.map(({ id, text }) => [id, text]));
  for (const [queryId, grades] of task.qrels) {
    const query = texts.get(queryId);
    if (query === undefined) continue;
    const queryTokens = tokens(query);
    for (const [documentId, grade] of grades) {
      const both = (lengths.get(documentId) ?? Infinity) + queryTokens;
      if (grade <= 0 || both <= longerThan) continue;
      const length = both / (grade + 1e-10);
      if (length < (best?.length ?? Infinity)) best = { length, documentId, query };
    }
  }
  if (best === undefined)
    throw new InputError(
      `${task.name}: has no judged pair of more than ${longerThan} tokens to show in a one-shot prompt`,
    );
  const [document] = await task.corpus.fetch([best.documentId]);
  return { document: document!.text, query: best.query };
}
