import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of an archive; correct unless it declares a wrong size or checksum. */
export interface ZipItem {
  readonly name: string;
  readonly data: string | Uint8Array;
  /** Unix mode with the file's type: 0o120777 is a link. Default: none, as DOS writes. */
  readonly mode?: number;
  /** True for an uncompressed entry. */
  readonly stored?: boolean;
  /** The size in the directory, if it differs. */
  readonly declaredSize?: number;
  /** The CRC-32 in the directory, if it differs. */
  readonly declaredCrc?: number;
}

/** Writes a zip archive without any checks, so that it can be malicious. */
export function zipOf(items: readonly ZipItem[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const item of items) {
    const data = Buffer.from(item.data);
    const packed = item.stored === true ? data : deflateRawSync(data);
    const name = Buffer.from(item.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(0x800, 2); // names are UTF-8
    common.writeUInt16LE(item.stored === true ? 0 : 8, 4); // or deflate
    common.writeUInt32LE(item.declaredCrc ?? crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(item.declaredSize ?? data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((item.mode ?? 0) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x1e\x03', 'latin1'), common, rest, name);
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(items.length, 8);
  end.writeUInt16LE(items.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}
