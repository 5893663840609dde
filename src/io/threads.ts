import { Worker } from 'node:worker_threads';

/**
 * Starts a module of this project in a thread: compiled JavaScript directly, TypeScript sources through tsx, which is
 * registered here because threads of Node 20 ignore `--import`.
 * @param importer `import.meta.url` of the calling module
 * @param name of a module in the same folder, without extension
 */
export function startThread(importer: string, name: string): Worker {
  if (importer.endsWith('.js')) return new Worker(new URL(`./${name}.js`, importer));
  const module = JSON.stringify(new URL(`./${name}.ts`, importer).href);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import { register } from ${tsx}; register(); await import(${module});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
}
