// The servers, and one of them.

import { html } from 'htm/preact';
import { useApi, query } from '../api.js';
import { ago, clock, count, percent, rate, size, whole } from '../format.js';
import { Range } from '../keys.js';
import { link } from '../route.js';
import { Bar, Figure, Figures, Notice, Page, Table, Waiting } from '../ui.js';
import { ServerLink, State, serverOrder } from './tables.js';

export function Servers({ route: { state } }) {
  const sort = state.sort ?? '-requests_per_s';
  const api = useApi(`servers${query({ limit: 1000, sort })}`, { every: 2000 });
  const most = Math.max(1e-9, ...(api.data?.items.map((one) => one.requests_per_s) ?? []));
  return html`<${Page} title="Servers"><${Waiting} api=${api} what="the servers" />
    ${api.data && html`<${Table} caption="Servers" rows=${api.data.items} rowKey=${(one) => one.name} page=${1000} order=${serverOrder(['servers'], state, sort)} columns=${[
      { id: 'name', title: 'Server', value: true, cell: (one) => html`<${ServerLink} of=${one.name} />` },
      { id: 'state', title: 'State', value: true, cell: (one) => html`<${State} of=${one.state} />` },
      { id: 'requests_per_s', title: 'Requests', value: true, number: true, cell: (one) => html`<${Bar} share=${one.requests_per_s / most} label=${rate(one.requests_per_s)} />` },
      { id: 'share', title: 'Share', number: true, hint: 'its requests over the mean of the live ones', cell: (one) => (one.share === null ? '–' : `${count(one.share)} ×`) },
      { id: 'cpu', title: 'CPU', value: true, number: true, hint: 'percent of a core', cell: (one) => percent(one.cpu) },
      { id: 'bytes_per_s', title: 'Bytes', value: true, number: true, cell: (one) => `${size(one.bytes_per_s)}/s` },
      { id: 'tablets', title: 'Tablets', value: true, number: true, cell: (one) => whole(one.tablets) },
      { id: 'memtable_bytes', title: 'Memtables', value: true, number: true, cell: (one) => size(one.memtable_bytes) },
      { id: 'started', title: 'Up since', number: true, cell: (one) => clock(one.started_ms / 1000, { day: true }) },
    ]} />`}</${Page}>`;
}

export function ServerDetail({ route: { path: [, name] } }) {
  const api = useApi(`servers/${encodeURIComponent(name)}`, { every: 2000 });
  const own = useApi('server', { every: 3000 });
  const now = api.data;
  const inside = own.data?.name === now?.name ? own.data : null;
  return html`<${Page} title=${`Server ${now?.address ?? name.split(',').slice(0, 2).join(':')}`} tools=${now?.web && !inside && html`<a href=${now.web}>Its own pages</a>`}>
    <${Waiting} api=${api} what="the server" />
    ${now && html`
      ${now.given_up && html`<${Notice} kind="warning" title="Given up.">${now.given_up}</${Notice}>`}
      ${Math.abs(now.clock_ahead_ms) > 30000 && html`<${Notice} kind="warning" title="Its clock is wrong.">${whole(Math.abs(Math.round(now.clock_ahead_ms / 1000)))} s ${now.clock_ahead_ms < 0 ? 'behind' : 'ahead of'} the master's</${Notice}>`}
      ${now.share > 2 && html`<${Notice} kind="warning" title="Busy.">It takes ${count(now.share)} times the mean of the live servers. <a href="#/balancer">What the balancer makes of it</a></${Notice}>`}
      <${Figures}>
        <${Figure} label="State" value=${html`<${State} of=${now.state} />`} detail=${`reported ${ago(now.reported_ms / 1000)}`} />
        <${Figure} label="Requests" value=${rate(now.requests_per_s)} detail=${now.share === null ? null : `${count(now.share)} × the mean`} />
        <${Figure} label="CPU" value=${percent(now.cpu)} detail="of a core, for requests" />
        <${Figure} label="Tablets" value=${whole(now.tablets)} />
        <${Figure} label="Memtables" value=${size(now.memtable_bytes)} />
        <${Figure} label="Memory" value=${size(now.used_memory_bytes)} detail=${now.most_memory_bytes ? `of ${size(now.most_memory_bytes)}` : null} />
        <${Figure} label="Requests in all" value=${count(now.requests_total)} detail=${`since ${clock(now.started_ms / 1000, { day: true })}`} /></${Figures}>
      ${inside && html`<h2>Inside</h2><${Figures}>
        <${Figure} label="Connections" value=${count(inside.connections)} detail=${`${count(inside.calls_in_flight)} calls in flight`} />
        <${Figure} label="Resident" value=${size(inside.resident_bytes)} detail=${`${count(inside.cpu_s)} s of CPU in all`} />
        ${inside.cache && html`<${Figure} label="Block cache" value=${size(inside.cache.bytes)} detail=${`of ${size(inside.cache.budget_bytes)}; ${
          inside.cache.hits + inside.cache.misses > 0 ? `${percent(inside.cache.hits / (inside.cache.hits + inside.cache.misses))} found` : 'not asked yet'}`} />`}
        ${inside.memtables && html`<${Figure} label="Memtables" value=${size(inside.memtables.bytes)} detail=${`of ${size(inside.memtables.budget_bytes)}`} />`}
        ${inside.log && html`<${Figure} label="Tablet log" value=${size(inside.log.bytes)} detail=${`${count(inside.log.segments)} segments, ${count(inside.log.syncs)} syncs`} />`}
        ${inside.flushes !== null && html`<${Figure} label="Flushes" value=${count(inside.flushes)} detail=${size(inside.flushed_bytes)} />
          <${Figure} label="Compactions" value=${count(inside.compactions)} detail=${size(inside.compacted_bytes)} />`}
        <${Figure} label="Space left" value=${size(inside.space_free_bytes)} kind=${inside.is_read_only ? 'bad' : ''} detail=${inside.is_read_only ? 'read-only: no space' : null} /></${Figures}>`}
      <h2>Its busiest tablets</h2>
      <${Table} caption="Busiest tablets" rows=${now.hot_tablets} rowKey=${(one) => one.id} empty="No tablet is asked for anything." columns=${[
        { id: 'table', title: 'Table', cell: (one) => html`<a href=${link(['tables', one.table])}>${one.table}</a>` },
        { id: 'keys', title: 'Keys', cell: (one) => html`<${Range} start=${one.start_key} end=${one.end_key} />` },
        { id: 'requests', title: 'Requests', number: true, cell: (one) => rate(one.requests_per_s) },
        { id: 'cpu', title: 'CPU', number: true, hint: 'percent of a core', cell: (one) => percent(one.cpu) },
        { id: 'part', title: 'Part of all', number: true, cell: (one) => html`<${Bar} share=${one.part} label=${percent(one.part)} />` },
      ]} />`}</${Page}>`;
}
