// All tables, and one: its schema and its tablets, with what may be done to them.

import { html } from 'htm/preact';
import { post, query, useApi } from '../api.js';
import { count, percent, plural, rate, size, whole } from '../format.js';
import { Key, Range } from '../keys.js';
import { go, link } from '../route.js';
import { Action, Bar, Choice, Field, Figure, Figures, Notice, Page, Pager, Table, Waiting } from '../ui.js';

const stateKinds = { enabled: 'good', open: 'good', live: 'good', failed_open: 'bad', dead: 'bad', dying: 'bad', silent: 'warning', stalled: 'warning' };
export const State = ({ of }) => html`<span class=${`state ${stateKinds[of] ?? ''}`}>${of.replaceAll('_', ' ')}</span>`;
export const shortServer = (name) => name?.split(',').slice(0, 2).join(':') ?? 'none';
export const ServerLink = ({ of }) => (of ? html`<a href=${link(['servers', of])}>${shortServer(of)}</a>` : 'none');
export const shortId = (id) => html`<code title=${id}>${id.slice(0, 8)}</code>`;

// A list that the server sorts and pages: its order and place are in the hash.
export function serverOrder(path, state, otherwise) {
  const sort = state.sort ?? otherwise;
  return { by: sort.replace(/^-/, ''), down: sort.startsWith('-'),
    set: (by, down) => go(path, { ...state, sort: `${down ? '-' : ''}${by}`, after: undefined }) };
}

const skewCell = (skew) => (skew ? `${count(skew.max_mean)} ×` : '–');

export function Tables({ route: { state } }) {
  const sort = state.sort ?? '-requests_per_s';
  const api = useApi(`tables${query({ limit: 200, sort, filter: state.filter, after: state.after })}`, { every: 3000 });
  const most = Math.max(1e-9, ...(api.data?.items.map((one) => one.requests_per_s) ?? []));
  return html`<${Page} title="Tables" tools=${html`<${Field} label="Name holds" value=${state.filter ?? ''}
      onChange=${(filter) => go(['tables'], { ...state, filter, after: undefined }, { keep: true })} />`}>
    <${Waiting} api=${api} what="the tables" />
    ${api.data && html`<${Table} caption="Tables" rows=${api.data.items} rowKey=${(one) => one.name} page=${200} order=${serverOrder(['tables'], state, sort)}
      empty=${state.filter ? 'No table has that in its name.' : 'There are no tables yet.'} columns=${[
        { id: 'name', title: 'Name', value: true, cell: (one) => html`<a class="name" href=${link(['tables', one.name])}>${one.name}</a>` },
        { id: 'state', title: 'State', value: true, cell: (one) => html`<${State} of=${one.state} />` },
        { id: 'tablets', title: 'Tablets', value: true, number: true, cell: (one) => (one.open === one.tablets ? whole(one.tablets) : `${one.open.toLocaleString('en')} of ${one.tablets.toLocaleString('en')} open`) },
        { id: 'requests_per_s', title: 'Requests', value: true, number: true, cell: (one) => html`<${Bar} share=${one.requests_per_s / most} label=${rate(one.requests_per_s)} />` },
        { id: 'skew', title: 'Skew', number: true, hint: 'requests of its busiest tablet over their mean', cell: (one) => skewCell(one.skew) },
        { id: 'cpu', title: 'CPU', number: true, hint: 'percent of a core', cell: (one) => percent(one.cpu) },
        { id: 'memtable', title: 'Memtables', number: true, cell: (one) => size(one.memtable_bytes) },
        { id: 'size_bytes', title: 'Size', value: true, number: true, cell: (one) => size(one.size_bytes) },
        { id: 'see', title: 'See', cell: (one) => html`<a href=${link(['keyvis'], { table: one.name })}>heat map</a> · <a href=${link(['data', one.name])}>rows</a>` },
      ]} />
      <${Pager} text=${plural(api.data.total, 'table')} back=${state.after && (() => history.back())}
        next=${api.data.next && (() => go(['tables'], { ...state, after: api.data.next }))} />`}</${Page}>`;
}

