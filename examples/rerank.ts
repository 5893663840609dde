/** SGPT-CE: how probable a language model finds a query after a prompt with the document. */
import { createCrossEncoder } from 'sgpt-bench/models';

const scorer = await createCrossEncoder({ model: 'models/demo/gpt-neo-870k', prompt: 'G', threads: 2 });
try {
  // Pairs are grouped by document: it is read once for all its queries.
  const queries = ['how to free disk space', 'slow mouse pointer'];
  const [first, second] = await scorer.score([
    { document: 'Delete old log files and empty the trash to get room on the disk.', queries },
    { document: 'Raise the pointer speed in the settings of the mouse.', queries },
  ]);
  for (const [i, query] of queries.entries())
    console.log(`${query}: ${first![i]!.toFixed(2)} and ${second![i]!.toFixed(2)}`);
} finally {
  await scorer.close();
}
