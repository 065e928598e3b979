// The Key Visualizer's map: the heat map's canvas, and over it the axes, the bars of row and column sums, the brush, the zoom
// and the cell that the pointer or the arrow keys are at. It asks nothing of the server: matrix in, wishes out.

import { axisBottom } from 'd3-axis';
import { brush } from 'd3-brush';
import { scaleLinear, scaleTime } from 'd3-scale';
import { pointer, select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import { html } from 'htm/preact';
import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clock, count } from './format.js';
import { heatmap } from './heatmap.js';
import { KeyMode, keyText, shortenAlike } from './keys.js';

// The API's answer to /keyvis, ready to draw.
export function matrixOf(answer) {
  const packed = atob(answer.levels);
  const levels = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) levels[i] = packed.charCodeAt(i);
  const rows = answer.bounds.length - 1;
  const columns = answer.times.length - 1;
  return {
    rows, columns, levels, times: answer.times, bounds: answer.bounds, max: answer.scale.max, unit: answer.unit,
    rowTotals: answer.row_totals, columnTotals: answer.column_totals, marks: answer.marks, knownFrom: answer.complete_from,
    tablets: answer.tablets ?? [], // null: too many to name,
  };
}

export const valueAt = (matrix, row, column) => heatmap.value(matrix.levels[column * matrix.rows + row], matrix.max);

const edges = (width) => (width < 560 ? { left: 74, right: 8, top: 26, bottom: 24, bars: 0 }
  : { left: 168, right: 58, top: 34, bottom: 26, bars: 44 });

const columnOf = (times, time) => {
  let column = 0;
  while (column < times.length - 2 && times[column + 1] <= time) column++;
  return column;
};

// Bars as one path: along the top (times) and along the right (rows).
function topBars(matrix, x, height) {
  const most = Math.max(...matrix.columnTotals, 0) || 1;
  return matrix.columnTotals.map((total, i) => {
    const from = x(matrix.times[i] * 1000), to = x(matrix.times[i + 1] * 1000);
    return `M${from.toFixed(1)},${height}V${(height - (height * total) / most).toFixed(1)}H${to.toFixed(1)}V${height}Z`;
  }).join('');
}
function rightBars(matrix, y, width) {
  const most = Math.max(...matrix.rowTotals, 0) || 1;
  return matrix.rowTotals.map((total, i) => `M0,${y(i).toFixed(1)}H${((width * total) / most).toFixed(1)}V${y(i + 1).toFixed(1)}H0Z`).join('');
}

// Which keys to write beside the map: as many as fit, each at the middle of where it stands if it is a tablet's first.
function keyTicks(matrix, y, height) {
  const ticks = [];
  const [top, bottom] = y.domain();
  const step = Math.max(1, Math.ceil(((bottom - top) * 20) / height));
  const starts = new Set(matrix.tablets.map((tablet) => tablet.start_row));
  let last = -Infinity;
  for (let row = Math.max(0, Math.ceil(top)); row <= Math.min(matrix.rows, Math.floor(bottom)); row++) {
    const isTablet = starts.size < height / 40 ? starts.has(row) : row % step === 0;
    if ((row === 0 || row === matrix.rows || isTablet || row - last >= 2 * step) && row - last >= step
        && (row === matrix.rows || matrix.rows - row >= step)) {
      ticks.push(row);
      last = row;
    }
  }
  return ticks;
}

