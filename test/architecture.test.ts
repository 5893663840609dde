import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const laws = JSON.parse(readFileSync(join(root, 'architecture.json'), 'utf8')) as Record<
  string,
  Record<string, string[]>
>;

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file}`);

/** The modules of src that a file imports, statically or dynamically. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => relative(root, resolve(root, dirname(file), fileName)).replace(/\.js$/, '.ts'));
}

/** The room of a folder that a file lies in: the name of a subfolder, or "." for the folder itself; undefined elsewhere. */
function roomOf(folder: string, file: string): string | undefined {
  if (!file.startsWith(`${folder}/`)) return undefined;
  const [first, ...rest] = file.slice(folder.length + 1).split('/');
  return rest.length === 0 ? '.' : first;
}

/** Imports between the rooms of a folder, as `from -> to`, with the files that have them. */
function arrowsIn(folder: string): Map<string, string[]> {
  const arrows = new Map<string, string[]>();
  for (const file of files) {
    for (const imported of importsOf(file)) {
      const [from, to] = [roomOf(folder, file), roomOf(folder, imported)];
      if (from === undefined || to === undefined || from === to) continue;
      const arrow = `${from} -> ${to}`;
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), `${file} imports ${imported}`]);
    }
  }
  return arrows;
}

describe.each(Object.entries(laws))('the rooms of %s', (folder, law) => {
  const permitted = Object.entries(law).flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`));
  const arrows = arrowsIn(folder);

  it('are all named in architecture.json', () => {
    const rooms = new Set(files.flatMap((file) => roomOf(folder, file) ?? []));
    expect([...rooms].sort()).toEqual(Object.keys(law).sort());
  });

  it('import only what architecture.json allows', () => {
    const forbidden = [...arrows].filter(([arrow]) => !permitted.includes(arrow)).flatMap(([, where]) => where);
    expect(forbidden).toEqual([]);
  });

  it('use every permission that they have', () => {
    expect(permitted.filter((arrow) => !arrows.has(arrow))).toEqual([]);
  });

  it('stand in an order: none depends on itself by way of others', () => {
    const visit = (room: string, path: readonly string[]): void => {
      if (path.includes(room)) throw new Error(`circle: ${[...path, room].join(' -> ')}`);
      for (const next of law[room] ?? []) visit(next, [...path, room]);
    };
    for (const room of Object.keys(law)) visit(room, []);
  });
});

describe('the files of src', () => {
  it('are read at all', () => {
    expect(importsOf('src/cli/main.ts')).toContain('src/cli/verbs.ts');
  });

  it('have no import cycle', () => {
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
