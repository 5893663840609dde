import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const allowed = JSON.parse(readFileSync(join(root, 'architecture.json'), 'utf8')) as Record<string, string[]>;

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const partOf = (file: string): string => file.split('/')[0]!;

/** The modules of src that a file imports, statically or dynamically. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(source, file), 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => relative(source, resolve(source, dirname(file), fileName)).replace(/\.js$/, '.ts'));
}

describe('architecture', () => {
  it('names every part of src', () => {
    expect([...new Set(files.map(partOf))].sort()).toEqual(Object.keys(allowed).sort());
  });

  it('reads imports at all', () => {
    expect(importsOf('evaluate.ts')).toContain('measures/index.ts');
    expect(importsOf('cli/main.ts')).toContain('cli/run.ts');
  });

  it.each(files)('%s imports only what architecture.json allows', (file) => {
    const forbidden = importsOf(file).filter(
      (imported) => partOf(imported) !== partOf(file) && !allowed[partOf(file)]!.includes(partOf(imported)),
    );
    expect(forbidden).toEqual([]);
  });

  it('has no import cycle between files', () => {
    const graph = new Map(files.map((file) => [file, importsOf(file)]));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) throw new Error(`import cycle: ${[...path, file].join(' -> ')}`);
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(done.size).toBe(files.length);
  });
});
