import { beirEntries } from '../../src/suites/beir/entries.js';
import type { BeirEntry } from '../../src/suites/beir/entry.js';

/**
 * The numbers of docs/scale-out.md: from the catalogue's counts of documents and queries, mean lengths, and rates that
 * `npm run bench` measured and docs/performance.md tells.
 */

/** Mean words of a document and of a query: BEIR (Thakur et al. 2021), table 1. */
const words: Readonly<Record<string, readonly [document: number, query: number]>> = {
  msmarco: [55.98, 5.96],
  'trec-covid': [160.77, 10.6],
  nfcorpus: [232.26, 3.3],
  bioasq: [202.61, 8.05],
  nq: [78.88, 9.16],
  hotpotqa: [46.3, 17.61],
  fiqa: [132.32, 10.77],
  signal1m: [13.93, 9.3],
  'trec-news': [634.79, 11.14],
  robust04: [466.4, 15.27],
  arguana: [166.8, 192.98],
  'webis-touche2020': [292.37, 6.55],
  cqadupstack: [129.09, 8.59],
  quora: [11.44, 9.53],
  'dbpedia-entity': [49.68, 5.39],
  scidocs: [176.19, 9.38],
  fever: [84.76, 8.13],
  'climate-fever': [84.76, 20.13],
  scifact: [213.63, 12.37],
};

/** Tokens a word of English, of GPT-2's tokenizer. */
const tokensPerWord = 1.4;
/** What profile sgpt-paper keeps of a text. */
const mostTokens = 299;
/** The instruction of prompt G. */
const promptTokens = 26;
/** Documents that a cross-encoder reads for a query. */
const depth = 100;
/** Texts per shard. */
const shardTexts = 1024;

/** Shapes of the paper's models: GPT-Neo 125M and 1.3B, GPT-J. Parameters as loaded, without an LM head that is not tied. */
const shapes = [
  { name: '125M', layers: 12, dimensions: 768, parameters: 125.2e6 },
  { name: '1.3B', layers: 24, dimensions: 2048, parameters: 1.316e9 },
  { name: '5.8B', layers: 28, dimensions: 4096, parameters: 5.844e9 },
] as const;
type Shape = (typeof shapes)[number];

export interface Corpus {
  readonly title: string;
  readonly documents: number;
  /** Of the split that is reported. */
  readonly queries: number;
  /** Of all documents, as a bi-encoder reads them. */
  readonly tokens: number;
  /** Of one pair, prompt included. */
  readonly pairTokens: number;
}

export function corpora(): Corpus[] {
  return beirEntries.map((entry) => {
    const [documentWords, queryWords] = words[entry.name]!;
    const documents = documentsOf(entry);
    const read = (count: number): number => Math.min(count * tokensPerWord, mostTokens);
    return {
      title: entry.title.replace(/ \(.*\)/, ''),
      documents,
      queries: entry.splits[entry.defaultSplit]!.queries!,
      tokens: documents * read(documentWords),
      pairTokens: promptTokens + (documentWords + queryWords) * tokensPerWord,
    };
  });
}

const documentsOf = ({ documents, parts }: BeirEntry): number =>
  documents ?? parts.reduce((sum, part) => sum + part.documents, 0);

/** What was measured, of the shape of 125M. */
export interface Rates {
  /** Tokens per second and core. */
  readonly fp32: number;
  readonly int8: number;
  /** Products of a query and a document's vector of 768 dimensions from the store, per second and core. */
  readonly search: number;
}

/** @param text of docs/performance.md */
export function readRates(text: string): Rates {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`docs/performance.md: nothing fits ${pattern.source}`);
    return Number(found.replaceAll(',', ''));
  };
  const threads = number(/^32 documents, [\d,]+ tokens, (\d+) threads/m);
  const searchSeconds = number(/^\| sgpt-bench, vectors from the embedding store\s*(?:\|[^|]*){2}\|\s*([\d.]+) s/m);
  const searchThreads = number(/1,000,000 documents, (\d+) threads \|$/m);
  return {
    fp32: number(/^\| sgpt-bench\s*\| [\d.]+ s \|\s*([\d,]+) \|/m) / threads,
    int8: number(/^\| sgpt-bench, int8\s*\| [\d.]+ s \|\s*([\d,]+) \|/m) / threads,
    search: (300 * 1_000_000) / searchSeconds / searchThreads,
  };
}

/** Operations a token are in proportion to the weights of the layers, 12 d² each. */
const layerWeights = ({ layers, dimensions }: Shape): number => layers * 12 * dimensions ** 2;
const relativeCost = (shape: Shape): number => layerWeights(shape) / layerWeights(shapes[0]);

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** Two digits: an estimate is worth no more. */
function rounded(value: number): string {
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  const whole = Math.round(value / digits) * digits;
  return value < 9.95 ? value.toPrecision(2).replace(/\.0$/, '') : whole.toLocaleString('en-US');
}

function duration(seconds: number): string {
  if (seconds < 100) return `${rounded(seconds)} s`;
  return seconds < 6000 ? `${rounded(seconds / 60)} min` : `${rounded(seconds / 3600)} h`;
}

