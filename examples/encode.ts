/** A checkpoint as an encoder: every pooling asked for comes out of one forward pass per text. */
import { createBiEncoder } from 'sgpt-bench/models';

const encoder = await createBiEncoder({
  model: 'models/demo/sgpt-870k-weightedmean-specb-bitfit',
  pooling: ['weightedmean', 'mean', 'lasttoken'],
  maxTokens: null,
  threads: 2,
});
try {
  const queries = await encoder.encode(['How do I free disk space?'], 'query');
  const documents = await encoder.encode(['Delete old log files.', 'The mouse pointer is too slow.'], 'document');
  for (const [view, { name, dimensions }] of encoder.views.entries()) {
    const query = queries[view]!.data;
    const cosines = [0, 1].map((row) =>
      cosine(query, documents[view]!.data.subarray(row * dimensions, (row + 1) * dimensions)),
    );
    console.log(`${name} (${dimensions} dimensions): ${cosines.map((value) => value.toFixed(3)).join('  ')}`);
  }
} finally {
  await encoder.close();
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
