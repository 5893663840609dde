import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { createBiEncoder } from '../../src/models/index.js';
import { openModel } from '../../src/models/loading/open-model.js';
import { temporaryFolder } from '../helpers/folder.js';
import { formulaTensors, type Shapes } from './formula-checkpoint.js';
import { golden, relativeError } from './goldens.js';
import { hiddenStatesOf } from './run-graph.js';
import { writeTensors } from './safetensors-writer.js';

/** What tools/goldens/models/lora.py computed. */
interface LoraCase {
  readonly name: string;
  readonly base: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Shapes;
  readonly ids: number[];
  readonly last: number[][];
}
const { cases } = golden('lora') as { cases: readonly LoraCase[] };

/** Folders `base` and `adapter` beside each other. @returns the adapter's */
function foldersOf({ base, config, tensors }: LoraCase, changes: object = {}): string {
  const parent = temporaryFolder();
  process.env['SGPT_BENCH_CACHE'] = join(parent, 'cache');
  const [baseFolder, adapter] = [join(parent, 'base'), join(parent, 'adapter')];
  mkdirSync(baseFolder);
  mkdirSync(adapter);
  const whole = golden(`architectures/${base}`) as { config: object; tensors: Shapes };
  const { tokenizer } = golden('tokenizers/gpt2') as { tokenizer: { model: object } };
  const small = { ...tokenizer, added_tokens: [], model: { ...tokenizer.model, vocab: { a: 0, b: 1 }, merges: [] } };
  writeFileSync(join(baseFolder, 'config.json'), JSON.stringify(whole.config));
  writeFileSync(join(baseFolder, 'tokenizer.json'), JSON.stringify(small));
  writeTensors(join(baseFolder, 'model.safetensors'), formulaTensors(whole.tensors));
  writeFileSync(join(adapter, 'adapter_config.json'), JSON.stringify({ ...config, ...changes }));
  writeTensors(join(adapter, 'adapter_model.safetensors'), formulaTensors(tensors));
  return adapter;
}

describe('a LoRA adapter', () => {
  it.each(cases)('$name has the hidden states that PEFT has', async (made) => {
    const model = await openModel(foldersOf(made), 'fp32');
    const last = (await hiddenStatesOf(model, made.ids)).at(-1)!;
    made.last.forEach((row, i) => {
      expect(relativeError(last[i]!, row)).toBeLessThan(1e-5);
    });
  });

  it('is recorded with the hashes of its files and of its base’s, and merged in int8, too', async () => {
    const model = foldersOf(cases[0]!);
    for (const dtype of ['fp32', 'int8'] as const) {
      const encoder = await createBiEncoder({ model, dtype, pooling: ['mean'], maxTokens: null, threads: 1 });
      await encoder.close();
      expect(Object.keys(encoder.model.files).sort()).toEqual([
        'adapter_config.json',
        'adapter_model.safetensors',
        'base/config.json',
        'base/model.safetensors',
        'base/tokenizer.json',
      ]);
      expect(encoder.model.id).toBe('adapter');
    }
  });

  it.each<[string, object, RegExp]>([
    ['of another kind', { peft_type: 'IA3' }, /field "peft_type"/],
    ['with weight decomposition', { use_dora: true }, /field "use_dora"/],
    ['that changes its base', { init_lora_weights: 'pissa' }, /field "init_lora_weights"/],
    ['with biases', { bias: 'all' }, /field "bias"/],
    [
      'of a base that is nowhere',
      { base_model_name_or_path: './nowhere' },
      /the base model "\.\/nowhere" cannot be opened/,
    ],
    ['of other layouts', { fan_in_fan_out: true }, /has shape \[\d+, \d+\]; the base's "model\.layers\.\d\.self_attn/],
  ])('%s is refused', async (_, changes, message) => {
    const model = foldersOf(cases[0]!, changes);
    await expect(openModel(model, 'fp32')).rejects.toThrow(InputError);
    await expect(openModel(model, 'fp32')).rejects.toThrow(message);
  });

  it('whose own config.json asks for a class that is not known is refused', async () => {
    const model = foldersOf(cases[0]!);
    const { config } = golden('architectures/llama') as { config: object };
    writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, architectures: ['LlamaEncoderModel'] }));
    await expect(openModel(model, 'fp32')).rejects.toThrow('the class LlamaEncoderModel is not known');
  });

  it('for other layers is refused', async () => {
    const other = cases[0]!.tensors.map(([name, shape]) => [name.replace('layers.0', 'layers.7'), shape] as const);
    await expect(openModel(foldersOf({ ...cases[0]!, tensors: other }), 'fp32')).rejects.toThrow(
      'which the adapter changes; the base of another adapter?',
    );
  });
});
