import { fileURLToPath } from 'node:url';
import type { Device } from '../../core/system-fields.js';

/** How ONNX Runtime is told to use a device. */
export interface Provider {
  /** ONNX Runtime's name of its execution provider. */
  readonly name: string;
  /** Whether texts are run several at a time: a processor is busy with one, a card is not. */
  readonly batches: boolean;
  /** Environment variables of the processes that run models. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the device needs, and how to get it; for the error where it cannot be used. */
  needs(): string;
}

/** The table of devices. To add one: its name in `devices` (core/system-fields.ts), and a row here. */
export const providers: Readonly<Record<Device, Provider>> = {
  cpu: { name: 'cpu', batches: false, environment: {}, needs: () => 'it needs nothing but a supported processor' },
  cuda: {
    name: 'cuda',
    batches: true,
    // Otherwise ONNX Runtime rounds the factors of products to ten bits where the card can (TF32), and calls it float32.
    environment: { NVIDIA_TF32_OVERRIDE: '0' },
    needs: () =>
      "it needs Linux on x64 with NVIDIA's driver and CUDA, and the libraries that " +
      `"node ${installScript()} --onnxruntime-node-install" fetches`,
  },
};

function installScript(): string {
  return fileURLToPath(new URL('../script/install.js', import.meta.resolve('onnxruntime-node')));
}
