// Numbers, sizes and times for people. Always absolute, always with their unit.

const steps = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

export function count(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return '–';
  for (const [size, letter] of steps) {
    if (Math.abs(value) >= size * 0.9995) return `${trim(value / size)} ${letter}`;
  }
  return trim(value);
}

// What can be counted on fingers is told to the last: 1,021 tablets, not 1.02 k.
export const whole = (value) => (Number.isInteger(value) && Math.abs(value) < 1e6 ? value.toLocaleString('en') : count(value));

function trim(value) {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
}

// plural(1, 'row') is "1 row".
export const plural = (number, thing) => `${whole(number)} ${thing}${number === 1 ? '' : 's'}`;

export const rate = (value) => (value === undefined || value === null ? '–' : `${count(value)}/s`);

export function size(bytes) {
  if (bytes === undefined || bytes === null) return '–';
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let step = 0;
  while (bytes >= 1023.5 && step < names.length - 1) { bytes /= 1024; step++; }
  return `${trim(bytes)} ${names[step]}`;
}

export function micros(value) {
  if (value === undefined || value === null) return '–';
  if (value >= 999_500) return `${trim(value / 1e6)} s`;
  return value >= 999.5 ? `${trim(value / 1e3)} ms` : `${trim(value)} µs`;
}

export const percent = (share) => (share === undefined || share === null ? '–' : `${trim(share * 100)} %`);

const two = (value) => String(value).padStart(2, '0');

// Times are the reader's own; seconds only where they matter.
export function clock(unix, { seconds = false, day = false } = {}) {
  if (!unix) return '–';
  const at = new Date(unix * 1000);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  return `${day ? date : ''}${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
}

export function lasting(seconds) {
  if (seconds === undefined || seconds === null || !Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = parts.findIndex(([length]) => seconds >= length);
  const [length, name] = parts[first];
  const [next, nextName] = parts[first + 1] ?? [];
  const rest = next ? Math.floor((seconds % length) / next) : 0;
  return `${Math.floor(seconds / length)} ${name}${rest ? ` ${rest} ${nextName}` : ''}`;
}

export const ago = (unix, now = Date.now() / 1000) => (unix ? (now - unix < 1 ? 'now' : `${lasting(now - unix)} ago`) : '–');
