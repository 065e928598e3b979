// What pages are made of: headings, notices, tables, charts, buttons that ask first.

import { html } from 'htm/preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock, count } from './format.js';

export const Page = ({ title, tools, children }) => {
  useEffect(() => { document.title = `${title} · Stele`; }, [title]);
  return html`<div class="page-head"><h1 tabindex="-1">${title}</h1>${tools && html`<div class="tools">${tools}</div>`}</div>${children}`;
};

export const Notice = ({ kind = 'info', title, children }) => html`<div class=${`notice ${kind}`} role=${kind === 'error' ? 'alert' : 'note'}>
  ${title && html`<strong>${title}</strong>`}${title && ' '}${children}</div>`;

// What an answer of useApi() is while it is not there. `what` is a thing: "the tables".
export function Waiting({ api, what }) {
  if (api.error?.status === 421) { // not an error: another server's to tell
    return html`<${Notice} title="Not here:">${api.error.message}. ${api.error.elsewhere
      && html`<a href=${`${api.error.elsewhere}/${location.hash}`}>The same page at ${api.error.elsewhere.replace(/^https?:\/\//, '')}</a>`}</${Notice}>`;
  }
  if (api.error) {
    return html`<${Notice} kind="error" title=${`Could not read ${what}:`}>${api.error.message}
      ${' '}<button class="plain" onClick=${api.refresh}>Try again</button></${Notice}>`;
  }
  return api.data ? null : html`<p class="quiet" aria-live="polite">Reading ${what} …</p>`;
}

export const Figure = ({ label, value, detail, kind }) => html`<div class=${`figure ${kind ?? ''}`}><dt>${label}</dt>
  <dd>${value}${detail && html`<small>${detail}</small>`}</dd></div>`;

export const Figures = ({ children }) => html`<dl class="figures">${children}</dl>`;

// A share from 0 to 1 as a bar; the number stands beside it.
export const Bar = ({ share, label }) => html`<span class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
  <rect class="track" width="100" height="8" /><rect class="fill" width=${100 * Math.min(1, Math.max(0, share || 0))} height="8" /></svg><span class="bar-label">${label}</span></span>`;

// columns: [{id, title, cell(row), value(row), number, hint}]. A column with `value` sorts, here, unless `order` is given:
// then the caller does it ({by, down, set(by, down)}).
export function Table({ columns, rows, caption, order, first, rowKey, empty = 'None.', page = 100 }) {
  const [own, setOwn] = useState({ by: first ?? null, down: true });
  const [start, setStart] = useState(0);
  const { by, down } = order ?? own;
  const sorted = useMemo(() => {
    const value = columns.find((column) => column.id === by)?.value;
    if (order || !value) return rows;
    const compare = (a, b) => (typeof a === 'number' || typeof b === 'number' ? (a ?? -Infinity) - (b ?? -Infinity)
      : String(a ?? '').localeCompare(String(b ?? '')));
    return [...rows].sort((a, b) => (down ? -1 : 1) * compare(value(a), value(b)));
  }, [rows, by, down, order]);
  const sortBy = (column) => {
    const next = column.id === by ? !down : Boolean(column.number);
    setStart(0);
    if (order) order.set(column.id, next); else setOwn({ by: column.id, down: next });
  };
  const from = Math.min(start, Math.max(0, sorted.length - 1));
  const shown = sorted.slice(from, from + page);
  if (rows.length === 0) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="wide" role="region" aria-label=${caption} tabindex="0"><table><caption>${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? 'number' : ''} title=${column.hint}
      aria-sort=${column.id === by ? (down ? 'descending' : 'ascending') : undefined}>${column.value
      ? html`<button class="sort" onClick=${() => sortBy(column)}>${column.title}<span aria-hidden="true">${
        column.id === by ? (down ? ' ▾' : ' ▴') : ''}</span></button>` : column.title}</th>`)}</tr></thead>
    <tbody>${shown.map((row, i) => html`<tr key=${rowKey ? rowKey(row) : i}>${columns.map((column) => html`<td class=${
      column.number ? 'number' : ''}>${column.cell(row)}</td>`)}</tr>`)}</tbody></table></div>
    ${sorted.length > page && html`<${Pager} text=${`${count(from + 1)}–${count(from + shown.length)} of ${sorted.length}`}
      back=${from > 0 && (() => setStart(from - page))} next=${from + page < sorted.length && (() => setStart(from + page))} />`}`;
}

// Back and Next are there only when there is somewhere to go.
export const Pager = ({ text, back, next }) => html`<nav class="pager" aria-label="Pages of this list">
  ${(back || next) && html`<button disabled=${!back} onClick=${back || undefined}>Back</button>`}<span>${text}</span>
  ${(back || next) && html`<button disabled=${!next} onClick=${next || undefined}>Next</button>`}</nav>`;

export const Choice = ({ label, value, options, onChange }) => html`<label class="choice">${label}
  <select value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>${options.map(([id, title]) => html`<option
    value=${id} selected=${id === value}>${title}</option>`)}</select></label>`;

// A text field that tells what is in it on Enter or when it is left, not at each key.
export function Field({ label, value, placeholder, onChange, width, bad }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const done = () => { if (text !== value) onChange(text); };
  return html`<label class="choice">${label}<input type="text" value=${text} placeholder=${placeholder} size=${width ?? 16} spellcheck=${false}
    autocomplete="off" aria-invalid=${bad ? 'true' : undefined} onInput=${(event) => setText(event.currentTarget.value)} onBlur=${done}
    onKeyDown=${(event) => { if (event.key === 'Enter') done(); }} /></label>`;
}

// A button whose work changes something: says what it will do, and does it when confirmed.
export function Action({ title, question, run }) {
  const dialog = useRef(null);
  const [state, setState] = useState({});
  const confirm = async () => {
    setState({ busy: true });
    try {
      await run();
      setState({});
      dialog.current.close();
    } catch (error) {
      setState({ error });
    }
  };
  return html`<button onClick=${() => { setState({}); dialog.current.showModal(); }}>${title}</button>
    <dialog ref=${dialog} aria-label=${title}><p>${question}</p>
    ${state.error && html`<${Notice} kind="error">${state.error.message}</${Notice}>`}
    <div class="tools"><button class="main" disabled=${state.busy} onClick=${confirm}>${title}</button>
    <button disabled=${state.busy} onClick=${() => dialog.current.close()}>Cancel</button></div></dialog>`;
}

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const powersOfTwo = Array.from({ length: 51 }, (_, power) => 2 ** power);

// A chart over time. series: [{label, values, color: 1..4}]; `show` prints a value (isBytes: round ones are powers of two); the scale goes up to `least` at least. Dragging zooms, double click resets.
export function Chart({ times, series, show, height = 180, label, least = 1, isBytes = false }) {
  const place = useRef(null);
  const plot = useRef(null);
  const data = [times, ...series.map((one) => one.values)];
  useEffect(() => {
    if (!place.current) return undefined; // the reader has gone on before it was drawn
    const axis = () => ({ stroke: variable('--quiet'), grid: { stroke: variable('--line'), width: 1 }, ticks: { stroke: variable('--line'), width: 1 },
      font: '12px system-ui, sans-serif' });
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot({
        width: Math.max(200, place.current.clientWidth), height,
        cursor: { sync: { key: 'time' } },
        series: [{ value: (_, unix) => (unix ? new Date(unix * 1000).toLocaleTimeString() : '–') },
          ...series.map((one) => ({ label: one.label, stroke: variable(`--series-${one.color}`), width: 1.5, spanGaps: false,
            value: (_, value) => (value === null || value === undefined ? '–' : show(value)) }))],
        // A minute at least, so that the first points do not fill it.
        scales: { x: { range: (_, low, high) => [Math.min(low, high - 60), high] }, y: { range: (_, low, high) => [0, Math.max(least, (high || 0) * 1.1)] } },
        legend: { show: series.length > 1 },
        axes: [{ ...axis(), space: 70, values: (_, ticks) => ticks.map((unix) => clock(unix, { seconds: true })) }, { ...axis(), size: 66, values: (_, ticks) => ticks.map(show), ...(isBytes && { incrs: powersOfTwo }) }],
      }, data, place.current);
    };
    make();
    const watch = new ResizeObserver(() => place.current && plot.current.setSize({ width: Math.max(200, place.current.clientWidth), height }));
    watch.observe(place.current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', make);
    return () => { watch.disconnect(); dark.removeEventListener('change', make); plot.current.destroy(); plot.current = null; };
  }, [series.map((one) => one.label).join()]);
  useEffect(() => { plot.current?.setData(data); });
  return html`<figure class="chart"><figcaption>${label}</figcaption><div ref=${place}></div></figure>`;
}
