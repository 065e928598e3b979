// A heat map on a canvas: keys from top to bottom, time from left to right, one colour a cell.
//
// Imports nothing: any page can use it as it is. The Key Visualizer (keymap.js) puts axes, brush and tooltip over it.
//
//   const map = heatmap(canvas, {
//     rows, times,          how many rows; where each column begins, with the end of the last one behind (unix seconds)
//     levels,               Uint8Array, column after column, top row first: 0 is nothing, 1..255 are log1p steps up to max
//     max,                  the value of level 255
//     knownFrom,            optional: what is before this time was not measured: hatched, for it is not the same as nothing
//     marks,                optional: [{time, row, kind: 'split' | 'merge' | 'move' | ...}]; row may have a fraction
//   });
//   map.draw({ brightness, from, to, top, bottom });
//
// brightness doubles the value of every cell before it is coloured, as often as it says (negative: halves). from..to and
// top..bottom are the part to show (seconds; rows): all of it when left out. The canvas is drawn at the size that CSS gives
// it, at the screen's resolution. `heatmap.color(t)` is the palette (t from 0 to 1), `heatmap.level(value, max)` and
// `heatmap.value(level, max)` are the scale.

// Lightness rises evenly from nothing to most, so that every eye, and a grey print, sees the order: black, indigo, plum,
// red-orange, amber, pale yellow. Points in OKLab (lightness, a, b).
const palette = [
  [0.16, 0.0, -0.02], [0.27, 0.02, -0.11], [0.38, 0.09, -0.11], [0.5, 0.155, -0.02],
  [0.62, 0.16, 0.08], [0.745, 0.08, 0.145], [0.87, 0.0, 0.15], [0.97, -0.015, 0.07],
];

function oklabToRgb([lightness, a, b]) {
  const [l, m, s] = [
    lightness + 0.3963377774 * a + 0.2158037573 * b,
    lightness - 0.1055613458 * a - 0.0638541728 * b,
    lightness - 0.0894841775 * a - 1.291485548 * b,
  ].map((x) => x * x * x);
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((x) => {
    const bounded = Math.min(1, Math.max(0, x));
    return Math.round(255 * (bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * bounded ** (1 / 2.4) - 0.055));
  });
}

function color(t) {
  const place = Math.min(1, Math.max(0, t)) * (palette.length - 1);
  const low = Math.min(palette.length - 2, Math.floor(place));
  return oklabToRgb(palette[low].map((x, i) => x + (palette[low + 1][i] - x) * (place - low)));
}

const levelOf = (value, max) => (value <= 0 || max <= 0 ? 0
  : Math.max(1, Math.min(255, Math.round((255 * Math.log1p(value)) / Math.log1p(max)))));
const valueOf = (level, max) => Math.expm1((level / 255) * Math.log1p(max));

// The colour of each level, as pixels are stored. A level of 1 or more is never as dark as nothing.
function colorsOf(max, brightness) {
  const table = new Uint32Array(256);
  const brightest = Math.log1p(max);
  for (let level = 0; level < 256; level++) {
    const value = valueOf(level, max) * 2 ** brightness;
    const t = level === 0 || brightest === 0 ? 0 : Math.max(0.06, Math.log1p(value) / brightest);
    const [red, green, blue] = color(t);
    table[level] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return table;
}

// Which cells each of `count` pixels covers: cells [first[i], end[i]). `edge(p)` is the cell, with its fraction, at the
// pixel's near edge.
function cover(count, cells, edge) {
  const first = new Int32Array(count), end = new Int32Array(count);
  for (let pixel = 0; pixel < count; pixel++) {
    const low = edge(pixel + 0.001), high = edge(pixel + 0.999);
    first[pixel] = Math.max(0, Math.floor(low));
    end[pixel] = Math.min(cells, Math.max(first[pixel] + 1, Math.floor(high) + 1));
    if (low < 0 || low >= cells) end[pixel] = first[pixel]; // beside the map: nothing
  }
  return { first, end };
}

// The column that a time falls into, with the fraction of it that has passed.
function columnAt(times, time) {
  const columns = times.length - 1;
  if (time < times[0]) return -1;
  if (time >= times[columns]) return columns;
  let low = 0, high = columns;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle; else high = middle;
  }
  return low + (time - times[low]) / (times[low + 1] - times[low]);
}

