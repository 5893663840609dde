import sharp from 'sharp';

/** Pixels a unit of the drawing: sharp on dense screens and in print. */
const SCALE = 2;

/** An SVG drawing as PNG. Its text is set in the fonts of this machine, so bytes may differ between machines. */
export async function renderPng(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg), { density: 72 * SCALE })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
