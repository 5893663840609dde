import { onnxDataTypes } from '../../io/onnx-writer.js';
import { averagedPooling, type PooledView, type Pooling } from './poolings.js';
import type { Architecture } from '../architectures/architecture.js';
import type { GraphBuilder, Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';
import { countUp, type Tokens } from '../onnx/tokens.js';

/** Adds the nodes that pool hidden states, of one text or of several. */
export class PoolingNodes {
  private readonly graph: GraphBuilder;
  private readonly known = new Map<string, Value>();

  /**
   * @param states all hidden states, each [tokens, size]
   * @param lasts the last token of each text, int32 [texts]; null where there is one text
   */
  constructor(
    private readonly architecture: Architecture,
    private readonly modules: Modules,
    private readonly states: readonly Value[],
    readonly tokens: Tokens,
    private readonly lasts: Value | null,
  ) {
    this.graph = modules.graph;
  }

  /** The vectors of a view, [texts, size]. */
  view({ pooling, layer }: Pick<PooledView, 'pooling' | 'layer'>): Value {
    const ofEachState = averagedPooling[pooling];
    if (ofEachState === undefined) return this.pool(pooling, layer);
    const vectors = this.states.map((_, state) => this.pool(ofEachState, state));
    return this.graph.op('Mean', vectors);
  }

  /** How many tokens each text has, float32 [texts, 1]. */
  lengths(): Value {
    const { graph, tokens } = this;
    return tokens.once('lengths', () => {
      const last = graph.op('Gather', [this.ranks(), this.lastTokens()], { axis: 0 });
      return graph.op('Unsqueeze', [last, graph.integers([1])]);
    });
  }

  /** Numbers of the tokens, float32 [tokens], in a row for each text, [texts, tokens]: 0 at the tokens of others. */
  byText(values: Value): Value {
    const { graph, lasts } = this;
    if (lasts === null) return graph.op('Unsqueeze', [values, graph.integers([0])]);
    return graph.op('Mul', [this.ownTokens(lasts), values]);
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
        return this.mean(hidden);
      case 'max':
        return this.max(hidden);
      case 'lasttoken':
        return graph.op('Gather', [hidden, this.lastTokens()], { axis: 0 });
      case 'cls':
        return this.first(hidden);
      case 'pooler':
        if (this.architecture.pooler === null) throw new Error('this model has no pooler');
        return this.architecture.pooler(this.modules, this.first(hidden));
      case 'meanmean':
      case 'lasttokenmean':
        throw new Error(`${pooling} is made of the poolings of single hidden states`);
    }
  }

  private first(hidden: Value): Value {
    const { graph, lasts, tokens } = this;
    if (lasts === null) return graph.op('Gather', [hidden, graph.integers([0])], { axis: 0 });
    const firsts = tokens.once('first tokens', () =>
      graph.op('Sub', [lasts, graph.op('Gather', [tokens.positions, lasts], { axis: 0 })]),
    );
    return graph.op('Gather', [hidden, firsts], { axis: 0 });
  }

  private mean(hidden: Value): Value {
    const { graph, lasts, tokens } = this;
    if (lasts === null) return graph.op('ReduceMean', [hidden, graph.integers([0])], { keepdims: 1 });
    const weights = tokens.once('shares', () => graph.op('Div', [this.ownTokens(lasts), this.lengths()]));
    return graph.op('MatMul', [weights, hidden]);
  }

  private max(hidden: Value): Value {
    const { graph, lasts, tokens } = this;
    if (lasts === null) return graph.op('ReduceMax', [hidden, graph.integers([0])], { keepdims: 1 });
    const shape = graph.op('Concat', [graph.op('Shape', [lasts]), graph.op('Shape', [hidden], { start: 1, end: 2 })], {
      axis: 0,
    });
    const lowest = graph.op('Expand', [graph.scalar(-Infinity), shape]);
    const rows = tokens.once('rows of texts', () => {
      const numbers = graph.op('Cast', [tokens.texts!], { to: onnxDataTypes.int64 });
      return graph.op('Unsqueeze', [numbers, graph.integers([1])]);
    });
    return graph.op('ScatterND', [lowest, rows, hidden], { reduction: 'max' });
  }

  private lastTokens(): Value {
    return this.lasts ?? this.graph.integers([-1]);
  }

  /** wᵢ = i / Σ j for i = 1 … S in each text, [texts, tokens]. */
  private positionWeights(): Value {
    const { graph, tokens } = this;
    return tokens.once('position weights', () => {
      const ranks = this.byText(this.ranks());
      return graph.op('Div', [ranks, graph.op('ReduceSum', [ranks, graph.integers([1])], { keepdims: 1 })]);
    });
  }

  /** 1 … S in each text, float32 [tokens]. */
  private ranks(): Value {
    const { graph, tokens } = this;
    return tokens.once('ranks', () =>
      graph.op('Cast', [graph.op('Add', [tokens.positions, graph.integer(1)])], { to: onnxDataTypes.float32 }),
    );
  }

  /** 1 where a token is of a text, else 0, float32 [texts, tokens]. */
  private ownTokens(lasts: Value): Value {
    const { graph, tokens } = this;
    return tokens.once('own tokens', () => {
      const numbers = graph.op('Unsqueeze', [countUp(graph, lasts), graph.integers([1])]);
      return graph.op('Cast', [graph.op('Equal', [numbers, tokens.texts!])], { to: onnxDataTypes.float32 });
    });
  }
}
