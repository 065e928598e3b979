// Row keys, qualifiers and values are bytes, and nobody's to trust. They reach a page only as text made here: printable
// ASCII as it is, everything else as \xNN (HBase's way), or all of it in hex; cut when long.

import { html } from 'htm/preact';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

// 'text' or 'hex': how keys are shown, everywhere on the page.
export const KeyMode = createContext('text');

// The API gives {b64, text}; the bytes are what counts.
export function bytesOf(key) {
  if (!key) return new Uint8Array(0);
  if (key instanceof Uint8Array) return key;
  return Uint8Array.from(atob(key.b64 ?? ''), (c) => c.charCodeAt(0));
}

const hexOf = (byte) => byte.toString(16).toUpperCase().padStart(2, '0');
const isPlain = (byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x5c;

export function printBytes(bytes, mode = 'text') {
  const one = mode === 'hex' ? hexOf : (byte) => (isPlain(byte) ? String.fromCharCode(byte) : `\\x${hexOf(byte)}`);
  return Array.from(bytes, one).join(mode === 'hex' ? ' ' : '');
}

// What a person types: \xNN is a byte, all else is itself in UTF-8. Hex mode: pairs of digits, spaces where one likes.
// Null when it cannot be read.
export function parseBytes(text, mode = 'text') {
  if (mode === 'hex') {
    const digits = text.replace(/\s+/g, '');
    return /^([0-9a-f]{2})*$/i.test(digits) ? Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16)) : null;
  }
  const bytes = [];
  for (let i = 0; i < text.length;) {
    const escape = text.slice(i).match(/^\\x([0-9a-f]{2})/i);
    if (escape) {
      bytes.push(parseInt(escape[1], 16));
      i += 4;
    } else {
      const character = String.fromCodePoint(text.codePointAt(i));
      bytes.push(...new TextEncoder().encode(character));
      i += character.length;
    }
  }
  return Uint8Array.from(bytes);
}

export const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

export function compareBytes(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

const shorten = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// Texts side by side on an axis: where they are too long, what begins all of them alike gives way to what differs.
export function shortenAlike(texts, most) {
  const long = texts.filter((text) => text.length > most);
  let alike = 0;
  while (long.length > 1 && alike < long[0].length && long.every((text) => text[alike] === long[0][alike])) alike++;
  return texts.map((text) => (text.length <= most || alike < 2 ? shorten(text, most) : shorten(`…${text.slice(alike)}`, most)));
}

// A key on a page. `edge` says what an empty one means: 'start' or 'end' of the table.
export function Key({ of, edge, most = 48 }) {
  const mode = useContext(KeyMode);
  const bytes = bytesOf(of);
  if (bytes.length === 0 && edge) return html`<span class="edge">${edge === 'start' ? 'first' : 'last'}</span>`;
  const text = printBytes(bytes, mode);
  const title = text.length > most ? `${shorten(text, 2000)} (${bytes.length} bytes)` : undefined;
  return html`<code class="key" title=${title}>${shorten(text, most) || '(empty)'}</code>`;
}

export const Range = ({ start, end, most = 32 }) => html`<span class="range"><${Key} of=${start} edge="start" most=${most} />
  <span class="to" aria-label="to"> – </span><${Key} of=${end} edge="end" most=${most} /></span>`;

// For places that take only text (axes, labels).
export const keyText = (of, edge, mode, most = 24) => {
  const bytes = bytesOf(of);
  return bytes.length === 0 && edge ? (edge === 'start' ? 'first' : 'last') : shorten(printBytes(bytes, mode), most);
};