function bytes(count: number): string {
  if (count < 1e9) return `${rounded(count / 1e6)} MB`;
  return count < 1e12 ? `${rounded(count / 1e9)} GB` : `${rounded(count / 1e12)} TB`;
}

type Row = readonly string[];

/** A table as Prettier writes it; the first column is left-aligned, the others right. */
function markdown([head, ...rows]: readonly Row[]): string {
  const widths = head!.map((_, column) => Math.max(3, ...[head!, ...rows].map((row) => row[column]!.length)));
  const line = (cells: Row): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head!), line(rule), ...rows.map(line)].join('\n');
}

const tokensShown = (tokens: number): string =>
  tokens < 9.5e8 ? `${rounded(tokens / 1e6)} M` : `${(tokens / 1e9).toFixed(2)} G`;

/** Every corpus: its documents and tokens, and what its vectors take in float32. */
export function corpusTable(): string {
  const all = corpora();
  const total = {
    title: '**all**',
    documents: sum(all, (c) => c.documents),
    tokens: sum(all, (c) => c.tokens),
    queries: 0,
  };
  const rows = [...all, { ...total, queries: sum(all, (c) => c.queries) }].map(
    ({ title, documents, queries, tokens }) => [
      title,
      documents.toLocaleString('en-US'),
      queries.toLocaleString('en-US'),
      tokensShown(tokens),
      ...shapes.map(({ dimensions }) => bytes(documents * dimensions * 4)),
    ],
  );
  return markdown([['', 'documents', 'queries', 'tokens', ...shapes.map(({ name }) => `${name}: vectors`)], ...rows]);
}

/** Hours, machines and gigabytes for all of BEIR. */
export function costTable(rates: Rates): string {
  const all = corpora();
  const marco = all.find(({ title }) => title === 'MS MARCO')!;
  const documents = sum(all, (c) => c.documents);
  const tokens = sum(all, (c) => c.tokens);
  const products = sum(all, (c) => c.queries * c.documents);
  const pairTokens = sum(all, (c) => c.queries * depth * c.pairTokens);
  const hours = (count: number, rate: number, shape: Shape): number => (count / rate / 3600) * relativeCost(shape);
  const machines = (shape: Shape, days: number): string =>
    String(Math.ceil(hours(tokens, rates.fp32, shape) / 16 / 24 / days));
  const rows: [string, (shape: Shape) => string][] = [
    ['tokens per second and core, float32', (shape) => rounded(rates.fp32 / relativeCost(shape))],
    ['core hours', (shape) => rounded(hours(tokens, rates.fp32, shape))],
    ['– of these, MS MARCO', (shape) => rounded(hours(marco.tokens, rates.fp32, shape))],
    ['machines of 16 cores for one day', (shape) => machines(shape, 1)],
    ['machines of 16 cores for one week', (shape) => machines(shape, 7)],
    [
      'a shard on 16 cores',
      (shape) => duration((hours((tokens / documents) * shardTexts, rates.fp32, shape) / 16) * 3600),
    ],
    ['core hours, int8', (shape) => rounded(hours(tokens, rates.int8, shape))],
    ['dimensions', ({ dimensions }) => String(dimensions)],
    ['vectors in the store, float32', ({ dimensions }) => bytes(documents * dimensions * 4)],
    ['vectors in the store, float16', ({ dimensions }) => bytes(documents * dimensions * 2)],
    ['read once over 1 Gbit/s, for the search', ({ dimensions }) => duration((documents * dimensions * 4) / 125e6)],
    ['exact search on 4 cores', ({ dimensions }) => duration((products * dimensions) / 768 / rates.search / 4)],
    ["weights, which a machine's workers share", ({ parameters }) => bytes(parameters * 4)],
    ['cross-encoder, core hours', (shape) => rounded(hours(pairTokens, rates.fp32, shape))],
  ];
  return markdown([
    ['all of BEIR', ...shapes.map(({ name }) => name)],
    ...rows.map(([label, of]) => [label, ...shapes.map(of)]),
  ]);
}

/** What the page says in sentences. */
export function sentences(rates: Rates): string[] {
  const all = corpora();
  const queries = sum(all, (c) => c.queries);
  const pairTokens = sum(all, (c) => c.queries * depth * c.pairTokens);
  const pairs = queries * depth;
  const [base, ...others] = shapes.map((shape) => layerWeights(shape));
  return [
    `${rounded(base! / 1e6)} M for 125M`,
    `so ${others.map((weights) => rounded(weights / base!)).join(' and ')} times as much`,
    `**${Math.round(rates.fp32)} tokens per second and core**`,
    `${Math.round(rates.int8)} in int8`,
    `${(pairs / 1e6).toFixed(1)} million pairs`,
    `on average, ${Math.round(pairTokens / pairs)} tokens`,
    `${(pairTokens / 1e9).toFixed(2)} G tokens`,
    bytes(pairs * 4),
    `the ${queries.toLocaleString('en-US')} test queries`,
  ];
}
