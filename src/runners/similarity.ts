/** Inner product, summed in double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}

/** The cosine; 0 if a vector is all zeros, as in torch's `normalize` and `cosine_similarity`. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = lengthOf(a) * lengthOf(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** Negated Euclidean distance, so that nearer is higher. */
export function negativeDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return -Math.sqrt(sum);
}

/** Negated sum of absolute differences, so that nearer is higher. */
export function negativeManhattan(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return -sum;
}

/** {@link negativeDistance} of the vectors scaled to length 1. */
export function negativeDistanceOfDirections(a: Float32Array, b: Float32Array): number {
  return negativeDistance(normalized(a), normalized(b));
}

function normalized(vector: Float32Array): Float32Array {
  const length = Math.max(lengthOf(vector), 1e-12);
  return vector.map((value) => value / length);
}