// Grey stripes from the left edge to `right`.
function hatch(context, right, unit) {
  const { height } = context.canvas, step = 7 * unit;
  context.save();
  context.beginPath();
  context.rect(0, 0, right, height);
  context.clip();
  context.fillStyle = '#1d1e22';
  context.fillRect(0, 0, right, height);
  context.beginPath();
  for (let x = -height; x < right; x += step) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.lineWidth = unit;
  context.strokeStyle = '#3a3c44';
  context.stroke();
  context.restore();
}

function drawMark(context, kind, x, y, unit) {
  const size = 4 * unit;
  context.beginPath();
  if (kind === 'split') { // a wedge that opens to the right: one becomes two
    context.moveTo(x + size, y - size); context.lineTo(x, y); context.lineTo(x + size, y + size);
  } else if (kind === 'merge') {
    context.moveTo(x - size, y - size); context.lineTo(x, y); context.lineTo(x - size, y + size);
  } else { // moved to another server: a small diamond
    context.moveTo(x, y - size); context.lineTo(x + size, y); context.lineTo(x, y + size); context.lineTo(x - size, y);
    context.closePath();
  }
  context.lineWidth = 3.5 * unit;
  context.strokeStyle = '#000';
  context.stroke();
  context.lineWidth = 1.5 * unit;
  context.strokeStyle = '#fff';
  context.stroke();
}

export function heatmap(canvas, matrix) {
  const { rows, times, levels, max, marks = [], knownFrom = times[0] } = matrix;
  const columns = times.length - 1;

  // Where several cells share a pixel the greatest shows: a hot row is never lost by being small.
  function paint(context, { brightness, from, to, top, bottom }) {
    const { width, height } = context.canvas;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = colorsOf(max, brightness);
    const across = cover(width, columns, (x) => columnAt(times, from + ((to - from) * x) / width));
    const down = cover(height, rows, (y) => top + ((bottom - top) * y) / height);
    const strip = new Uint32Array(height); // one pixel column
    for (let x = 0; x < width; x++) {
      if (x === 0 || across.first[x] !== across.first[x - 1] || across.end[x] !== across.end[x - 1]) {
        for (let y = 0; y < height; y++) {
          let level = 0;
          for (let column = across.first[x]; column < across.end[x]; column++) {
            for (let i = column * rows + down.first[y], end = column * rows + down.end[y]; i < end; i++) {
              if (levels[i] > level) level = levels[i];
            }
          }
          strip[y] = colors[level];
        }
      }
      for (let y = 0, i = x; y < height; y++, i += width) pixels[i] = strip[y];
    }
    context.putImageData(image, 0, 0);
  }

  function draw({ brightness = 0, from = times[0], to = times[columns], top = 0, bottom = rows } = {}) {
    const unit = globalThis.devicePixelRatio || 1;
    const box = canvas.getBoundingClientRect();
    canvas.width = Math.max(1, Math.round(box.width * unit));
    canvas.height = Math.max(1, Math.round(box.height * unit));
    const context = canvas.getContext('2d');
    if (columns < 1 || rows < 1) return;
    paint(context, { brightness, from, to, top, bottom });
    const x = (time) => ((time - from) / (to - from)) * canvas.width;
    if (knownFrom > from) hatch(context, Math.min(canvas.width, x(knownFrom)), unit);
    const y = (row) => ((row - top) / (bottom - top)) * canvas.height;
    const whole = (at, size) => Math.min(Math.max(at, 6 * unit), size - 6 * unit); // a mark at the edge is not cut in two
    for (const mark of marks) {
      if (mark.time >= from && mark.time <= to && mark.row >= top && mark.row <= bottom) {
        drawMark(context, mark.kind, whole(x(mark.time), canvas.width), whole(y(mark.row), canvas.height), unit);
      }
    }
  }

  return { draw };
}

heatmap.color = color;
heatmap.level = levelOf;
heatmap.value = valueOf;
