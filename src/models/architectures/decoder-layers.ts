import type { Activation } from '../onnx/activations.js';
import type { Value } from '../onnx/graph.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { LayerStep } from './architecture.js';
import { selfAttention, type DecoderAttention, type Projection } from './decoder-attention.js';

/** The feed-forward part of a layer: W₂ act(W₁ x), or with a gate W₂ (act(W_g x) · W₁ x) (SwiGLU and its kin). */
export interface FeedForward {
  /** The hidden size. */
  readonly size: number;
  /** The size in between. */
  readonly inner: number;
  readonly activation: Activation;
  /** W₁. */
  readonly raise: Projection;
  /** W_g. */
  readonly gate?: Projection;
  /** W₂. */
  readonly lower: Projection;
}

/** The parts of a decoder's layer: A attention, F feed-forward, N₁ and N₂ their norms. */
export interface DecoderLayer {
  readonly attentionNorm: Norm;
  readonly attention: DecoderAttention;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForward;
}

/** Norms before the parts (GPT-2 and most others): y = x + A(N₁ x), then y + F(N₂ y). */
export function preNormLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, modules.norm(hidden, layer.attentionNorm), layer.attention);
  const middle = modules.add(modules.rows(hidden, rows), attended);
  return modules.add(middle, feedForward(modules, modules.norm(middle, layer.feedForwardNorm), layer.feedForward));
}

/** Norms before the parts, and what they yield is what the parts are added to: n = N₁ x, y = n + A n, m = N₂ y, m + F m. */
export function normedResidualLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(input, rows), attended), layer.feedForwardNorm);
  return modules.add(middle, feedForward(modules, middle, layer.feedForward));
}

/** Norms after the sums: y = N₁(x + A x), then N₂(y + F y). */
export function postNormLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, hidden, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(hidden, rows), attended), layer.attentionNorm);
  const fed = modules.add(middle, feedForward(modules, middle, layer.feedForward));
  return modules.norm(fed, layer.feedForwardNorm);
}

/** Both parts side by side, each on a norm of its own: (x + A(N₁ x)) + F(N₂ x). */
export function parallelLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, modules.norm(hidden, layer.attentionNorm), layer.attention);
  const before = modules.rows(hidden, rows);
  const fed = feedForward(modules, modules.norm(before, layer.feedForwardNorm), layer.feedForward);
  return modules.add(attended, before, fed);
}

/** Both parts side by side on one norm: (A(N x) + F(N x)) + x. */
export function sharedNormLayer(step: LayerStep, layer: Omit<DecoderLayer, 'feedForwardNorm'>): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const fed = feedForward(modules, modules.rows(input, rows), layer.feedForward);
  return modules.add(attended, fed, modules.rows(hidden, rows));
}

function feedForward(modules: Modules, x: Value, { size, inner, activation, raise, gate, lower }: FeedForward): Value {
  const raised = (projection: Projection): Value => modules.linear(x, { ...projection, inputs: size, outputs: inner });
  const activated =
    gate === undefined
      ? modules.activate(raised(raise), activation)
      : modules.graph.op('Mul', [modules.activate(raised(gate), activation), raised(raise)]);
  return modules.linear(activated, { ...lower, inputs: inner, outputs: size });
}
