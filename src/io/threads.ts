import { Worker } from 'node:worker_threads';

/**
 * Starts a module of this project in a thread: compiled JavaScript as it is, TypeScript sources through tsx (which a
 * thread of Node 20 does not load by `--import`).
 * @param importer `import.meta.url` of the module that asks
 * @param name of a module beside it, without folder and extension
 */
export function startThread(importer: string, name: string): Worker {
  if (importer.endsWith('.js')) return new Worker(new URL(`./${name}.js`, importer));
  const module = JSON.stringify(new URL(`./${name}.ts`, importer).href);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import { register } from ${tsx}; register(); await import(${module});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
}
