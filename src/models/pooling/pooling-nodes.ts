import type { Value } from '../onnx/graph.js';
import type { PoolingEntry, PoolingFormula } from './pooling-table.js';
import { poolingEntry, type PooledView } from './poolings.js';
import type { TextRows } from './text-rows.js';

/** Inputs of the poolings in a graph. */
export interface PooledStates {
  /** Hidden states in the order of the layers, each [tokens, size]; the last entry is the last layer's. */
  readonly states: readonly Value[];
  /** Adds the checkpoint's own pooler to the graph; null if it has none. */
  readonly pooler: ((pooled: Value) => Value) | null;
}

/** Adds graph nodes that pool hidden states of one text or of several. */
export class PoolingNodes {
  private readonly cache = new Map<PoolingFormula, Map<Value, Value>>();

  constructor(
    readonly texts: TextRows,
    private readonly model: PooledStates,
  ) {}

  /** Vectors of a view, [texts, size]. */
  view({ pooling, layer }: Pick<PooledView, 'pooling' | 'layer'>): Value {
    return this.pooled(poolingEntry(pooling), layer);
  }

  /**
   * Vectors of a pooling, [texts, size].
   * @param layer see {@link hidden}; used only by poolings that take `one` layer
   */
  pooled({ takes, nodes }: PoolingEntry, layer: number): Value {
    const { states, pooler } = this.model;
    switch (takes) {
      case 'one':
        return this.once(nodes, this.hidden(layer));
      case 'all':
        return this.texts.graph.op(
          'Mean',
          states.map((state) => this.once(nodes, state)),
        );
      case 'pooler':
        if (pooler === null) throw new Error('this model has no pooler');
        return pooler(this.once(nodes, this.hidden(-1)));
    }
  }

  /** Hidden state of a layer, [tokens, size]: 0 for the embeddings, -1 for the last layer. */
  hidden(layer: number): Value {
    const hidden = this.model.states.at(layer);
    if (hidden === undefined) throw new Error(`there is no hidden state ${layer}`);
    return hidden;
  }

  /** Applies a formula to a hidden state. Poolings with the same formula share the nodes. */
  private once(formula: PoolingFormula, hidden: Value): Value {
    const byState = this.cache.get(formula) ?? new Map<Value, Value>();
    const value = byState.get(hidden) ?? formula(this.texts, hidden);
    this.cache.set(formula, byState.set(hidden, value));
    return value;
  }
}
