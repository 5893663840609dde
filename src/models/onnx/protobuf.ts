/**
 * Writes Protocol Buffers' wire format: the few field types that an ONNX model needs.
 * https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  private buffer = Buffer.allocUnsafe(1024);
  private length = 0;

  /** A varint field: integers, enums, booleans. Negative numbers take ten bytes, as int64 does. */
  integer(field: number, value: number | bigint): void {
    this.tag(field, 0);
    this.varint(BigInt(value));
  }

  /** A 32-bit float field. */
  float(field: number, value: number): void {
    this.tag(field, 5);
    this.reserve(4);
    this.length = this.buffer.writeFloatLE(value, this.length);
  }

  string(field: number, value: string): void {
    this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, 2);
    this.varint(BigInt(value.length));
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  /** An embedded message, written by `write`. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter();
    write(inner);
    this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private tag(field: number, wireType: 0 | 2 | 5): void {
    this.varint((BigInt(field) << 3n) | BigInt(wireType));
  }

  private varint(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
