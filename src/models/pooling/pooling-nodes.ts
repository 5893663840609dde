import type { Value } from '../onnx/graph.js';
import type { PoolingEntry, PoolingFormula } from './pooling-table.js';
import { poolingEntry, type PooledView } from './poolings.js';
import type { TextRows } from './text-rows.js';

/** The hidden states of a graph that poolings are made from. */
export interface PooledStates {
  /** Each [tokens, size], the last one at the end. */
  readonly states: readonly Value[];
  /** Adds the checkpoint's own pooler, null where it has none. */
  readonly pooler: ((pooled: Value) => Value) | null;
}

/** Adds the nodes that pool hidden states, of one text or of several. */
export class PoolingNodes {
  private readonly known = new Map<PoolingFormula, Map<Value, Value>>();

  constructor(
    readonly texts: TextRows,
    private readonly model: PooledStates,
  ) {}

  /** The vectors of a view, [texts, size]. */
  view({ pooling, layer }: Pick<PooledView, 'pooling' | 'layer'>): Value {
    return this.pooled(poolingEntry(pooling), layer);
  }

  /** The vectors of a pooling, [texts, size]. @param layer as {@link hidden}; only for poolings of one hidden state */
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

  /** The hidden state of a layer, [tokens, size]: 0 the embeddings, -1 the last. */
  hidden(layer: number): Value {
    const hidden = this.model.states.at(layer);
    if (hidden === undefined) throw new Error(`there is no hidden state ${layer}`);
    return hidden;
  }

  /** What a formula makes of a hidden state, added once for all poolings that have the formula in common. */
  private once(formula: PoolingFormula, hidden: Value): Value {
    const ofFormula = this.known.get(formula) ?? new Map<Value, Value>();
    const value = ofFormula.get(hidden) ?? formula(this.texts, hidden);
    this.known.set(formula, ofFormula.set(hidden, value));
    return value;
  }
}
