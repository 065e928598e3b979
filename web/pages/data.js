// Rows of a table, to look at and not to change. Everything in them is bytes and is shown as keys.js shows it.

import { html } from 'htm/preact';
import { useContext, useEffect } from 'preact/hooks';
import { query, useApi } from '../api.js';
import { clock, plural, size } from '../format.js';
import { Key, KeyMode, base64, bytesOf, parseBytes, printBytes } from '../keys.js';
import { go, link } from '../route.js';
import { Choice, Field, Page, Pager, Waiting } from '../ui.js';

export function DataTables() {
  const tables = useApi('tables?limit=1000&sort=name');
  return html`<${Page} title="Rows"><${Waiting} api=${tables} what="the tables" />
    ${tables.data && (tables.data.items.length ? html`<p>Of which table?</p><ul>${tables.data.items.map((one) => html`<li><a class="name" href=${link(['data', one.name])}>${one.name}</a></li>`)}</ul>`
      : html`<p class="quiet">There are no tables yet.</p>`)}</${Page}>`;
}

function Row({ row }) {
  return html`<tbody>${row.cells.map((cell, i) => html`<tr key=${i}>
    ${i === 0 && html`<th scope="rowgroup" rowspan=${row.cells.length} class="row-key"><${Key} of=${row.row} most=${120} />${row.is_partial && html`<br /><small>more cells than shown</small>`}</th>`}
    <td><code>${cell.family}</code>:<${Key} of=${cell.qualifier} most=${120} /></td>
    <td class="number" title=${String(cell.timestamp)}>${clock(cell.timestamp / 1000, { day: true, seconds: true })}</td>
    <td><${Key} of=${cell.value} most=${200} />${(cell.value.cut || cell.cut) && html` <small>of ${size(cell.size_bytes)}</small>`}</td></tr>`)}</tbody>`;
}

export function Data({ route: { path: [, name], state } }) {
  const mode = useContext(KeyMode);
  const place = ['data', name];
  const set = (change) => go(place, { ...state, after: undefined, ...change });
  const api = useApi(`data/${encodeURIComponent(name)}${query({ row: state.row, prefix: state.row ? undefined : state.after ? undefined : state.prefix,
    start: state.row ? undefined : state.after, end: state.after ? state.end : undefined, columns: state.columns, versions: state.versions, limit: state.row ? undefined : 50 })}`);
  // In the hash a key is b64:..., in a field it is what the reader types.
  const shown = (value) => (value?.startsWith('b64:') ? printBytes(bytesOf({ b64: value.slice(4) }), mode) : value ?? '');
  const given = (text) => { const bytes = parseBytes(text, mode); return bytes?.length ? `b64:${base64(bytes)}` : undefined; };
  // A prefix as a range, for the pages after the first: up to the next key that does not begin with it.
  const endOf = (prefix) => {
    if (!prefix) return undefined;
    const bytes = Array.from(bytesOf({ b64: prefix.slice(4) }));
    while (bytes.length && bytes.at(-1) === 255) bytes.pop();
    if (!bytes.length) return undefined;
    bytes.push(bytes.pop() + 1);
    return `b64:${base64(Uint8Array.from(bytes))}`;
  };
  const next = api.data?.next && { ...state, after: `b64:${api.data.next.b64}`, end: state.end ?? endOf(state.prefix) };
  // Where it goes on is another server's: the leading master names it. So does a page on which nothing was left.
  const at = api.data?.next_at && `${api.data.next_at}/${link(place, next)}`;
  const elsewhere = state.after && api.error?.isRowElsewhere ? `${api.error.elsewhere}/${location.hash}` : api.data?.items.length === 0 ? at : null;
  useEffect(() => { if (elsewhere) location.replace(elsewhere); }, [elsewhere]);
  const goOn = next && (() => (at ? location.assign(at) : go(place, next)));
  const tools = html`<${Field} label="Row" value=${shown(state.row)} placeholder="all" onChange=${(text) => set({ row: given(text), prefix: undefined })} />
    <${Field} label="Rows that begin with" value=${shown(state.prefix)} placeholder="anything" onChange=${(text) => set({ prefix: given(text), row: undefined })} />
    <${Field} label="Columns" value=${state.columns ?? ''} placeholder="f:q, f2" onChange=${(columns) => set({ columns: columns.replace(/\s+/g, '') })} width=${12} />
    <${Choice} label="Versions" value=${state.versions ?? '1'} options=${[['1', 'newest'], ['3', '3'], ['10', '10'], ['100', '100']]} onChange=${(versions) => set({ versions: versions === '1' ? undefined : versions })} />`;
  return html`<${Page} title=${`Rows of ${name}`} tools=${tools}>
    <${Waiting} api=${api} what="the rows" />
    ${api.data && (api.data.items.length === 0 ? html`<p class="quiet">${state.row ? 'There is no such row.' : next ? 'No rows so far.' : state.after ? 'No more rows.' : 'No rows here.'}</p>`
      : html`<div class="wide" role="region" aria-label=${`Rows of ${name}`} tabindex="0"><table class="data"><thead><tr><th>Row</th><th>Column</th><th class="number">Timestamp</th><th>Value</th></tr></thead>
        ${api.data.items.map((row) => html`<${Row} key=${row.row.b64} row=${row} />`)}</table></div>
      <${Pager} text=${`${plural(api.data.items.length, 'row')}; keys and values as ${mode === 'hex' ? 'hex' : 'text, \\xNN for other bytes'}`} back=${state.after && (() => history.back())}
        next=${goOn} />`)}
    ${next && api.data.items.length === 0 && html`<${Pager} text="" next=${goOn} />`}
    <p><a href=${link(['tables', name])}>Tablets of ${name}</a> · <a href=${link(['keyvis'], { table: name })}>Heat map</a></p></${Page}>`;
}
