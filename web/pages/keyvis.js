// The Key Visualizer: where in a table, and when, the work is. All of its state is in the hash.

import { html } from 'htm/preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { query, useApi } from '../api.js';
import { clock, count, lasting } from '../format.js';
import { KeyMap, Legend, matrixOf, valueAt } from '../keymap.js';
import { Key, KeyMode, Range, base64, bytesOf, compareBytes, keyText } from '../keys.js';
import { go, link } from '../route.js';
import { Choice, Notice, Page, Waiting } from '../ui.js';

const metrics = [['requests', 'Requests'], ['reads', 'Reads: gets and scanned rows'], ['gets', 'Gets'],
  ['scans', 'Scanned rows'], ['writes', 'Writes'], ['bytes_in', 'Bytes written'],
  ['bytes_out', 'Bytes read'], ['bytes', 'Bytes, both'], ['cpu', 'CPU']];
const spans = [['-300', '5 minutes'], ['-900', '15 minutes'], ['-3600', '1 hour'], ['-21600', '6 hours'], ['-86400', '1 day'], ['-604800', '1 week']];

const kinds = { single_row: 'One hot row', append: 'Writes at one end', narrow_range: 'A narrow hot range', wide_cohort: 'A wide hot range',
  periodic: 'Comes and goes', burst: 'A burst', even: 'Even', too_little: 'Too little to judge' };

const keyParameter = (key) => (bytesOf(key).length ? `b64:${base64(bytesOf(key))}` : undefined);

function Diagnosis({ items, onShow }) {
  return items.map((item) => html`<${Notice} kind=${item.kind === 'even' ? 'good' : item.kind === 'too_little' ? 'info' : 'warning'}
    title=${`${kinds[item.kind] ?? item.kind}.`}>${item.text} ${item.advice && html`<span class="advice">${item.advice}</span>`}
    ${' '}${item.first_row !== undefined && item.kind !== 'even' && item.kind !== 'too_little'
      && html`<button class="plain" onClick=${() => onShow(item)}>Show it</button>`}</${Notice}>`);
}

// A cell, free of the picture it was seen in: {from, to, start, end, value, tablet}.
const areaOf = (matrix, { row, column }) => ({
  from: matrix.times[column], to: matrix.times[column + 1], start: matrix.bounds[row], end: matrix.bounds[row + 1],
  value: valueAt(matrix, row, column),
  tablet: matrix.tablets.find((one) => one.start_row <= row && row < one.start_row + one.rows),
});

// Where it is in a newer picture; null when it is not.
function placeOf(matrix, area) {
  const column = matrix.times.findIndex((time, i) => i < matrix.columns && time <= area.from && area.from < matrix.times[i + 1]);
  const start = bytesOf(area.start);
  let row = matrix.rows - 1;
  while (row > 0 && compareBytes(bytesOf(matrix.bounds[row]), start) > 0) row--;
  return column < 0 ? null : { row, column };
}

// What is known at once, from the picture; the exact figures follow from the server.
function Cell({ table, metric, unit, area }) {
  const [settled, setSettled] = useState(null);
  const path = `keyvis/cell${query({ table, from: area.from, to: area.to, start: keyParameter(area.start), end: keyParameter(area.end) })}`;
  useEffect(() => {
    const timer = setTimeout(() => setSettled(path), 120);
    return () => clearTimeout(timer);
  }, [path]);
  const exact = useApi(settled === path ? path : null).data;
  const tablet = exact?.tablets?.[0] ?? area.tablet;
  const value = exact ? valueOfMetric(exact.values, metric) : area.value;
  return html`<p class="cell-value">${exact ? '' : '≈ '}${count(value)} <small>${unit}</small></p>
    <dl class="pairs"><dt>Keys</dt><dd><${Range} start=${area.start} end=${area.end} /></dd>
    <dt>Time</dt><dd>${clock(area.from, { seconds: true })} – ${clock(area.to, { seconds: true })}</dd>
    ${tablet && html`<dt>Tablet</dt><dd><code>${tablet.id}</code>${exact?.tablet_count > 1 && ` and ${exact.tablet_count - 1} more`}</dd>
    <dt>Server</dt><dd>${tablet.server ?? 'none'}</dd>`}
    ${exact && html`<dt>A second</dt><dd>${count(exact.values.gets)} gets, ${count(exact.values.writes)} writes, ${
      count(exact.values.scans)} rows scanned</dd>`}</dl>`;
}

function valueOfMetric(values, metric) {
  if (metric === 'requests') return values.gets + values.scans + values.writes;
  if (metric === 'reads') return values.gets + values.scans;
  if (metric === 'bytes') return values.bytes_in + values.bytes_out;
  return values[metric];
}

const unmeasured = 'hbase:meta'; // docs/heat.md

