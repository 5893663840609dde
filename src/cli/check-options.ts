import { Command } from 'commander';
import { InputError } from '../core/errors.js';
import { defaultLimits, defaultTolerance, requireLimits, smallestAlpha } from '../results/check/limits.js';
import type { GateLimits } from '../results/check/limits.js';
import { decimalNumber, list } from './options.js';

/** The options of `check` as typed. */
export interface CheckOptions {
  readonly baseline?: string;
  readonly published?: boolean;
  readonly results: string;
  readonly maxDrop?: number;
  readonly alpha?: number;
  readonly largeDrop?: number;
  readonly tolerance?: number;
  readonly update?: boolean;
  readonly measure?: readonly string[];
  readonly newest?: boolean;
  readonly summary?: string;
  readonly junit?: string;
  readonly annotate?: boolean;
  readonly json?: boolean;
}

/** What is checked: results against a baseline, a new baseline, or results against published scores. */
export type CheckMode =
  | { readonly kind: 'baseline' | 'update'; readonly path: string; readonly limits: GateLimits }
  | { readonly kind: 'published'; readonly tolerance: number };

/** Options that only some modes can use: property, option, and the option that it needs. */
const needs = [
  ['maxDrop', '--max-drop', '--baseline'],
  ['alpha', '--alpha', '--baseline'],
  ['largeDrop', '--large-drop', '--baseline'],
  ['newest', '--newest', '--baseline'],
  ['update', '--update', '--baseline'],
  ['measure', '--measure', '--update'],
  ['tolerance', '--tolerance', '--published'],
] as const;

const inUnits = "in the measure's unit";

/** Adds the options of `check`. Defaults are not commander's, so that an option that was given can be told from one that was not. */
export function addCheckOptions(command: Command): Command {
  const { maxDrop, alpha, largeDrop } = defaultLimits;
  return command
    .option('--baseline <file>', 'the baseline to compare with')
    .option('--published', 'compare with published scores')
    .option('--results <dir>', 'results folder to check', 'results')
    .option(
      '--max-drop <x>',
      `largest drop of a mean that always passes, ${inUnits} (default: ${maxDrop})`,
      decimalNumber({ to: 1 }),
    )
    .option(
      '--alpha <p>',
      `significance level of a drop (default: ${alpha})`,
      decimalNumber({ from: smallestAlpha, to: 1 }),
    )
    .option(
      '--large-drop <x>',
      `a larger drop fails, significant or not (default: ${largeDrop})`,
      decimalNumber({ to: 1 }),
    )
    .option(
      '--tolerance <x>',
      `largest difference from a published score that passes (default: ${defaultTolerance})`,
      decimalNumber({ to: 1 }),
    )
    .option('--update', 'write these results as the new baseline')
    .option('--measure <names>', "measures to gate (default: the old baseline's; else the main one and R@100)", list)
    .option('--newest', 'if several results have the same task and system, use the one that was written last')
    .option('--summary <file>', 'write a Markdown summary')
    .option('--junit <file>', 'write JUnit XML')
    .option('--annotate', 'print annotations for GitHub Actions')
    .option('--json', 'print JSON');
}

/** @throws InputError for options that the mode could not use, and for limits that contradict each other */
export function checkModeOf(options: CheckOptions): CheckMode {
  const { baseline, published, update } = options;
  if (baseline === undefined && published !== true)
    throw new InputError('nothing to check against: give a baseline with --baseline FILE, or --published');
  if (baseline !== undefined && published === true)
    throw new InputError('--baseline and --published are two checks; run one after the other');
  const given = {
    '--baseline': baseline !== undefined,
    '--update': update === true,
    '--published': published === true,
  };
  for (const [property, option, needed] of needs)
    if (options[property] !== undefined && !given[needed])
      throw new InputError(`${option} has no use without ${needed}; leave it out, or add ${needed}`);
  if (baseline === undefined) return { kind: 'published', tolerance: options.tolerance ?? defaultTolerance };
  const { maxDrop = defaultLimits.maxDrop, alpha = defaultLimits.alpha } = options;
  const limits = { maxDrop, alpha, largeDrop: options.largeDrop ?? defaultLimits.largeDrop };
  requireLimits(limits);
  return { kind: update === true ? 'update' : 'baseline', path: baseline, limits };
}