// onZoom({from, to, first, end}): the reader wants to see times from..to (unix) and rows first..end. onCell(cell, place) as the
// pointer or the cursor moves (null: left), onPin(cell). A cell is {row, column}.
export function KeyMap({ matrix, brightness, label, pins, isStale, onZoom, onCell, onPin, onKey }) {
  const mode = useContext(KeyMode);
  const frame = useRef(null), canvas = useRef(null), overlay = useRef(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [cursor, setCursor] = useState(null); // {row, column, anchor: {row, column} | null}
  const wishes = useRef({});
  wishes.current = { onZoom, onCell, onPin };

  useLayoutEffect(() => {
    const measure = () => setSize({ width: frame.current.clientWidth, height: frame.current.clientHeight });
    const watch = new ResizeObserver(measure);
    watch.observe(frame.current);
    measure();
    return () => watch.disconnect();
  }, []);
  useEffect(() => setCursor(null), [matrix.rows, matrix.times[0]]);

  useEffect(() => {
    if (!size.width || !matrix.rows || matrix.columns < 1) return undefined;
    const edge = edges(size.width);
    const width = size.width - edge.left - edge.right, height = size.height - edge.top - edge.bottom;
    Object.assign(canvas.current.style, { left: `${edge.left}px`, top: `${edge.top}px`, width: `${width}px`, height: `${height}px` });
    const map = heatmap(canvas.current, matrix);
    const whole = { x: scaleTime([matrix.times[0] * 1000, matrix.times[matrix.columns] * 1000], [0, width]),
      y: scaleLinear([0, matrix.rows], [0, height]) };
    let view = whole;
    const root = select(overlay.current);

    const paint = () => {
      const [from, to] = view.x.domain().map((date) => date / 1000), [top, bottom] = view.y.domain();
      map.draw({ brightness, from, to, top, bottom });
      const span = to - from;
      root.select('.times').attr('transform', `translate(${edge.left},${edge.top + height})`).call(
        axisBottom(view.x).ticks(Math.max(2, Math.floor(width / 90))).tickSizeOuter(0)
          .tickFormat((date) => clock(date / 1000, { seconds: span < 600, day: span > 86_400 })));
      const ticks = keyTicks(matrix, view.y, height);
      const texts = shortenAlike(ticks.map((row) => keyText(matrix.bounds[row], row === 0 ? 'start' : row === matrix.rows ? 'end' : null, mode, 2000)),
        Math.floor((edge.left - 18) / 7));
      root.select('.keys').attr('transform', `translate(${edge.left - 12},${edge.top})`).selectAll('text').data(ticks)
        .join('text').attr('text-anchor', 'end').attr('dy', '0.32em')
        .attr('y', (row) => view.y(row))
        .text((_, i) => texts[i]);
      const unknown = Math.min(width, view.x(matrix.knownFrom * 1000));
      root.select('.unknown').attr('x', edge.left + unknown / 2).attr('y', edge.top + height / 2).text(unknown > 130 ? 'not measured' : '');
      root.select('.tablets').attr('transform', `translate(${edge.left - 8},${edge.top})`).selectAll('rect')
        .data(matrix.tablets.length <= height / 3 ? matrix.tablets : []).join('rect')
        .attr('width', 5).attr('class', (_, i) => (i % 2 ? 'odd' : 'even'))
        .attr('y', (tablet) => Math.max(0, view.y(tablet.start_row)))
        .attr('height', (tablet) => Math.max(0, Math.min(height, view.y(tablet.start_row + tablet.rows))
          - Math.max(0, view.y(tablet.start_row)) - 1));
      root.select('.top').attr('transform', `translate(${edge.left},2)`).select('path').attr('d', topBars(matrix, view.x, edge.top - 6));
      root.select('.side').attr('transform', `translate(${edge.left + width + 6},${edge.top})`).select('path')
        .attr('d', edge.bars ? rightBars(matrix, view.y, edge.bars) : '');
    };

    const cellAt = ([x, y]) => {
      const row = Math.floor(view.y.invert(y)), time = view.x.invert(x) / 1000;
      return row < 0 || row >= matrix.rows || time < matrix.times[0] || time >= matrix.times[matrix.columns] ? null
        : { row, column: columnOf(matrix.times, time) };
    };
    const zoomTo = ([x0, y0], [x1, y1]) => wishes.current.onZoom({
      from: view.x.invert(x0) / 1000, to: view.x.invert(x1) / 1000,
      first: Math.max(0, Math.floor(view.y.invert(y0) + 0.01)), end: Math.min(matrix.rows, Math.ceil(view.y.invert(y1) - 0.01)),
    });

    // Drag: a rectangle to zoom into. A click is a drag of nothing: it pins.
    const area = root.select('.area').attr('transform', `translate(${edge.left},${edge.top})`);
    const drag = brush().extent([[0, 0], [width, height]]).keyModifiers(false).on('end', (event) => {
      if (!event.sourceEvent) return;
      if (event.selection && event.selection[1].some((end, i) => end - event.selection[0][i] > 4)) {
        area.call(drag.move, null);
        zoomTo(...event.selection);
      } else {
        area.call(drag.move, null);
        const cell = cellAt(pointer(event.sourceEvent, area.node()));
        if (cell) wishes.current.onPin(cell);
      }
    });
    area.call(drag);

    // Ctrl and the wheel, or two fingers: a look closer at once, and asked anew when it comes to rest.
    let rest = 0;
    const lens = zoom().scaleExtent([1, 64]).translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]])
      .filter((event) => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : event.touches?.length > 1))
      .on('zoom', ({ transform }) => {
        view = { x: transform.rescaleX(whole.x), y: transform.rescaleY(whole.y) };
        paint();
        clearTimeout(rest);
        rest = setTimeout(() => { if (transform.k > 1.01) zoomTo([0, 0], [width, height]); }, 350);
      });
    area.call(lens).on('dblclick.zoom', null);
    area.property('__zoom', zoomIdentity);

    let isPointed = false;
    area.on('pointermove.cell', (event) => {
      isPointed = true;
      const place = pointer(event, area.node());
      wishes.current.onCell(cellAt(place), [place[0] + edge.left, place[1] + edge.top]);
    }).on('pointerleave.cell', () => {
      if (isPointed) wishes.current.onCell(null);
      isPointed = false;
    });

    paint();
    return () => { clearTimeout(rest); area.on('.brush', null).on('.zoom', null).on('.cell', null); };
  }, [matrix, brightness, size, mode]);

  // The arrow keys' cell and the pins, in the map's own measure.
  const edge = edges(size.width);
  const width = size.width - edge.left - edge.right, height = size.height - edge.top - edge.bottom;
  const span = matrix.times[matrix.columns] - matrix.times[0];
  const boxOf = ({ row, column }, anchor = { row, column }) => {
    const [first, last] = [Math.min(row, anchor.row), Math.max(row, anchor.row)];
    const [left, right] = [Math.min(column, anchor.column), Math.max(column, anchor.column)];
    const x = (i) => edge.left + (width * (matrix.times[i] - matrix.times[0])) / span;
    const y = (i) => edge.top + (height * i) / matrix.rows;
    return { x: x(left), y: y(first), width: Math.max(3, x(right + 1) - x(left)), height: Math.max(3, y(last + 1) - y(first)) };
  };
  const press = (event) => {
    const step = event.key.startsWith('Page') ? Math.max(1, Math.round(matrix.rows / 16)) : 1;
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-step, 0], PageDown: [step, 0] }[event.key];
    const at = cursor ?? { row: matrix.rows >> 1, column: matrix.columns - 1 };
    if (move) {
      const next = { row: Math.min(matrix.rows - 1, Math.max(0, at.row + (cursor ? move[0] : 0))),
        column: Math.min(matrix.columns - 1, Math.max(0, at.column + (cursor ? move[1] : 0))) };
      setCursor({ ...next, anchor: event.shiftKey ? at.anchor ?? { row: at.row, column: at.column } : null });
      const box = boxOf(next);
      onCell(next, [box.x + box.width, box.y + box.height]);
    } else if (event.key === 'Enter' && cursor?.anchor) {
      const rows = [cursor.row, cursor.anchor.row].sort((a, b) => a - b), columns = [cursor.column, cursor.anchor.column].sort((a, b) => a - b);
      onZoom({ from: matrix.times[columns[0]], to: matrix.times[columns[1] + 1], first: rows[0], end: rows[1] + 1 });
    } else if (event.key === 'Enter' && cursor) {
      onPin(cursor);
    } else if (event.key === 'Escape' && cursor) {
      setCursor(null);
      onCell(null);
    } else if (!onKey(event)) {
      return;
    }
    event.preventDefault();
  };

  return html`<div class=${`keymap${isStale ? ' stale' : ''}`} ref=${frame}>
    <canvas ref=${canvas} aria-hidden="true"></canvas>
    <svg ref=${overlay} tabindex="0" role="application" aria-label=${label} aria-describedby="keymap-help" width="100%" height="100%"
      onKeyDown=${press} onBlur=${() => onCell(null)}>
      <g class="top"><path /></g><g class="side"><path /></g><g class="tablets"></g><g class="keys"></g><g class="times"></g>
      <text class="unknown" text-anchor="middle"></text>
      ${size.width > 0 && matrix.columns > 0 && pins.map((pin, i) => {
        if (!pin) return null;
        const box = boxOf(pin);
        return html`<g class="pin"><rect ...${box} /><text x=${box.x + box.width / 2} y=${box.y - 4} text-anchor="middle">${i + 1}</text></g>`;
      })}
      ${cursor && html`<rect class="cursor" ...${boxOf(cursor, cursor.anchor ?? cursor)} />`}
      <g class="area"></g></svg></div>`;
}

