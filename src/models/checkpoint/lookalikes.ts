import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../../core/errors.js';

/** Files that are often found in place of weights, recognised by their first bytes. */
const lookalikes: readonly { readonly begins: RegExp; readonly problem: string; readonly advice: string }[] = [
  {
    begins: /^\s*<(?:!doctype|html|head|\?xml)/i,
    problem: 'is a web page',
    advice: 'the server sent HTML instead of the file; download the file itself',
  },
  {
    begins: /^version https:\/\/git-lfs/,
    problem: 'is a Git LFS pointer',
    advice: 'the weights themselves were not downloaded; run git lfs pull',
  },
];

/**
 * @param head the file's first bytes
 * @throws InputError for a web page or a Git LFS pointer in place of weights
 */
export function refuseLookalikes(path: string, head: Uint8Array): void {
  const text = Buffer.from(head).toString('latin1');
  const found = lookalikes.find(({ begins }) => begins.test(text));
  if (found !== undefined) throw new InputError(`${path}: ${found.problem}, not model weights: ${found.advice}`);
}

/** Reads the first bytes of a file: fewer than `length` if it is shorter. */
export async function headOf(file: FileHandle, length = 512): Promise<Buffer> {
  const head = Buffer.alloc(length);
  const { bytesRead } = await file.read(head, 0, length, 0);
  return head.subarray(0, bytesRead);
}
