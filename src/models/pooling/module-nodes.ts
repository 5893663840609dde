import type { PoolingMode, SentenceModule } from './sentence-transformers.js';
import type { GraphBuilder, Value } from '../onnx/graph.js';
import type { PoolingNodes } from './pooling-nodes.js';
import type { Weights } from '../onnx/weights.js';

/** Adds the nodes of a sentence-transformers model's own modules. */
export class ModuleNodes {
  /**
   * @param weights with the modules' tensors under the names that the modules give
   * @param layer the last hidden state's number
   * @param hidden the last hidden state, [tokens, size]
   */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly weights: Weights,
    private readonly pooling: PoolingNodes,
    private readonly layer: number,
    private readonly hidden: Value,
  ) {}

  /** The vector after all modules, [texts, size]. */
  vector(modules: readonly SentenceModule[]): Value {
    return modules.reduce<Value>((value, module) => this.apply(module, value), this.hidden);
  }

  private apply(module: SentenceModule, value: Value): Value {
    const { graph, weights } = this;
    switch (module.kind) {
      case 'pooling': {
        const vectors = module.modes.map((mode) => this.pooled(mode));
        return vectors.length === 1 ? vectors[0]! : graph.op('Concat', vectors, { axis: 1 });
      }
      case 'learned-weights':
        return this.weighted(module.weights, module.positions);
      case 'dense': {
        const operands = [value, weights.get(module.weight, [module.outputs, module.inputs])];
        if (module.bias !== null) operands.push(weights.get(module.bias, [module.outputs]));
        const projected = graph.op('Gemm', operands, { transB: 1 });
        return module.activation === null ? projected : graph.op(module.activation, [projected]);
      }
      case 'normalize': {
        // torch.nn.functional.normalize: a length below 1e-12 counts as that.
        const length = graph.op('ReduceL2', [value, graph.integers([1])], { keepdims: 1 });
        return graph.op('Div', [value, graph.op('Max', [length, graph.scalar(1e-12)])]);
      }
    }
  }

  private pooled(mode: PoolingMode): Value {
    if (mode !== 'mean_sqrt_len_tokens') return this.pooling.view({ pooling: mode, layer: this.layer });
    // Σ hᵢ / √S = √S · mean
    const mean = this.pooling.view({ pooling: 'mean', layer: this.layer });
    return this.graph.op('Mul', [mean, this.graph.op('Sqrt', [this.pooling.lengths()])]);
  }

  private weighted(name: string, positions: number): Value {
    const { graph } = this;
    const all = this.weights.get(name, [positions]);
    const rows = this.pooling.byText(graph.op('Gather', [all, this.pooling.tokens.positions], { axis: 0 }));
    const sums = graph.op('ReduceSum', [rows, graph.integers([1])], { keepdims: 1 });
    return graph.op('Div', [graph.op('MatMul', [rows, this.hidden]), graph.op('Max', [sums, graph.scalar(1e-9)])]);
  }
}
