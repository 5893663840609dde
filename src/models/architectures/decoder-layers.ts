import type { Activation } from '../onnx/activations.js';
import type { Value } from '../onnx/graph.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { LayerStep } from './architecture.js';
import { selfAttention, type DecoderAttention, type Projection } from './decoder-attention.js';

/** Description of a feed-forward part: W₂ act(W₁ x), or with a gate W₂ (act(W_g x) · W₁ x) (SwiGLU and similar). */
export type FeedForward = FeedForwardSizes & FeedForwardProducts;

/** The names of the products. */
export type FeedForwardProducts = (SeparateProducts | FusedProducts) & {
  /** W₂. */
  readonly down: Projection;
};

interface FeedForwardSizes {
  /** The hidden size. */
  readonly size: number;
  /** The size between the two products. */
  readonly inner: number;
  readonly activation: Activation;
}

interface SeparateProducts {
  /** W₁. */
  readonly up: Projection;
  /** W_g. */
  readonly gate?: Projection;
}

/** W₁ and W_g in one product, whose outputs are those of one, then those of the other. */
interface FusedProducts {
  readonly gateAndUp: Projection;
  /** The one whose outputs come first. */
  readonly first: 'gate' | 'up';
}

/** Description of a decoder layer: attention A and feed-forward part F with their norms N₁ and N₂. */
export interface DecoderLayer {
  readonly attentionNorm: Norm;
  readonly attention: DecoderAttention;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForward;
}

/** A {@link preNormLayer}, in which norms may be missing (null), and norms of the parts' results may be added. */
export interface PreNormLayer extends Omit<DecoderLayer, 'attentionNorm'> {
  readonly attentionNorm: Norm | null;
  /** Norms of the results of A and F, before they are added (Gemma 2). Default: none. */
  readonly attentionOutputNorm?: Norm | null;
  readonly feedForwardOutputNorm?: Norm | null;
}

/** A layer with norms before the parts (GPT-2 and most others): y = x + A(N₁ x), then y + F(N₂ y). */
export function preNormLayer(step: LayerStep, layer: PreNormLayer): Value {
  const { modules, hidden, rows } = step;
  const norm = (x: Value, by: Norm | null = null): Value => (by === null ? x : modules.norm(x, by));
  const attended = selfAttention(step, norm(hidden, layer.attentionNorm), layer.attention);
  const middle = modules.add(modules.rows(hidden, rows), norm(attended, layer.attentionOutputNorm));
  const fed = feedForward(modules, norm(middle, layer.feedForwardNorm), layer.feedForward);
  return modules.add(middle, norm(fed, layer.feedForwardOutputNorm));
}

/** A layer whose residual connections start after the norms: n = N₁ x, y = n + A n, m = N₂ y, then m + F m. */
export function normedResidualLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(input, rows), attended), layer.feedForwardNorm);
  return modules.add(middle, feedForward(modules, middle, layer.feedForward));
}

/** A layer with norms after the sums: y = N₁(x + A x), then N₂(y + F y). */
export function postNormLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, hidden, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(hidden, rows), attended), layer.attentionNorm);
  const fed = modules.add(middle, feedForward(modules, middle, layer.feedForward));
  return modules.norm(fed, layer.feedForwardNorm);
}

/** A layer with both parts in parallel, each with its own norm: (x + A(N₁ x)) + F(N₂ x). */
export function parallelLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, modules.norm(hidden, layer.attentionNorm), layer.attention);
  const before = modules.rows(hidden, rows);
  const fed = feedForward(modules, modules.norm(before, layer.feedForwardNorm), layer.feedForward);
  return modules.add(attended, before, fed);
}

/** A layer with both parts in parallel after a shared norm: (A(N x) + F(N x)) + x. */
export function sharedNormLayer(step: LayerStep, layer: Omit<DecoderLayer, 'feedForwardNorm'>): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const fed = feedForward(modules, modules.rows(input, rows), layer.feedForward);
  return modules.add(attended, fed, modules.rows(hidden, rows));
}

function feedForward(modules: Modules, x: Value, layer: FeedForward): Value {
  const { size, inner, activation } = layer;
  const [up, gate] = upAndGate(modules, x, layer);
  const activated =
    gate === null
      ? modules.activate(up, activation)
      : modules.graph.op('Mul', [modules.activate(gate, activation), up]);
  return modules.linear(activated, { ...layer.down, inputs: inner, outputs: size });
}

/** W₁ x, and W_g x or null. */
function upAndGate(modules: Modules, x: Value, layer: FeedForward): [up: Value, gate: Value | null] {
  const { size: inputs, inner } = layer;
  if ('gateAndUp' in layer) {
    const both = modules.linear(x, { ...layer.gateAndUp, inputs, outputs: 2 * inner });
    const [first, second] = modules.split(both, [inner, inner]) as [Value, Value];
    return layer.first === 'up' ? [first, second] : [second, first];
  }
  const project = (projection: Projection): Value => modules.linear(x, { ...projection, inputs, outputs: inner });
  return [project(layer.up), layer.gate === undefined ? null : project(layer.gate)];
}
