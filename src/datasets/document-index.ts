import { InputError } from '../core/errors.js';

const pageBytes = 1 << 20;
/** An id's length is stored in two bytes. */
const maxIdBytes = 0xffff;

/**
 * The position of each document of a corpus, by id. Takes about 40 bytes per document with a short id: 400 MB for ten
 * million. Pages store the ids as UTF-8 with their lengths, typed arrays the positions; an open-addressing hash table
 * (linear probing, at most 70 % full) maps an id to the document's number, which counts documents in the order of `add`.
 */
export class DocumentIndex {
  private count = 0;
  private offsets = new Float64Array(1024);
  /** Byte positions of the ids, over all pages. */
  private idPositions = new Uint32Array(1024);
  private hashes = new Uint32Array(1024);
  /** Document number plus one; 0 is free. */
  private slots = new Uint32Array(2048);
  private readonly pages: Buffer[] = [Buffer.allocUnsafe(pageBytes)];
  /** Bytes used of the last page. */
  private usedBytes = 0;
  /** The id that is added or looked up, as UTF-8. */
  private readonly idBuffer = Buffer.allocUnsafe(maxIdBytes + 4);

  get size(): number {
    return this.count;
  }

  /**
   * Adds a document.
   * @param offset its position in the file, in bytes
   * @returns false, and changes nothing, for a duplicate id
   * @throws InputError for an id that is too long or not valid Unicode
   */
  add(id: string, offset: number): boolean {
    const length = encodeId(id, this.idBuffer);
    const hash = hashOf(this.idBuffer, length);
    const slot = this.find(hash, length);
    if (this.slots[slot] !== 0) return false;
    if (this.count === this.offsets.length) this.growArrays();
    this.offsets[this.count] = offset;
    this.idPositions[this.count] = this.storeId(length);
    this.hashes[this.count] = hash;
    this.count++;
    this.slots[slot] = this.count;
    if (this.count > this.slots.length * 0.7) this.growSlots();
    return true;
  }

  /** The number of the document with this id, or undefined. */
  numberOf(id: string): number | undefined {
    if (id.length > maxIdBytes) return undefined;
    const length = this.idBuffer.write(id, 'utf8');
    if (length > maxIdBytes) return undefined;
    const slot = this.slots[this.find(hashOf(this.idBuffer, length), length)]!;
    return slot === 0 ? undefined : slot - 1;
  }

  /** The position of document `number`, in bytes. */
  offsetOf(number: number): number {
    return this.offsets[number]!;
  }

  private idAt(number: number): { page: Buffer; start: number; length: number } {
    const position = this.idPositions[number]!;
    const page = this.pages[Math.floor(position / pageBytes)]!;
    const start = position % pageBytes;
    return { page, start: start + 2, length: page.readUInt16LE(start) };
  }

  /** The slot of the id in `idBuffer`, or the free slot for it. */
  private find(hash: number, length: number): number {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot]!;
      if (entry === 0 || (this.hashes[entry - 1] === hash && this.hasId(entry - 1, length))) return slot;
    }
  }

  private hasId(number: number, length: number): boolean {
    const stored = this.idAt(number);
    if (stored.length !== length) return false;
    for (let i = 0; i < length; i++) if (stored.page[stored.start + i] !== this.idBuffer[i]) return false;
    return true;
  }

  /** Copies the id in `idBuffer` into the pages. @returns its position, which 32 bits limit to 4 GiB of ids */
  private storeId(length: number): number {
    if (this.usedBytes + length + 2 > pageBytes) {
      this.pages.push(Buffer.allocUnsafe(pageBytes));
      this.usedBytes = 0;
    }
    const position = (this.pages.length - 1) * pageBytes + this.usedBytes;
    if (position > 0xffffffff) throw new InputError('the ids of the documents take more than 4 GiB; split the corpus');
    const page = this.pages[this.pages.length - 1]!;
    page.writeUInt16LE(length, this.usedBytes);
    this.idBuffer.copy(page, this.usedBytes + 2, 0, length);
    this.usedBytes += length + 2;
    return position;
  }

  private growArrays(): void {
    this.offsets = grown(this.offsets, (length) => new Float64Array(length));
    this.idPositions = grown(this.idPositions, (length) => new Uint32Array(length));
    this.hashes = grown(this.hashes, (length) => new Uint32Array(length));
  }

  private growSlots(): void {
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = this.hashes[number]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.slots = slots;
  }
}

function grown<T extends Float64Array | Uint32Array>(array: T, make: (length: number) => T): T {
  const larger = make(Math.ceil(array.length * 1.5));
  larger.set(array);
  return larger;
}

/** Writes the id as UTF-8. @returns the number of bytes */
function encodeId(id: string, into: Buffer): number {
  if (id.length > maxIdBytes) throw tooLong(id);
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    if (unit >= 0x80) return encodeBeyondAscii(id, into);
    into[i] = unit;
  }
  return id.length;
}

function encodeBeyondAscii(id: string, into: Buffer): number {
  if (Buffer.byteLength(id) > maxIdBytes) throw tooLong(id);
  const length = into.write(id, 'utf8');
  if (into.toString('utf8', 0, length) === id) return length;
  throw new InputError(`the id ${JSON.stringify(id)} has an unpaired surrogate; expected valid Unicode`);
}

function tooLong(id: string): InputError {
  return new InputError(`the id "${id.slice(0, 40)}…" is longer than ${maxIdBytes} bytes; expected a short name`);
}

/** FNV-1a with the finaliser of MurmurHash3, so that the low bits depend on every byte. */
function hashOf(bytes: Buffer, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
