import { Option } from 'commander';
import { InputError } from '../core/errors.js';
import type { BenchPlan } from '../pipeline/run-plan.js';
import { positive, positiveNumber } from './options.js';

/** What is said of hosted models. */
export interface HostedOptions {
  readonly endpoint?: string;
  readonly apiKeyEnv?: string;
  readonly tokenizer?: string;
  readonly maxTokens?: number;
  readonly batchSize?: number;
  readonly concurrency?: number;
  readonly parameters?: number;
  readonly pricePerMillion?: number;
}

/** The options of `run` for hosted models (`--model openai:NAME`). */
export function hostedOptions(): Option[] {
  const option = (flags: string, description: string): Option => new Option(flags, `hosted models: ${description}`);
  return [
    option('--endpoint <url>', "base of an OpenAI-compatible server's paths (default: https://api.openai.com/v1)"),
    option('--api-key-env <name>', 'environment variable with the key (default: OPENAI_API_KEY)'),
    option('--tokenizer <dir>', "folder with the model's tokenizer.json: send token ids instead of text"),
    option('--max-tokens <n>', 'longest input, with --tokenizer').argParser(positive),
    option('--batch-size <n>', 'texts or pairs a request (default: 32)').argParser(positive),
    option('--concurrency <n>', 'requests at a time (default: 4)').argParser(positive),
    option('--parameters <n>', 'size of the model, for the plot by size').argParser(positiveNumber),
    option('--price-per-million <x>', 'price of a million tokens, for the record of costs').argParser(positiveNumber),
  ];
}

/** @throws InputError for options of hosted models where none is asked for */
export function remotePlan(models: readonly string[], options: HostedOptions): BenchPlan['remote'] {
  const { endpoint, apiKeyEnv, tokenizer, maxTokens, batchSize, concurrency, parameters, pricePerMillion } = options;
  const remote = { endpoint, apiKeyEnv, tokenizer, maxTokens, batchSize, concurrency, parameters, pricePerMillion };
  const given = Object.entries(remote).find(([, value]) => value !== undefined);
  if (given === undefined || models.some((model) => model.startsWith('openai:'))) return remote;
  const flag = given[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new InputError(`--${flag} is for hosted models; expected one with --model openai:NAME`);
}
