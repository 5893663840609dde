import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Libraries that are embedded in a page, from the installed packages. */
const libraries = [
  {
    name: 'Apache ECharts',
    file: 'echarts/dist/echarts.min.js',
    licence:
      'Apache ECharts, Copyright 2017-2026 The Apache Software Foundation, Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0. This product includes software developed at The Apache Software Foundation (https://www.apache.org/).',
  },
  {
    name: 'Tabulator',
    file: 'tabulator-tables/dist/js/tabulator.min.js',
    licence: 'Tabulator, Copyright (c) Oliver Folkerd, MIT License, https://opensource.org/license/mit.',
  },
];

/** The files of the page's script, each after those that it imports. */
const scripts = ['dom', 'tables', 'queries', 'charts', 'main'];

export interface Assets {
  /** The page's script. */
  readonly script: string;
  /** Each library as base64 of gzip, which the page unpacks. Its licence comments stay inside. */
  readonly libraries: readonly { readonly name: string; readonly licence: string; readonly packed: string }[];
  readonly tableStyle: string;
}

/** Reads everything that is embedded in a page. */
export async function loadAssets(): Promise<Assets> {
  const require = createRequire(import.meta.url);
  const text = (file: string): Promise<string> => readFile(require.resolve(file), 'utf8');
  const [script, tableStyle, ...packed] = await Promise.all([
    pageScript(),
    text('tabulator-tables/dist/css/tabulator.min.css'),
    ...libraries.map(async ({ file }) => pack(await text(file))),
  ]);
  return {
    script,
    tableStyle: tableStyle.replace(/\/\*# sourceMappingURL=.*?\*\//, ''),
    libraries: libraries.map(({ name, licence }, i) => ({ name, licence, packed: packed[i]! })),
  };
}

/** Joins the files of the page's script into one module, because a page opened from disk cannot import others. */
async function pageScript(): Promise<string> {
  const files = scripts.map((name) => readFile(new URL(`./page/${name}.js`, import.meta.url), 'utf8'));
  return (await Promise.all(files)).map(withoutModules).join('\n');
}

/** Removes imports, exports, and the reference to a source map, which is not embedded. */
function withoutModules(script: string): string {
  return script
    .replace(/^import .*;$/gm, '')
    .replace(/^export (?!\{)/gm, '')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

/** Encodes text as base64 of gzip; the page decodes it with DecompressionStream. */
export async function pack(text: string): Promise<string> {
  const compressed = await promisify(gzip)(text, { level: 9 });
  // Byte 9 names the operating system (RFC 1952); the same text must give the same bytes everywhere.
  compressed[9] = 255;
  return compressed.toString('base64');
}
