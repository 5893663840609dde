/**
 * The table of runners. To add one: a file in this folder that returns a `Runner` (core/runner.ts), and a row here; its own
 * options are rows in core/system-fields.ts. All other code reads this table.
 */
import { unknownName } from '../core/errors.js';
import type { Profile } from '../core/profile.js';
import { candidateFields, encoderFields, hostedFields, scorerFields } from '../core/system-fields.js';
import { flagOf, isDefault, isHosted, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { familyOf, knownInstruction } from '../models/hub/families.js';
import { exampleRequirement } from '../models/scoring/prompts.js';
import { runnerKind, type RunnerKind } from './runner-kind.js';

export type { OpenContext } from './open-model.js';
export type { RunnerKind } from './runner-kind.js';

/** All runners, in the order of tables and plots. */
export const runnerKinds: readonly RunnerKind[] = [
  runnerKind({
    name: 'bm25',
    description: 'lexical search by BM25',
    uses: ['bm25'],
    needsModel: false,
    reranks: false,
    type: 'sparse',
    refusal: retrievalOnly,
    profile: ({ bm25 }) => {
      const isAnserini = bm25?.startsWith('anserini') === true;
      return Promise.resolve({
        name: isAnserini ? 'trec_eval' : 'sgpt-paper',
        reason: `for BM25 ${bm25 ?? 'elasticsearch'}`,
      });
    },
    async open({ bm25 }, { profile, threads }) {
      const { bm25Runner } = await import('./bm25.js');
      return bm25Runner(bm25 ?? profile.bm25, threads);
    },
  }),
  runnerKind({
    name: 'bi-encoder',
    description: 'embeds texts and searches exactly (SGPT-BE, sentence-transformers)',
    uses: [
      'model',
      ...encoderFields,
      ...hostedFields,
      'similarity',
      'dimensions',
      'precision',
      'rescore',
      'normalize',
      'storeDtype',
    ],
    needsModel: true,
    reranks: false,
    type: 'dense',
    refusal: refusalOnUseb,
    async profile({ model, brackets }, progress) {
      if (isHosted(model)) return { name: 'mteb', reason: 'for a hosted embedding model' };
      const { defaultProfile } = await import('../models/index.js');
      return defaultProfile(model!, brackets, progress);
    },
    forTask: biEncoderFor,
    async open(spec, context) {
      const [{ biEncoderRunner }, { openEncoder }] = await Promise.all([
        import('./bi-encoder.js'),
        import('./open-model.js'),
      ]);
      const { storeDtype, normalize, similarity, dimensions, precision, rescore } = spec;
      const encoder = await openEncoder(spec, context);
      const { threads } = context;
      return biEncoderRunner(
        { encoder, store: context.store(storeDtype) },
        {
          ...{ threads, normalize, similarity },
          forms: { dimensions, precision, rescore },
        },
      );
    },
  }),
  runnerKind({
    name: 'cross-encoder',
    description: 're-ranks by log P(query | prompt with document) (SGPT-CE)',
    uses: ['model', ...scorerFields, ...hostedFields, ...candidateFields],
    needsModel: true,
    reranks: true,
    type: 'cross-encoder',
    refusal: (task) =>
      task.kind === 'retrieval' || task.dataset === 'askubuntu'
        ? null
        : 'choose --runner bi-encoder, with --model; of USEB, a cross-encoder runs only on askubuntu',
    profile: () => Promise.resolve({ name: 'sgpt-paper', reason: 'for re-ranking by log-probabilities' }),
    forTask: (spec, task) =>
      spec.prompt !== null
        ? [spec]
        : ((task.kind === 'retrieval' ? task.prompts : undefined) ?? ['G']).map((prompt) => ({ ...spec, prompt })),
    opensPerTask: ({ prompt }) => prompt !== null && exampleRequirement(prompt) !== null,
    async open(spec, context) {
      const [{ crossEncoderRunner }, { openPairScorer }] = await Promise.all([
        import('./cross-encoder.js'),
        import('./open-model.js'),
      ]);
      return crossEncoderRunner({ scorer: await openPairScorer(spec, context), store: context.store('float32') });
    },
  }),
  runnerKind({
    name: 'oracle',
    description: 'the best order of the candidates: an upper bound for re-rankers',
    uses: candidateFields,
    needsModel: false,
    reranks: true,
    type: 'bound',
    refusal: retrievalOnly,
    profile: () => Promise.resolve({ name: 'sgpt-paper', reason: 'for the bound of re-rankers' }),
    open: async () => (await import('./oracle.js')).oracleRunner(),
  }),
];

export const runnerNames: readonly string[] = runnerKinds.map(({ name }) => name);

/** The kind with this name; undefined for an unknown one, as records may hold runners of other programs. */
export function findRunnerKind(name: string): RunnerKind | undefined {
  return runnerKinds.find((kind) => kind.name === name);
}

/** @throws InputError for a name that is none of {@link runnerNames} */
export function runnerKindOf(name: string): RunnerKind {
  const kind = findRunnerKind(name);
  if (kind === undefined) throw unknownName('runner', name, runnerNames);
  return kind;
}

function retrievalOnly(task: Task): string | null {
  if (task.kind === 'retrieval') return null;
  return `choose --runner bi-encoder${task.dataset === 'askubuntu' ? ' or cross-encoder' : ''}, with --model`;
}

/** On USEB's tasks, its own measures say how vectors are compared. */
function refusalOnUseb(task: Task, spec: SystemSpec): string | null {
  if (task.kind !== 'useb') return null;
  const given = (['similarity', 'dimensions', 'precision', 'rescore'] as const).find(
    (field) => !isDefault(field, spec[field]),
  );
  return given === undefined
    ? null
    : `leave ${flagOf(given)} out: USEB's own measures say how its vectors are compared`;
}

/**
 * Symmetric tasks (USEB) get no brackets and no token limit by default, and the prompt for texts that are neither queries nor
 * documents. A task's instruction is used if the prompt has a place for it. A hosted model gets its limit when it is opened.
 */
function biEncoderFor(spec: SystemSpec, task: Task, profile: Profile): readonly SystemSpec[] {
  const { brackets, maxTokens, model } = spec;
  const byKind = (given: string): string => (task.symmetric && given === 'auto' ? 'symmetric' : given);
  const [queryPrompt, documentPrompt] = [spec.queryPrompt, spec.documentPrompt].map(byKind) as [string, string];
  const takes = takesInstruction({ model, queryPrompt, documentPrompt });
  const own = task.kind === 'retrieval' && takes ? (task.instruction ?? knownInstruction(task.name)) : null;
  const marked = {
    ...{ ...spec, queryPrompt, documentPrompt, instruction: spec.instruction ?? own },
    brackets: task.symmetric && brackets === 'auto' ? 'none' : brackets,
  };
  if (isHosted(model)) return [marked];
  const byProfile = task.symmetric ? null : profile.biEncoderTokens;
  return [{ ...marked, maxTokens: maxTokens ?? byProfile }];
}

/** True if a prompt of the system has a place for an instruction: one that is given, or its publisher's. */
function takesInstruction(spec: Pick<SystemSpec, 'model' | 'queryPrompt' | 'documentPrompt'>): boolean {
  const family = familyOf(spec.model?.replace(/^openai:/, '') ?? '');
  return (['query', 'document'] as const).some((role) => {
    const given = role === 'query' ? spec.queryPrompt : spec.documentPrompt;
    const template =
      given === 'auto' ? family?.prompts[role] : given === 'symmetric' ? family?.prompts.symmetric : given;
    return template?.includes('{instruction}') === true;
  });
}
