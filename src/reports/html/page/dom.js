/* Helpers of the page's scripts: find and create elements, unpack embedded data. */
/* global document, atob, Blob, Response, DecompressionStream */

export const byId = (id) => document.getElementById(id);

export function textBox(text) {
  const box = document.createElement('div');
  box.textContent = text;
  return box;
}

export function element(name, text, attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  made.textContent = text;
  return made;
}

/** Decodes base64 of gzip to text. */
export async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}

const blocks = new Map();

/** The data embedded under a key, unpacked once; undefined if the page does not have it. */
export async function block(key) {
  const packed = document.querySelector(`script[data-block="${key}"]`);
  if (packed === null) return undefined;
  if (!blocks.has(key)) blocks.set(key, unpack(packed.textContent).then(JSON.parse));
  return blocks.get(key);
}