function Tooltip({ place, frame, children }) {
  const box = useRef(null);
  const [at, setAt] = useState(null);
  useEffect(() => {
    const { offsetWidth: width, offsetHeight: height } = box.current;
    const left = place[0] + 16 + width > frame.clientWidth ? Math.max(0, place[0] - 16 - width) : place[0] + 16;
    setAt([left, Math.max(0, Math.min(place[1] + 12, frame.clientHeight - height))]);
  }, [place[0], place[1], children]);
  return html`<div class="tooltip" ref=${box} style=${at ? { transform: `translate(${at[0]}px, ${at[1]}px)` } : { visibility: 'hidden' }}>${children}</div>`;
}

export function KeyVisualizer({ route }) {
  const tables = useApi('tables?limit=1000&sort=-requests_per_s', { every: 30_000 });
  const state = { metric: 'requests', from: '-3600', ...route.state };
  const measured = tables.data?.items.filter((one) => one.name !== unmeasured);
  state.table ??= measured?.find((one) => !one.is_system)?.name ?? measured?.[0]?.name;
  const set = (change, options) => go(['keyvis'], { ...state, ...change }, options);
  const isLive = !state.to;
  const api = useApi(state.table ? `keyvis${query({ table: state.table, metric: state.metric, from: state.from, to: state.to,
    start: state.start, end: state.end })}` : null, { every: isLive ? 5000 : 0 });
  const answer = api.data ?? (api.error ? null : api.stale);
  const matrix = useMemo(() => answer && matrixOf(answer), [answer]);
  const [hover, setHover] = useState(null);
  const [pins, setPins] = useState([]);
  const mode = useContext(KeyMode);
  const frame = useRef(null);
  const brightness = Number(state.brightness) || 0;
  useEffect(() => { setPins([]); setHover(null); }, [state.table, state.metric, state.from, state.to, state.start, state.end]);

  const about = { table: state.table, metric: state.metric, unit: matrix?.unit };
  const isZoomed = Boolean(state.to || state.start || state.end);
  const reset = () => set({ from: '-3600', to: undefined, start: undefined, end: undefined, brightness: undefined });
  const zoomTo = ({ from, to, first, end }) => set({
    // All of the times that are shown, and live: stay live.
    ...(from <= matrix.times[0] && to >= matrix.times[matrix.columns] && isLive ? {} : { from: Math.floor(from), to: Math.ceil(Math.max(to, from + 1)) }),
    start: keyParameter(matrix.bounds[first]), end: keyParameter(matrix.bounds[Math.max(first + 1, end)]),
  });
  const zoomOut = () => {
    const [from, to] = [matrix.times[0], matrix.times[matrix.columns]];
    set({ start: undefined, end: undefined, ...(isLive ? { from: String(2 * Number(state.from)) }
      : { from: Math.floor(from - (to - from) / 2), to: Math.ceil(to + (to - from) / 2) }) });
  };
  const zoomIn = () => {
    const at = hover?.cell ?? { row: matrix.rows / 2, column: matrix.columns / 2 };
    const middle = matrix.times[Math.floor(at.column)], half = (matrix.times[matrix.columns] - matrix.times[0]) / 4;
    const first = Math.max(0, Math.floor(at.row - matrix.rows / 4));
    zoomTo({ from: middle - half, to: middle + half, first, end: Math.min(matrix.rows, first + Math.ceil(matrix.rows / 2)) });
  };
  const brighten = (by) => set({ brightness: Math.max(-6, Math.min(6, brightness + by)) || undefined }, { keep: true });
  const back = () => { if (isZoomed) history.back(); };
  const keys = { Backspace: back, r: reset, R: reset, '+': zoomIn, '=': zoomIn, '-': zoomOut, ']': () => brighten(1), '[': () => brighten(-1) };
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || !matrix) return false;
    keys[event.key]();
    return true;
  };
  // The keys work wherever the reader is, except while typing.
  useEffect(() => {
    const press = (event) => {
      if (!event.defaultPrevented && !event.target.closest('input, select, textarea, dialog') && onKey(event)) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });

  const cellText = (cell) => `${count(valueAt(matrix, cell.row, cell.column))} ${matrix.unit}, keys ${keyText(matrix.bounds[cell.row], 'start', mode)} to ${
    keyText(matrix.bounds[cell.row + 1], 'end', mode)}, ${clock(matrix.times[cell.column])}`;

  const tools = html`<${Choice} label="Table" value=${state.table} onChange=${(table) => go(['keyvis'], { table, metric: state.metric })}
      options=${(measured?.map((one) => [one.name, one.name]) ?? []).concat(
        state.table && !measured?.some((one) => one.name === state.table) ? [[state.table, state.table]] : [])} />
    <${Choice} label="Metric" value=${state.metric} options=${metrics} onChange=${(metric) => set({ metric })} />
    <${Choice} label="Time" value=${isLive ? state.from : 'zoom'} onChange=${(from) => from !== 'zoom' && set({ from, to: undefined })}
      options=${isLive ? spans.some(([id]) => id === state.from) ? spans : [[state.from, state.from < 0 ? `last ${lasting(-state.from)}` : state.from], ...spans]
        : [['zoom', 'as zoomed'], ...spans]} />`;

  return html`<${Page} title="Key Visualizer" tools=${tools}>
    ${measured?.length === 0 && html`<p class="quiet">There are no tables yet. <code>stele shell</code> creates one,
      <code>stele bench load</code> fills one.</p>`}
    ${answer && html`<${Diagnosis} items=${answer.diagnosis ?? []} onShow=${(item) => zoomTo({ from: matrix.times[0],
      to: matrix.times[matrix.columns], first: item.first_row, end: item.last_row + 1 })} />`}
    ${(!answer || api.error) && state.table && html`<${Waiting} api=${api} what="the heat map" />`}
    ${matrix && matrix.columns < 1 && html`<${Notice} title="Nothing is measured yet.">${state.table === unmeasured
      ? `${unmeasured} is never: its rows have an order of their own.` : 'The first column comes with the first requests, some seconds after them.'}</${Notice}>`}
    ${matrix && matrix.columns >= 1 && html`<div class="map-bar"><div class="buttons" role="group" aria-label="Zoom">
        <button onClick=${zoomIn} title="Zoom in (+)">Zoom in</button><button onClick=${zoomOut} title="Zoom out (-)">Zoom out</button>
        <button disabled=${!isZoomed} onClick=${back} title="Back to what was shown before (Backspace)">Back</button>
        <button onClick=${reset} title="All keys, the last hour (R)">Reset</button></div>
      <div class="buttons" role="group" aria-label="Brightness"><button onClick=${() => brighten(-1)} title="Darker ([)">Darker</button>
        <output class="quiet">${brightness === 0 ? '1 ×' : brightness > 0 ? `${2 ** brightness} ×` : `1/${2 ** -brightness} ×`}</output>
        <button onClick=${() => brighten(1)} title="Brighter (])">Brighter</button></div>
      <${Legend} max=${matrix.max} unit=${matrix.unit} brightness=${brightness} />
      <span class="quiet live">${isLive ? html`<span class="dot" aria-hidden="true"></span>live` : `${clock(matrix.times[0], { day: true })} – ${
        clock(matrix.times[matrix.columns])}`}, ${lasting(answer.step_s)} a column</span></div>
    <div class="map-frame" ref=${frame}>
      <${KeyMap} matrix=${matrix} brightness=${brightness} pins=${pins.map((pin) => placeOf(matrix, pin))} isStale=${api.data === null && !api.error}
        label=${`Heat map of ${state.metric} of table ${state.table}: ${matrix.rows} key ranges from top to bottom, ${matrix.columns} times from left to right`}
        onZoom=${zoomTo} onCell=${(cell, place) => setHover(cell && { cell, place })} onKey=${onKey}
        onPin=${(cell) => setPins((all) => [...all, areaOf(matrix, cell)].slice(-6))} />
      ${hover && frame.current && html`<${Tooltip} place=${hover.place} frame=${frame.current}><${Cell} ...${about} area=${areaOf(matrix, hover.cell)} /></${Tooltip}>`}
      <p class="unseen" aria-live="polite">${hover ? cellText(hover.cell) : ''}</p></div>
    <p class="quiet help" id="keymap-help">Drag a rectangle to zoom in, or hold Ctrl and turn the wheel. A click pins a cell. Keys: arrows move, Shift and
      arrows select, Enter zooms or pins, <kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>[</kbd> <kbd>]</kbd> brightness, <kbd>Backspace</kbd> back, <kbd>R</kbd> reset.
      Hot ranges have rows of their own, cold neighbours share one: the keys are not to scale.
      ${' '}<span class="marks">Marks: <span class="mark">${'<'}</span> split, <span class="mark">${'>'}</span> merge, <span class="mark">◇</span> move.</span></p>
    ${pins.length > 0 && html`<section aria-label="Pinned cells" class="pins">${pins.map((pin, i) => html`<article key=${`${pin.from},${pin.start.b64}`}><h2>${i + 1}</h2>
      <${Cell} ...${about} area=${pin} />
      <button onClick=${() => setPins(pins.filter((one) => one !== pin))}>Unpin</button></article>`)}</section>`}
    ${answer?.marks?.length > 0 && html`<details class="mark-list"><summary>${answer.marks.length} splits, merges and moves in this picture</summary>
      <ul>${answer.marks.slice(-200).reverse().map((mark) => html`<li><time>${clock(mark.time, { seconds: true })}</time> ${mark.kind} at${' '}
        <${Key} of=${mark.key} edge="start" /> <span class="quiet">${mark.reason}</span></li>`)}</ul></details>`}
    ${state.table && html`<p><a href=${link(['tables', state.table])}>Tablets of ${state.table}</a> · <a href=${link(['hot'], { table: state.table })}>Its hot rows</a></p>`}
    `}</${Page}>`;
}
