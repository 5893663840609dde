import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { field, systemFields } from '../../src/core/system-fields.js';
import {
  completeSpec,
  fields,
  flagOf,
  isDefault,
  modelSettings,
  ruleOf,
  sentPart,
  sentSpecSchema,
  systemSpecSchema,
  type StatedSettings,
} from '../../src/core/system-spec.js';

const vectors = {
  ...{ brackets: 'none', embedPrompt: null, attention: null, maxTokens: 12, device: 'cpu' },
  ...{ queryPrompt: null, documentPrompt: null, instruction: null },
};

describe('the table of fields', () => {
  it('does not compile without saying how a field enters the key, the job and the record', () => {
    const shown = { value: '<x>', help: 'a new option', group: 'computing' } as const;
    // @ts-expect-error: the key is missing
    field(z.string(), { job: 'sent', record: 'settings', ...shown });
    // @ts-expect-error: the job is missing
    field(z.string(), { key: 'vectors', record: 'settings', ...shown });
    // @ts-expect-error: the record is missing
    field(z.string(), { key: 'vectors', job: 'sent', ...shown });
    expect(Object.keys(systemFields)).toEqual(Object.keys(systemSpecSchema.shape));
  });

  it('does not compile where an encoder forgets a field that its vectors depend on', () => {
    // @ts-expect-error: the device is missing
    const settings: StatedSettings['local vectors'] = { brackets: 'none', embedPrompt: null, maxTokens: 12 };
    expect(settings).not.toHaveProperty('device');
  });

  it('sends what a stored number depends on to workers, hosted models apart, which no queue takes', () => {
    for (const field of fields) {
      const { key, job, models } = ruleOf(field);
      if (key !== 'nothing' && models !== 'hosted') expect(job, field).toBe('sent');
    }
  });

  it('records every setting that a key hashes', () => {
    for (const field of fields) {
      const { key, record } = ruleOf(field);
      if (key === 'vectors' || key === 'scores' || key === 'both') expect(record, field).toBe('settings');
      if (key === 'model') expect(record, field).toBe('model');
      if (key !== 'nothing') expect(record, field).not.toBe('command');
    }
  });

  it('says why where some models cannot take a field', () => {
    for (const field of fields) expect(ruleOf(field).why === undefined).toBe(ruleOf(field).models === undefined);
  });
});

describe('a spec', () => {
  it('is whole with nothing but a runner', () => {
    const spec = completeSpec({ runner: 'bm25' });
    expect(Object.keys(spec)).toEqual(fields);
    for (const field of fields) expect(isDefault(field, spec[field]), field).toBe(field !== 'runner');
  });

  it('refuses fields and values that it does not know', () => {
    expect(() => completeSpec({ runner: 'bm25', poolings: [] } as never)).toThrow(/poolings/);
    expect(() => completeSpec({ runner: 'bm25', dtype: 'fp4' } as never)).toThrow(/fp32/);
    expect(() => completeSpec({ runner: 'bm25', depth: 0 })).toThrow();
  });

  it('goes to workers and back without a change to what is sent', () => {
    const spec = completeSpec({ runner: 'bi-encoder', model: 'm', layer: [3, 'all'], pooling: ['mean'], depth: 7 });
    const sent = sentSpecSchema.parse(JSON.parse(JSON.stringify(sentPart(spec))));
    expect(sent).toEqual(sentPart(spec));
    expect(completeSpec(sent)).toEqual({ ...spec, depth: 100 });
  });

  it('has options of the command line named after its fields', () => {
    expect(fields.map(flagOf)).toEqual(expect.arrayContaining(['--embed-prompt', '--api-key-env', '--bm25']));
  });
});

describe('settings of a model', () => {
  it('leave out omitted values, so that keys and records are those from before the field existed', () => {
    expect(modelSettings('local vectors', vectors, { lowerCase: true })).toEqual({
      brackets: 'none',
      maxTokens: 12,
      lowerCase: true,
    });
    expect(modelSettings('local vectors', { ...vectors, device: 'cuda' })).toHaveProperty('device', 'cuda');
    expect(modelSettings('local vectors', { ...vectors, maxTokens: null })).toHaveProperty('maxTokens', null);
  });
});