function TabletActions({ tablet, done }) {
  const act = (what, body) => async () => { await post(`actions/${what}`, body); done(); };
  const name = `tablet ${tablet.id.slice(0, 8)}`;
  return html`<div class="buttons">
    <${Action} title="Split" question=${`Split ${name} of ${tablet.table} in the middle of its data? No data is copied; the halves can be merged again.`} run=${act('split', { tablet: tablet.id })} />
    <${Action} title="Move" question=${`Move ${name} of ${tablet.table} to another server? It does not answer for some milliseconds.`} run=${act('move', { tablet: tablet.id })} />
    <${Action} title="Flush" question=${`Write the memtable of ${name} to a file?`} run=${act('flush', { tablet: tablet.id })} />
    <${Action} title="Compact" question=${`Rewrite all files of ${name} as one? This reads and writes ${size(tablet.size_bytes)}.`} run=${act('compact', { tablet: tablet.id, is_major: true })} />
  </div>`;
}

const tabletStates = [['', 'all'], ['open', 'open'], ['opening', 'opening'], ['closing', 'closing'], ['closed', 'closed'], ['failed_open', 'failed']];

function Tablets({ name, state, version }) {
  const path = ['tables', name], set = (change) => go(path, { ...state, after: undefined, ...change });
  const api = useApi(`tables/${encodeURIComponent(name)}/tablets${query({ limit: 100, sort: state.sort, filter: state.filter, state: state.state, after: state.after })}`, { every: 3000 });
  const most = Math.max(1e-9, ...(api.data?.items.map((one) => one.requests_per_s) ?? []));
  const mayAct = version && !version.is_read_only;
  return html`<div class="page-head"><h2>Tablets</h2><div class="tools">
      <${Field} label="Id or server holds" value=${state.filter ?? ''} onChange=${(filter) => set({ filter })} />
      <${Choice} label="State" value=${state.state ?? ''} options=${tabletStates} onChange=${(value) => set({ state: value })} /></div></div>
    <${Waiting} api=${api} what="the tablets" />
    ${api.data && html`<${Table} caption=${`Tablets of ${name}`} rows=${api.data.items} rowKey=${(one) => one.id} order=${serverOrder(path, state, 'start_key')} empty="No such tablet." columns=${[
        { id: 'start_key', title: 'Keys', value: true, cell: (one) => html`<${Range} start=${one.start_key} end=${one.end_key} />` },
        { id: 'id', title: 'Id', cell: (one) => shortId(one.id) },
        { id: 'server', title: 'Server', value: true, cell: (one) => html`<${ServerLink} of=${one.server} />` },
        { id: 'state', title: 'State', value: true, cell: (one) => html`<${State} of=${one.state} />${one.failure && html`<br /><small>${one.failure}</small>`}` },
        { id: 'requests_per_s', title: 'Requests', value: true, number: true, cell: (one) => html`<${Bar} share=${one.requests_per_s / most} label=${rate(one.requests_per_s)} />` },
        { id: 'share', title: 'Share', number: true, hint: 'its requests over the mean of the table\'s tablets', cell: (one) => (one.share === null ? '–' : `${count(one.share)} ×`) },
        { id: 'cpu', title: 'CPU', value: true, number: true, hint: 'percent of a core', cell: (one) => percent(one.cpu) },
        { id: 'memtable_bytes', title: 'Memtable', value: true, number: true, cell: (one) => size(one.memtable_bytes) },
        { id: 'size_bytes', title: 'Size', value: true, number: true, cell: (one) => size(one.size_bytes) },
        ...(mayAct ? [{ id: 'do', title: 'Do', cell: (one) => html`<${TabletActions} tablet=${one} done=${api.refresh} />` }] : []),
      ]} />
      <${Pager} text=${plural(api.data.total, 'tablet')} back=${state.after && (() => history.back())}
        next=${api.data.next && (() => set({ after: api.data.next }))} />`}`;
}

