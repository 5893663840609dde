import { InputError } from '../../core/errors.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the values of a pickle one after another, never past the end of its bytes. */
export class PickleBytes {
  private readonly view: DataView;
  private position = 0;

  /** @param source names the file in errors */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly source: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.position;
  }

  /** Returns the next bytes. */
  take(length: number): Uint8Array {
    const end = this.position + length;
    if (!(end <= this.bytes.length)) throw this.broken(`ends after ${this.bytes.length} bytes, within a value`);
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  uint(size: 1 | 2 | 4): number {
    const at = this.position;
    this.take(size);
    return size === 1
      ? this.view.getUint8(at)
      : size === 2
        ? this.view.getUint16(at, true)
        : this.view.getUint32(at, true);
  }

  int32(): number {
    const at = this.position;
    this.take(4);
    return this.view.getInt32(at, true);
  }

  float(): number {
    const at = this.position;
    this.take(8);
    return this.view.getFloat64(at, false);
  }

  /** An eight-byte length. */
  length64(): number {
    const at = this.position;
    this.take(8);
    return Number(this.view.getBigUint64(at, true));
  }

  /** A little-endian integer in two's complement, of up to 16 bytes; larger ones cannot be a shape or an offset. */
  long(size: number): number | bigint {
    if (size > 16) throw this.broken(`has an integer of ${size} bytes`);
    const value = this.take(size).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = size === 0 ? 0n : BigInt.asIntN(8 * size, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  text(length: number): string {
    const taken = this.take(length);
    try {
      return utf8.decode(taken);
    } catch {
      throw this.broken(`has a string at byte ${this.position - length} that is not UTF-8`);
    }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.broken('ends within a name');
    const line = this.text(end - this.position);
    this.position = end + 1;
    return line;
  }

  broken(problem: string): InputError {
    return new InputError(`${this.source}: not a pickle of weights: ${problem}; download or save it again`);
  }
}
