import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { InputHealth } from '../core/health.js';
import type { Profile } from '../core/profile.js';
import type { ReadyShard, Runner, RunnerContext, SystemOutput } from '../core/runner.js';
import type { ShardPart } from '../core/shards.js';
import type { SystemInfo } from '../core/system.js';
import type { Similarity } from '../core/system-fields.js';
import type { Task } from '../core/task.js';
import type { UsebNormalization } from '../core/useb.js';
import { embed, systemOf, textShard, viewInputs, viewMakers, type Shard, type StoredEncoder } from './embedding.js';
import { searchView, type ViewSearch } from './search-view.js';
import { TextReader, textSequence, textStyle } from './task-texts.js';
import { timed } from './timing.js';
import { usageMeter } from './usage.js';
import { bytesPerVector, formSettings, formsOf, type FormFields, type VectorForm } from './vector-forms.js';
import { scoreUseb, usebSequences } from './useb-similarity.js';

export interface BiEncoderUse {
  /** Threads of the search. */
  readonly threads: number;
  /** Normalization on USEB's tasks. Default: `by-task`. */
  readonly normalize?: UsebNormalization;
  /** Similarity on retrieval tasks. Default: the model's own, else cosine. */
  readonly similarity?: Similarity | null;
  /** Forms of the vectors on retrieval tasks, each a system. Default: the vectors as they are. */
  readonly forms?: FormFields;
}

/**
 * SGPT-BE and any other encoder: embeds texts, then searches exactly, or compares pairs on USEB's tasks. Returns
 * one system per view of the encoder; all views come from one forward pass per text.
 */
export function biEncoderRunner(stored: StoredEncoder, use: BiEncoderUse): Runner {
  const { encoder } = stored;
  const { threads, normalize = 'by-task' } = use;
  const similarity = use.similarity ?? encoder.similarity ?? 'cosine';
  const usageSinceLast = usageMeter(encoder);
  let reader: { readonly task: Task; readonly profile: Profile; readonly texts: TextReader } | undefined;
  const { forms = { dimensions: [], precision: ['float32'], rescore: null } } = use;
  const searched = encoder.views.flatMap((view, i) => formsOf(forms, view).map((form) => ({ view: i, form })));
  const systemsOn = (task: Task): SystemInfo[] =>
    task.kind === 'useb'
      ? encoder.views.map((view) => systemOf(stored, view, { normalize }))
      : searched.map(({ view, form }) => systemOf(stored, encoder.views[view]!, formSettings(form, similarity), form));
  return {
    systemsOn,
    async run(task, { topK }, context) {
      const systems = systemsOn(task);
      if (task.kind === 'useb') {
        const { views, computed } = await scoreUseb(stored, task, { normalize, threads }, context);
        const work = { texts: computed, ...usageSinceLast() };
        return views.map(({ scores, seconds, health }, view) => ({
          system: systems[view]!,
          output: { kind: 'useb', scores },
          cost: { seconds, ...work },
          health,
        }));
      }
      const searches = searched.map((one) => ({ ...one, topK, threads, similarity }));
      return retrieve(stored, task, systems, searches, usageSinceLast, context);
    },
    async fill(task, _, context) {
      const names = task.kind === 'retrieval' ? ['queries', 'documents'] : usebSequences(task);
      const style = textStyle(encoder, context.profile);
      for (const name of names) await embed(stored, textSequence(task, name, style), context);
    },
    async openShard(task, part, profile) {
      if (reader?.task !== task || reader.profile !== profile) {
        await reader?.texts.close();
        reader = { task, profile, texts: new TextReader(task, textStyle(encoder, profile)) };
      }
      return openTextShard(stored, task, part, reader.texts);
    },
    stored: encoder,
    async close() {
      await reader?.texts.close();
      await encoder.close();
    },
  };
}

async function retrieve(
  stored: StoredEncoder,
  task: RetrievalTask,
  systems: readonly SystemInfo[],
  searches: readonly (ViewSearch & { readonly form: VectorForm })[],
  used: ReturnType<typeof usageMeter>,
  context: RunnerContext,
): Promise<SystemOutput[]> {
  const encoding: Record<string, number> = {};
  const style = textStyle(stored.encoder, context.profile);
  const [queries, documents] = await timed(encoding, 'encode', async () => [
    await embed(stored, textSequence(task, 'queries', style), context),
    await embed(stored, textSequence(task, 'documents', style), context),
  ]);
  const work = { texts: queries.computed + documents.computed, ...used() };
  const outputs: SystemOutput[] = [];
  for (const [i, search] of searches.entries()) {
    const { view, form } = search;
    const seconds = { ...encoding };
    const run = await timed(seconds, 'search', () =>
      searchView(stored, queries.shards, documents.shards, search, context),
    );
    const health = healthOf(task, queries.shards, documents.shards, view);
    const vectorBytes = bytesPerVector(form, stored.encoder.views[view]!, stored.store.dtype);
    const cost = { seconds, ...work, vectorBytes };
    outputs.push({ system: systems[i]!, output: { kind: 'ranking', run }, cost, health });
  }
  return outputs;
}

function healthOf(
  task: RetrievalTask,
  queries: readonly Shard[],
  documents: readonly Shard[],
  view: number,
): InputHealth {
  const embedded = documents.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    inputs: { queries: viewInputs(queries, view), documents: viewInputs(documents, view) },
    droppedDocuments: task.facts.documents - embedded,
    makers: viewMakers([...queries, ...documents], view),
  };
}

async function openTextShard(
  { encoder }: StoredEncoder,
  task: Task,
  part: ShardPart,
  texts: TextReader,
): Promise<ReadyShard> {
  if (part.kind !== 'texts') throw new InputError(`${task.name}: the job asks an encoder for scores of pairs`);
  return textShard(encoder, await texts.read(part.sequence, part.first, part.count), part.role);
}
