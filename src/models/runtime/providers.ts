import { fileURLToPath } from 'node:url';
import type { Device } from '../../core/system-fields.js';

/** ONNX Runtime's settings for a device. */
export interface Provider {
  /** ONNX Runtime's name of the execution provider. */
  readonly name: string;
  /** True if texts are run in batches: one text keeps a processor busy, but not a GPU. */
  readonly batches: boolean;
  /** Environment variables of the worker processes. */
  readonly environment: Readonly<Record<string, string>>;
  /** Returns the device's requirements and how to meet them, for the error message if it cannot be used. */
  needs(): string;
}

/** The table of devices. To add one, add its name to `devices` (core/system-fields.ts) and a row here. */
export const providers: Readonly<Record<Device, Provider>> = {
  cpu: { name: 'cpu', batches: false, environment: {}, needs: () => 'it needs nothing but a supported processor' },
  cuda: {
    name: 'cuda',
    batches: true,
    // By default, ONNX Runtime rounds the factors of float32 products to ten bits on GPUs that support it (TF32).
    environment: { NVIDIA_TF32_OVERRIDE: '0' },
    needs: () =>
      "it needs Linux on x64 with NVIDIA's driver and CUDA, and the libraries that " +
      `"node ${installScript()} --onnxruntime-node-install" fetches`,
  },
};

function installScript(): string {
  return fileURLToPath(new URL('../script/install.js', import.meta.resolve('onnxruntime-node')));
}
