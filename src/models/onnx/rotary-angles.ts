import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Value } from './graph.js';
import type { Tokens } from './tokens.js';

/** The angles by which rotary positions rotate. */
export interface RotaryPositions {
  /** Angle per position, one for each pair of dimensions. */
  readonly frequencies: Float32Array;
  /** Factor on cosines and sines (YaRN, LongRoPE). Default: 1. */
  readonly amplitude?: number;
  /** Frequencies of longer texts, if they differ. */
  readonly longer?: LongerFrequencies;
}

/** Frequencies of texts with more than `than` tokens: others (LongRoPE), or ones that change with the length. */
export type LongerFrequencies =
  | { readonly than: number; readonly frequencies: Float32Array }
  | { readonly than: number; readonly dynamic: DynamicScaling };

/** Dynamic NTK scaling: for texts of n tokens, θ becomes θ (factor · n / than - factor + 1)^(d / (d - 2)). */
export interface DynamicScaling {
  readonly theta: number;
  readonly factor: number;
}

/** Rotation angles, position · frequency, the same in every head; [tokens, 1, pairs]. */
export function rotationAngles(tokens: Tokens, rotary: RotaryPositions): Value {
  const { graph } = tokens;
  return tokens.once(`rotary ${tokens.numberOf(rotary.frequencies)} angles`, () => {
    const positions = graph.op('Cast', [tokens.positions], { to: onnxDataTypes.float32 });
    const columns = graph.op('Reshape', [positions, graph.integers([-1, 1, 1])]);
    return graph.op('Mul', [columns, frequenciesOf(tokens, rotary)]);
  });
}

/**
 * The frequencies of each token, [pairs] or [tokens, 1, pairs]. In a pair scorer's packs no text is longer than
 * `longer.than` (see `Architecture.sameUpTo`).
 */
function frequenciesOf(tokens: Tokens, { frequencies, longer }: RotaryPositions): Value {
  const { graph } = tokens;
  const name = `rotary ${tokens.numberOf(frequencies)}`;
  const usual = graph.table(`${name} frequencies`, [frequencies.length], frequencies);
  if (longer === undefined || tokens.hasParts) return usual;
  const isLonger = graph.op('Greater', [tokens.lengths(), graph.integer(longer.than)]);
  const others =
    'frequencies' in longer
      ? graph.table(`${name} longer`, [frequencies.length], longer.frequencies)
      : dynamicFrequencies(tokens, 2 * frequencies.length, { ...longer.dynamic, than: longer.than });
  return graph.op('Where', [isLonger, others, usual]);
}

/** The frequencies of {@link DynamicScaling}, [1 or tokens, 1, dimensions / 2]. */
function dynamicFrequencies(
  tokens: Tokens,
  dimensions: number,
  { theta, factor, than }: DynamicScaling & { readonly than: number },
): Value {
  const { graph } = tokens;
  const lengths = graph.op('Cast', [tokens.lengths()], { to: onnxDataTypes.float32 });
  const stretched = graph.op('Div', [graph.op('Mul', [lengths, graph.scalar(factor)]), graph.scalar(than)]);
  const growth = graph.op('Sub', [stretched, graph.scalar(factor - 1)]);
  const power = graph.op('Pow', [growth, graph.scalar(dimensions / (dimensions - 2))]);
  const exponents = Float32Array.from({ length: dimensions / 2 }, (_, i) => (2 * i) / dimensions);
  return graph.op('Reciprocal', [
    graph.op('Pow', [
      graph.op('Mul', [power, graph.scalar(theta)]),
      graph.table(`rotary exponents ${dimensions}`, [exponents.length], exponents),
    ]),
  ]);
}

/**
 * θ^(-2i/dimensions) for each pair i, rounded as in float32 arithmetic: at position 2000, the last bit of a frequency
 * already changes the angle by 1e-4.
 */
export function rotaryFrequencies(dimensions: number, theta: number): Float32Array {
  return Float32Array.from(
    { length: Math.ceil(dimensions / 2) },
    (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / dimensions)),
  );
}
