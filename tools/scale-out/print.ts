/** Prints the tables of docs/scale-out.md as they follow from docs/performance.md: `npx tsx tools/scale-out/print.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusTable, costTable, readRates } from './arithmetic.js';

const rates = readRates(readFileSync(join(import.meta.dirname, '../../docs/performance.md'), 'utf8'));
process.stdout.write(`${corpusTable()}\n\n${costTable(rates)}\n`);
