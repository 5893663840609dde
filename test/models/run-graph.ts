import { InferenceSession, Tensor } from 'onnxruntime-node';
import { hiddenStates, type Architecture } from '../../src/models/architectures/architecture.js';
import { architectureOf } from '../../src/models/architectures/index.js';
import { openCheckpoint, type Checkpoint } from '../../src/models/checkpoint/checkpoint.js';
import { encoderGraph } from '../../src/models/graphs/encoder-graph.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { Modules } from '../../src/models/onnx/modules.js';
import { scorerGraph } from '../../src/models/graphs/scorer-graph.js';
import { Tokens } from '../../src/models/onnx/tokens.js';
import { Weights } from '../../src/models/onnx/weights.js';
import { packFeeds, packQueries } from '../../src/models/scoring/packing.js';
import { embeddingViews } from '../../src/models/pooling/poolings.js';

/** A model folder without a tokenizer: its graphs are run on token ids, in this process. */
export interface RawModel {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
}

export async function openRaw(folder: string): Promise<RawModel> {
  const checkpoint = await openCheckpoint(folder);
  return { checkpoint, architecture: await architectureOf(checkpoint) };
}

/** All hidden states of a text, by rows. */
export async function hiddenStatesOf(
  { checkpoint, architecture }: RawModel,
  ids: readonly number[],
): Promise<Float32Array[][]> {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, architecture.prefixes);
  const tokens = new Tokens(graph, {
    ids: graph.input('ids', 'int32', ['tokens']),
    positions: graph.input('positions', 'int32', ['tokens']),
  });
  const { layers, hiddenSize, outputSize } = architecture;
  hiddenStates(architecture, new Modules(graph, weights), tokens).forEach((state, layer) => {
    graph.output(`${layer}`, state, ['tokens', layer === layers ? outputSize : hiddenSize]);
  });
  const states = await run(
    { graph: graph.serialize(), weightsFolder: weights.folder },
    {
      ids: int32(ids),
      positions: int32([...ids.keys()]),
    },
  );
  return states.map((state) => {
    const size = state.length / ids.length;
    return ids.map((_, row) => state.subarray(row * size, (row + 1) * size));
  });
}

/** The vectors of a text, by the names of the views. */
export async function vectorsOf(
  { checkpoint, architecture }: RawModel,
  ids: readonly number[],
  poolings: readonly string[],
  layers: readonly (number | 'all')[] = [],
): Promise<Record<string, Float32Array>> {
  const views = embeddingViews(poolings, layers, architecture);
  const vectors = await run(encoderGraph(architecture, checkpoint, views), { ids: int32(ids) });
  return Object.fromEntries(views.map(({ name }, i) => [name, vectors[i]!]));
}

/** The log-probabilities of each query's tokens after the context, all worked out in one run. */
export async function logProbabilitiesOf(
  { checkpoint, architecture }: RawModel,
  context: readonly number[],
  queries: readonly (readonly number[])[],
): Promise<number[][]> {
  const limits = { maxTokens: architecture.maxTokens, instructionTokens: 0, maxQueryTokens: 1000 };
  const [pack] = packQueries(context, queries, limits);
  const feeds = Object.entries(packFeeds(pack!)).map(([name, { type, data, dims }]) => [
    name,
    new Tensor(type, data, dims),
  ]);
  const model = scorerGraph(architecture, checkpoint);
  const [values] = await run(model, Object.fromEntries(feeds) as Record<string, Tensor>);
  let start = 0;
  return queries.map(({ length }) => [...values!.subarray(start, (start += length))]);
}

/** Runs a graph once, in this process. */
export async function run(
  { graph, weightsFolder }: { readonly graph: Uint8Array; readonly weightsFolder: string },
  feeds: Record<string, Tensor>,
): Promise<Float32Array[]> {
  const session = await InferenceSession.create(graph, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
  });
  try {
    const results = await session.run(feeds);
    return session.outputNames.map((name) => results[name]!.data as Float32Array);
  } finally {
    await session.release();
  }
}

export function int32(values: readonly number[]): Tensor {
  return new Tensor('int32', Int32Array.from(values), [values.length]);
}