const Settings = ({ title, values }) => Object.keys(values).length > 0 && html`<h2>${title}</h2><dl class="pairs">${Object.entries(values).map(([name, value]) =>
  html`<dt><code>${name}</code></dt><dd>${value}</dd>`)}</dl>`;

export function TableDetail({ route: { path: [, name], state }, version }) {
  const api = useApi(`tables/${encodeURIComponent(name)}`, { every: 5000 });
  const now = api.data;
  const act = (what, body) => () => post(`actions/${what}`, { table: name, ...body });
  const tools = html`<a href=${link(['keyvis'], { table: name })}>Heat map</a><a href=${link(['hot'], { table: name })}>Hot rows</a><a href=${link(['data', name])}>Rows</a>
    ${version && !version.is_read_only && html`<${Action} title="Flush table" question=${`Write the memtables of all tablets of ${name} to files?`} run=${act('flush')} />
      <${Action} title="Compact table" question=${`Rewrite all files of ${name}, a tablet at a time? This reads and writes ${size(now?.size_bytes)}.`} run=${act('compact', { is_major: true })} />`}`;
  return html`<${Page} title=${`Table ${name}`} tools=${tools}>
    <${Waiting} api=${api} what=${`table ${name}`} />
    ${now && html`<${Figures}>
        <${Figure} label="State" value=${html`<${State} of=${now.state} />`} />
        <${Figure} label="Requests" value=${rate(now.requests_per_s)} detail=${`${size(now.bytes_per_s)}/s`} />
        <${Figure} label="Tablets" value=${whole(now.tablets)} detail=${now.open === now.tablets ? 'all open' : `${now.open} open, ${now.in_transition} on their way`}
          kind=${now.open === now.tablets || now.state !== 'enabled' ? '' : 'warning'} />
        <${Figure} label="Skew" value=${skewCell(now.skew)} detail=${now.skew ? `as if ${count(now.skew.effective)} tablets did all; Gini ${count(now.skew.gini)}` : 'no load'}
          kind=${now.skew?.max_mean > 4 ? 'warning' : ''} />
        <${Figure} label="Size" value=${size(now.size_bytes)} detail=${`${size(now.memtable_bytes)} of it in memtables`} /></${Figures}>
      <details><summary>Schema: ${now.schema.map((one) => one.name).join(', ')}</summary>
        <${Settings} title="Of the table" values=${{ ...now.attributes, ...now.configuration }} />
        ${now.schema.map((one) => html`<${Settings} title=${`Family ${one.name}`} values=${{ ...one.attributes, ...one.configuration }} />`)}</details>
      <${Tablets} name=${name} state=${state} version=${version} />`}</${Page}>`;
}

// ---- Hot tablets and rows ----

// Space-Saving counts a newcomer as what it displaced: mostly error is no news.
const isCertain = (row) => row.error <= row.count / 2;

