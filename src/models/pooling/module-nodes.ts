import type { Value } from '../onnx/graph.js';
import type { Weights } from '../onnx/weights.js';
import type { PoolingNodes } from './pooling-nodes.js';
import type { ModuleView, SentenceModule } from './sentence-modules.js';

/** Adds graph nodes for the modules that a sentence-transformers model applies to its hidden states. */
export class ModuleNodes {
  /** @param weights the modules' tensors, under the names that {@link SentenceModule} refers to */
  constructor(
    private readonly pooling: PoolingNodes,
    private readonly weights: Weights,
  ) {}

  /** Output of the last module, [texts, size]. */
  view({ modules, layer }: Pick<ModuleView, 'modules' | 'layer'>): Value {
    return modules.reduce<Value>((value, module) => this.apply(module, value, layer), this.pooling.hidden(layer));
  }

  private apply(module: SentenceModule, value: Value, layer: number): Value {
    const { weights } = this;
    const { graph } = this.pooling.texts;
    switch (module.kind) {
      case 'pooling': {
        const vectors = module.poolings.map((pooling) => this.pooling.view({ pooling, layer }));
        return vectors.length === 1 ? vectors[0]! : graph.op('Concat', vectors, { axis: 1 });
      }
      case 'learned-weights':
        return this.weighted(weights.get(module.weights, [module.positions]), this.pooling.hidden(layer));
      case 'dense': {
        const operands = [value, weights.get(module.weight, [module.outputs, module.inputs])];
        if (module.bias !== null) operands.push(weights.get(module.bias, [module.outputs]));
        const projected = graph.op('Gemm', operands, { transB: 1 });
        return module.activation === null ? projected : graph.op(module.activation, [projected]);
      }
      case 'layernorm': {
        const [scale, shift] = [module.weight, module.bias].map((name) => weights.get(name, [module.size]));
        return graph.op('LayerNormalization', [value, scale!, shift!], { axis: -1, epsilon: { float: 1e-5 } });
      }
      case 'normalize': {
        // torch.nn.functional.normalize divides by at least 1e-12.
        const length = graph.op('ReduceL2', [value, graph.integers([1])], { keepdims: 1 });
        return graph.op('Div', [value, graph.op('Max', [length, graph.scalar(1e-12)])]);
      }
    }
  }

  /** Σ wᵢ hᵢ / Σ wᵢ, with a denominator of at least 1e-9. @param learned one weight per position, [positions] */
  private weighted(learned: Value, hidden: Value): Value {
    const { texts } = this.pooling;
    const { graph } = texts;
    const rows = texts.rowPerText(texts.byPosition(learned));
    const sums = graph.op('ReduceSum', [rows, graph.integers([1])], { keepdims: 1 });
    return graph.op('Div', [graph.op('MatMul', [rows, hidden]), graph.op('Max', [sums, graph.scalar(1e-9)])]);
  }
}
