import { onnxDataTypes } from '../../core/onnx-writer.js';
import { averagedPooling, type PooledView, type Pooling } from '../pooling.js';
import type { Architecture } from '../architectures/architecture.js';
import type { GraphBuilder, Value } from './graph.js';
import type { Modules } from './modules.js';

/** Adds the nodes that pool hidden states. */
export class PoolingNodes {
  private readonly graph: GraphBuilder;
  private weights: Value | undefined;
  private readonly known = new Map<string, Value>();

  /**
   * @param states all hidden states, each [tokens, size]
   * @param positions int32 [tokens], from 0
   */
  constructor(
    private readonly architecture: Architecture,
    private readonly modules: Modules,
    private readonly states: readonly Value[],
    private readonly positions: Value,
  ) {
    this.graph = modules.graph;
  }

  /** The vector of a view, [1, size]. */
  view({ pooling, layer }: Pick<PooledView, 'pooling' | 'layer'>): Value {
    const ofEachState = averagedPooling[pooling];
    if (ofEachState === undefined) return this.pool(pooling, layer);
    const vectors = this.states.map((_, state) => this.pool(ofEachState, state));
    return this.graph.op('Mean', vectors);
  }

  private pool(pooling: Pooling, layer: number): Value {
    const key = `${pooling} ${layer}`;
    const value = this.known.get(key) ?? this.poolingOf(pooling, this.states[layer]!);
    this.known.set(key, value);
    return value;
  }

  private poolingOf(pooling: Pooling, hidden: Value): Value {
    const { graph } = this;
    switch (pooling) {
      case 'weightedmean':
        return graph.op('MatMul', [this.positionWeights(), hidden]);
      case 'mean':
        return graph.op('ReduceMean', [hidden, graph.integers([0])], { keepdims: 1 });
      case 'max':
        return graph.op('ReduceMax', [hidden, graph.integers([0])], { keepdims: 1 });
      case 'lasttoken':
        return graph.op('Gather', [hidden, graph.integers([-1])], { axis: 0 });
      case 'cls':
        return graph.op('Gather', [hidden, graph.integers([0])], { axis: 0 });
      case 'pooler':
        if (this.architecture.pooler === null) throw new Error('this model has no pooler');
        return this.architecture.pooler(this.modules, hidden);
      case 'meanmean':
      case 'lasttokenmean':
        throw new Error(`${pooling} is made of the poolings of single hidden states`);
    }
  }

  /** wᵢ = i / Σ j for i = 1 … S, as a row [1, S]. */
  private positionWeights(): Value {
    const { graph } = this;
    if (this.weights === undefined) {
      const ranks = graph.op('Cast', [graph.op('Add', [this.positions, graph.integer(1)])], {
        to: onnxDataTypes.float32,
      });
      const row = graph.op('Unsqueeze', [ranks, graph.integers([0])]);
      this.weights = graph.op('Div', [row, graph.op('ReduceSum', [row], { keepdims: 1 })]);
    }
    return this.weights;
  }
}
