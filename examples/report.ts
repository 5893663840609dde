/** A report from result records alone: tables in the terminal, and files in several formats. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'sgpt-bench';
import { buildReport, renderTextTable, writeReport } from 'sgpt-bench/reports';
import { loadResults } from 'sgpt-bench/results';

const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-example-'));
await bench({ tasks: ['demo/computing'], runners: ['bm25', 'oracle'], output: join(folder, 'results') });

const report = await buildReport(await loadResults(join(folder, 'results')), { title: 'BM25 and its bound' });
console.log(renderTextTable(report));
const files = await writeReport(report, join(folder, 'report'), ['csv', 'json']);
console.log(files.length, 'files');