// The palette with its values: what a colour says, in numbers.
export function Legend({ max, unit, brightness }) {
  const strip = useRef(null);
  useEffect(() => {
    const context = strip.current.getContext('2d');
    const image = context.createImageData(256, 1);
    for (let i = 0; i < 256; i++) image.data.set([...heatmap.color(i / 255), 255], 4 * i);
    context.putImageData(image, 0, 0);
  }, []);
  const brightest = max / 2 ** brightness;
  const place = (value) => Math.min(1, Math.log1p(value * 2 ** brightness) / Math.log1p(max));
  const ticks = [0];
  if (max > 0) {
    for (let power = -2; power < 16; power++) {
      const value = 10 ** power;
      if (value < brightest * 0.9 && place(value) - place(ticks.at(-1)) > 0.12 && 1 - place(value) > 0.12) ticks.push(value);
    }
    ticks.push(brightest);
  }
  return html`<div class="legend" role="img" aria-label=${`Colours: black is 0, pale yellow is ${count(brightest)} ${unit} and more`}>
    <div class="legend-scale"><canvas ref=${strip} width="256" height="1"></canvas>
      ${ticks.map((value) => html`<span style=${{ left: `${100 * (max > 0 ? place(value) : 0)}%` }}>${count(value)}${
        value > 0 && value === brightest && brightness !== 0 ? '+' : ''}</span>`)}</div>
    <span class="quiet">${unit}</span></div>`;
}
