import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn, present, type Comparison } from './harness/compare.js';
import { command, startOwn, startPeer, type Contender } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';
import { writeVectors } from './data/vectors.js';

const columns = 768;
const queries = 300;
const topK = 1000;
/** So few that comparing takes less time than reading, also from fast disks. */
const fewQueries = 10;

/** Exact search against faiss's IndexFlatIP, and what storage costs. */
export async function benchSearch(options: JobOptions): Promise<Comparison[]> {
  const comparisons = [await searchOf(100_000, options)];
  if (options.size === 'full')
    comparisons.push(await searchOf(1_000_000, options), await searchOnDisk(10_000_000, options));
  return comparisons;
}

async function searchOf(documents: number, { folder, threads, rounds }: JobOptions): Promise<Comparison> {
  const path = (name: string): string => join(folder, name);
  await writeVectors(path('documents'), documents, columns, 1);
  await writeVectors(path('queries'), queries, columns, 2);
  const common = {
    documents: path('documents'),
    queries: path('queries'),
    columns,
    topK,
    threads,
    similarity: 'dot',
  };
  const own = (name: string, more: Readonly<Record<string, string>>): ReturnType<typeof startOwn> =>
    startOwn(name, 'search', { ...common, ...more });
  const { contenders, absent } = present([
    await own('sgpt-bench', { results: path('own') }),
    await startPeer('faiss IndexFlatIP', 'search', { ...common, results: path('faiss') }),
    await own('sgpt-bench, stored', { store: path('store'), results: path('own-store') }),
    await own('sgpt-bench, stored float16', { store: path('store'), dtype: 'float16', results: path('half') }),
  ]);
  const measured = await inTurn(contenders, rounds);
  for (const contender of contenders) await contender.close();
  const findings = [
    ...(absent.length === 0 ? [await agreement('faiss', path('own'), path('faiss'))] : []),
    await agreement('float16 storage', path('own'), path('half')),
  ];
  for (const name of ['documents', 'store']) await rm(path(name), { recursive: true });
  return {
    title: `Exact search, ${documents.toLocaleString('en')} documents`,
    input: `${queries} queries, ${documents.toLocaleString('en')} documents of ${columns} dimensions (random, about normal), inner product, the best ${topK}`,
    work: { amount: queries, unit: 'queries' },
    measured,
    absent,
    findings,
  };
}

/**
 * Vectors from disk, none of them in the system's cache, beside reading the same files and doing nothing with them: once
 * with as many queries as above, where the products take longer than the disk, and once with so few that the disk is the limit.
 */
async function searchOnDisk(documents: number, { folder, threads, rounds }: JobOptions): Promise<Comparison> {
  const store = join(folder, 'store');
  const search = async (count: number): Promise<Contender> => {
    const asked = join(folder, `queries-${count}`);
    await writeVectors(asked, count, columns, 2);
    const common = { documents, columns, topK, threads, similarity: 'dot', results: join(folder, 'own') };
    const own = await startOwn(`sgpt-bench, ${count} queries`, 'search', { ...common, store, queries: asked });
    if ('reason' in own) throw new Error(own.reason);
    return own;
  };
  const script = `find '${store}' -name '*.vectors' -print0 | sort -z | xargs -0 cat > /dev/null`;
  const contenders = [
    command('cat', 'all files to /dev/null', ['sh', '-c', script]),
    await search(queries),
    await search(fewQueries),
  ];
  const measured = await inTurn(
    contenders.map((contender) => cold(contender, store)),
    rounds,
  );
  for (const contender of contenders) await contender.close();
  return {
    title: `Exact search from disk, ${documents.toLocaleString('en')} documents`,
    input: `${((documents * columns * 4) / 1e9).toFixed(1)} GB of float32 vectors in the embedding store, none of them in the system's cache; the best ${topK}`,
    work: { amount: (documents * columns * 4) / 1e6, unit: 'MB' },
    measured,
    absent: [],
    findings: ['the disk is the limit where reading alone takes longer than the search of as many vectors in memory'],
  };
}

/** Makes the system drop the files of a folder from its cache before each measurement (GNU dd tells it to). */
function cold(contender: Contender, folder: string): Contender {
  const drop = 'for file; do dd if="$file" iflag=nocache count=0 status=none; done';
  const dropAll = command('dd', '', ['find', folder, '-type', 'f', '-exec', 'sh', '-c', drop, 'sh', '{}', '+']);
  return {
    ...contender,
    async measure() {
      await dropAll.measure();
      return contender.measure();
    },
  };
}

/** How far two results files (own/search.ts) agree. */
async function agreement(name: string, ownPath: string, otherPath: string): Promise<string> {
  const [own, other] = [await readResults(ownPath), await readResults(otherPath)];
  let [samePlace, sameSet, furthest] = [0, 0, 0];
  let explained = 0;
  for (let q = 0; q < queries; q++) {
    const [from, to] = [q * topK, (q + 1) * topK];
    const set = new Set(own.ids.subarray(from, to));
    for (let i = from; i < to; i++) {
      furthest = Math.max(furthest, Math.abs(own.scores[i]! - other.scores[i]!) / Math.abs(own.scores[i]!));
      if (set.has(other.ids[i]!)) sameSet++;
      if (own.ids[i] === other.ids[i]) samePlace++;
      else if (Math.abs(own.scores[i]! - other.scores[i]!) <= 2e-6 * Math.abs(own.scores[i]!)) explained++;
    }
  }
  const share = (count: number): string => `${((100 * count) / (queries * topK)).toFixed(4)} %`;
  return (
    `against ${name}: ${share(samePlace)} of the ids in the same place, ${share(explained)} in another place with scores ` +
    `equal to 2e-6, ${share(sameSet)} found by both; scores differ by at most ${furthest.toExponential(1)} (relative)`
  );
}

async function readResults(path: string): Promise<{ ids: Int32Array; scores: Float32Array }> {
  const { buffer } = Uint8Array.from(await readFile(path));
  const numbers = buffer.byteLength / 8;
  return { ids: new Int32Array(buffer, 0, numbers), scores: new Float32Array(buffer, 4 * numbers) };
}
