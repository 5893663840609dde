import sharp from 'sharp';

/** Pixels per unit of the drawing, for dense screens and print. */
const SCALE = 2;

/** Converts an SVG drawing to PNG. Its text uses this machine's fonts, so the bytes differ between machines. */
export async function renderPng(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg), { density: 72 * SCALE })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
