import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts session-worker.js as a process, or session-worker.ts through tsx where the sources run without having been compiled. */
export function startWorker(): ChildProcess {
  const compiled = import.meta.url.endsWith('.js');
  const path = fileURLToPath(new URL(compiled ? './session-worker.js' : './session-worker.ts', import.meta.url));
  return fork(path, {
    execArgv: compiled ? [] : ['--import', import.meta.resolve('tsx')],
    // Structured clone: typed arrays stay typed arrays.
    serialization: 'advanced',
    // On CUDA, ONNX Runtime would round the factors of products to ten bits where the processor can (TF32), and call it float32.
    env: { ...process.env, NVIDIA_TF32_OVERRIDE: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}