export function Hot({ route: { state } }) {
  const tablets = useApi(`hot-tablets${query({ table: state.table, by: state.by, limit: 20 })}`, { every: 2000 });
  const rows = useApi(`hot-rows${query({ table: state.table, kind: state.kind, limit: 50 })}`, { every: 2000 });
  const tables = useApi('tables?limit=1000&sort=name');
  const set = (change) => go(['hot'], { ...state, ...change });
  const tools = html`<${Choice} label="Table" value=${state.table ?? ''} options=${[['', 'all'], ...(tables.data?.items ?? []).map((one) => [one.name, one.name])]} onChange=${(table) => set({ table })} />
    <${Choice} label="Tablets by" value=${state.by ?? 'requests'} options=${[['requests', 'requests'], ['bytes', 'bytes'], ['cpu', 'CPU'], ['memtable', 'memtable']]} onChange=${(by) => set({ by })} />
    <${Choice} label="Rows" value=${state.kind ?? ''} options=${[['', 'read and written'], ['read', 'read'], ['write', 'written']]} onChange=${(kind) => set({ kind })} />`;
  return html`<${Page} title="Hot tablets and rows" tools=${tools}>
    ${(tablets.data?.items ?? []).filter((one) => one.diagnosis && one.diagnosis.kind !== 'even' && one.part >= 0.1).slice(0, 3).map((one) => html`<${Notice} kind="warning" title=${`${one.table}, tablet ${one.id.slice(0, 8)}:`}>
      ${one.diagnosis.text} <span class="advice">${one.diagnosis.advice}</span></${Notice}>`)}
    <h2>Tablets${tablets.data && html` <small>over the last ${tablets.data.window_s} s; ${rate(tablets.data.total_per_s)} in all</small>`}</h2>
    <${Waiting} api=${tablets} what="the hot tablets" />
    ${tablets.data && html`<${Table} caption="Hot tablets" rows=${tablets.data.items} rowKey=${(one) => one.id} empty="No tablet is asked for anything." columns=${[
      { id: 'table', title: 'Table', cell: (one) => html`<a class="name" href=${link(['tables', one.table])}>${one.table}</a>` },
      { id: 'keys', title: 'Keys', cell: (one) => html`<${Range} start=${one.start_key} end=${one.end_key} />` },
      { id: 'server', title: 'Server', cell: (one) => html`<${ServerLink} of=${one.server} />` },
      { id: 'part', title: 'Part of all', number: true, cell: (one) => html`<${Bar} share=${one.part} label=${percent(one.part)} />` },
      { id: 'requests', title: 'Requests', number: true, cell: (one) => rate(one.requests_per_s) },
      { id: 'bytes', title: 'Bytes', number: true, cell: (one) => `${size(one.bytes_per_s)}/s` },
      { id: 'cpu', title: 'CPU', number: true, hint: 'percent of a core', cell: (one) => percent(one.cpu) },
      { id: 'share', title: 'Share', number: true, hint: 'its requests over the mean of its table\'s tablets', cell: (one) => (one.share === null || one.share === undefined ? '–' : `${count(one.share)} ×`) },
      { id: 'verdict', title: 'Verdict', hint: 'what its keys look like inside, over the last minutes', cell: (one) => one.diagnosis && html`<span title=${`${one.diagnosis.text}. ${one.diagnosis.advice}`}>${one.diagnosis.kind.replaceAll('_', ' ')}</span>` },
    ]} />`}
    <h2>Rows${rows.data?.items[0] && html` <small>over the last ${Math.round(rows.data.items[0].window_s)} s; a count is at most its error too high</small>`}</h2>
    <${Waiting} api=${rows} what="the hot rows" />
    ${rows.data && html`<${Table} caption="Hot rows" rows=${rows.data.items.filter(isCertain)} empty=${rows.data.items.length
      ? 'No row stands out: the busiest are not told apart from the many.' : 'No row is asked for.'} columns=${[
      { id: 'table', title: 'Table', cell: (one) => html`<a href=${link(['tables', one.table])}>${one.table}</a>` },
      { id: 'row', title: 'Row', cell: (one) => html`<a href=${link(['data', one.table], { row: `b64:${one.row.b64}` })}><${Key} of=${one.row} /></a>` },
      { id: 'kind', title: 'Kind', cell: (one) => one.kind },
      { id: 'part', title: 'Part of its tablet', number: true, cell: (one) => html`<${Bar} share=${one.part} label=${percent(one.part)} />` },
      { id: 'rate', title: 'Rate', number: true, cell: (one) => rate(one.per_s) },
      { id: 'count', title: 'Count', number: true, cell: (one) => count(one.count) },
      { id: 'error', title: 'Error', number: true, cell: (one) => (one.error ? `− ${count(one.error)}` : 'exact') },
    ]} />`}</${Page}>`;
}
