import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';

/**
 * The shortest judged pair of a task, used as the example of one-shot prompts. As in `crossencoder_beir_sgpt.ipynb`, length
 * is the number of tokens of the document's text (without title) and of the query, divided by the grade; the first pair in
 * the order of the judgements wins a tie. Pairs of at most `longerThan` tokens and grades of 0 or less are skipped.
 * @param tokens returns the number of tokens of a text
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
      const tokensOfPair = (lengths.get(documentId) ?? Infinity) + queryTokens;
      if (grade <= 0 || tokensOfPair <= longerThan) continue;
      const length = tokensOfPair / (grade + 1e-10);
      if (length < (best?.length ?? Infinity)) best = { length, documentId, query };
    }
  }
  if (best === undefined)
    throw new InputError(`${task.name}: has no judged pair of more than ${longerThan} tokens for a one-shot prompt`);
  const [document] = await task.corpus.fetch([best.documentId]);
  return { document: document!.text, query: best.query };
}
