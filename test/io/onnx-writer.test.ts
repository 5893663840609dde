import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { encodeOnnxModel, float32Bytes, int64Bytes, type OnnxModel } from '../../src/io/onnx-writer.js';

const inputs = [{ name: 'x', dtype: 'float32', shape: ['rows', 2] }] as const;
const outputs = [{ name: 'y', dtype: 'float32', shape: ['rows', 2] }] as const;
const x = (): Tensor => new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);

test('a model with inline weights and attributes of every plain kind runs', async () => {
  const model: OnnxModel = {
    opset: 17,
    graph: {
      name: 'inline',
      inputs,
      outputs: [...outputs, { name: 'padded', dtype: 'float32', shape: ['rows', 3] }],
      nodes: [
        {
          op: 'Gemm',
          inputs: ['x', 'w', 'b'],
          outputs: ['g'],
          attributes: { transB: { int: 1 }, beta: { float: 0.5 } },
        },
        { op: 'Transpose', inputs: ['g'], outputs: ['t'], attributes: { perm: { ints: [1, 0] } } },
        { op: 'Transpose', inputs: ['t'], outputs: ['y'] },
        { op: 'Pad', inputs: ['y', 'pads', ''], outputs: ['padded'], attributes: { mode: { string: 'edge' } } },
      ],
      initializers: [
        { name: 'w', dtype: 'float32', shape: [2, 2], data: float32Bytes([0, 1, 1, 0]) },
        { name: 'b', dtype: 'float32', shape: [2], data: float32Bytes([20, 40]) },
        { name: 'pads', dtype: 'int64', shape: [4], data: int64Bytes([0, 0, 0, 1]) },
      ],
    },
  };
  const session = await InferenceSession.create(encodeOnnxModel(model));
  const result = await session.run({ x: x() });
  expect([...(result['y']!.data as Float32Array)]).toEqual([12, 21, 14, 23, 16, 25]);
  expect([...(result['padded']!.data as Float32Array)]).toEqual([12, 21, 21, 14, 23, 23, 16, 25, 25]);
  expect(encodeOnnxModel(model)).toEqual(encodeOnnxModel(model));
});

test('weights are read from another file at an unaligned offset', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-onnx-'));
  try {
    await writeFile(join(folder, 'weights.bin'), Buffer.concat([Buffer.from('abc'), float32Bytes([0, 1, 1, 0])]));
    const model = encodeOnnxModel({
      opset: 17,
      graph: {
        name: 'external',
        inputs,
        outputs,
        nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
        initializers: [
          { name: 'w', dtype: 'float32', shape: [2, 2], data: { location: 'weights.bin', offset: 3, length: 16 } },
        ],
      },
    });
    await writeFile(join(folder, 'model.onnx'), model);
    const session = await InferenceSession.create(join(folder, 'model.onnx'));
    const result = await session.run({ x: x() });
    expect([...(result['y']!.data as Float32Array)]).toEqual([2, 1, 4, 3, 6, 5]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('operators of another domain, subgraphs and negative integers', async () => {
  const constant = (name: string, value: number) => ({
    name,
    inputs: [],
    outputs: [{ name, dtype: 'float32', shape: [1] }] as const,
    nodes: [
      {
        op: 'Constant',
        inputs: [],
        outputs: [name],
        attributes: { value: { tensor: { name, dtype: 'float32', shape: [1], data: float32Bytes([value]) } } },
      },
    ] as const,
  });
  const model = encodeOnnxModel({
    opset: 17,
    domains: { 'com.microsoft': 1 },
    graph: {
      name: 'branches',
      inputs: [{ name: 'x', dtype: 'float32', shape: [2, 2] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [2, 1] }],
      nodes: [
        { op: 'FusedMatMul', domain: 'com.microsoft', inputs: ['x', 'x'], outputs: ['m'] },
        { op: 'ReduceMax', inputs: ['m'], outputs: ['r'], attributes: { axes: { ints: [-1] } } },
        { op: 'Cast', inputs: ['one'], outputs: ['condition'], attributes: { to: { int: 9 } } },
        {
          op: 'If',
          inputs: ['condition'],
          outputs: ['c'],
          attributes: {
            then_branch: { graph: constant('then', 100) },
            else_branch: { graph: constant('else', 200) },
          },
        },
        { op: 'Add', inputs: ['r', 'c'], outputs: ['y'] },
      ],
      initializers: [{ name: 'one', dtype: 'int64', shape: [1], data: int64Bytes([1]) }],
    },
  });
  const session = await InferenceSession.create(model);
  const result = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]) });
  expect([...(result['y']!.data as Float32Array)]).toEqual([110, 122]);
});

test('a fractional number in an integer field is refused', () => {
  const graph = { name: 'g', inputs: [{ name: 'x', dtype: 'float32', shape: [1.5] }], outputs, nodes: [] } as const;
  expect(() => encodeOnnxModel({ opset: 17, graph })).toThrow('not 1.5');
});
