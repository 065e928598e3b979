// How it stands: health, what it is asked, whether the work is spread, what changed last.

import { html } from 'htm/preact';
import { useApi } from '../api.js';
import { clock, count, lasting, micros, percent, rate, size, whole } from '../format.js';
import { go, link } from '../route.js';
import { Chart, Choice, Figure, Figures, Notice, Page, Waiting } from '../ui.js';
import { EventList } from './events.js';

const windows = [['600', 'last 10 minutes'], ['3600', 'last hour'], ['86400', 'last day']];
const micro = (seconds) => seconds.map((one) => (one === null ? null : 1e6 * one));

// The leading master keeps it in memory: it begins when that one began to lead.
function Past({ window, setWindow }) {
  const api = useApi(`history?window=${window}`, { every: 5000 });
  const past = api.data;
  return html`<div class="page-head"><h2>What it was asked</h2><div class="tools">
      <${Choice} label="Time" value=${window} options=${windows} onChange=${setWindow} /></div></div>
    <${Waiting} api=${api} what="the history" />
    ${past && (past.times.length > 1 ? html`<div class="columns charts">
      <${Chart} label="Requests a second" times=${past.times} show=${count} series=${[{ label: 'requests/s', values: past.requests_per_s, color: 1 }]} />
      <${Chart} label="Latency of calls" times=${past.times} show=${micros} series=${[
        { label: 'reads p50', values: micro(past.read_p50_s), color: 1 }, { label: 'reads p99', values: micro(past.read_p99_s), color: 2 },
        { label: 'writes p50', values: micro(past.write_p50_s), color: 3 }, { label: 'writes p99', values: micro(past.write_p99_s), color: 4 }]} />
      <${Chart} label="Bytes a second, in and out" times=${past.times} show=${size} isBytes series=${[{ label: 'bytes/s', values: past.bytes_per_s, color: 2 }]} />
      <${Chart} label="CPU for requests, in percent of a core" times=${past.times} show=${count}
        series=${[{ label: '%', values: past.cpu.map((one) => 100 * one), color: 3 }]} least=${10} /></div>`
      : html`<p class="quiet">Nothing is remembered yet: the leading master keeps this in memory since it began.</p>`)}`;
}

const skewText = (skew) => (skew ? `busiest over mean; Gini ${count(skew.gini)}` : 'no load');

export function Overview({ route: { state }, version }) {
  const cluster = useApi('cluster', { every: 2000 });
  const server = useApi('server', { every: 5000 });
  const events = useApi('events?limit=12', { every: 5000 });
  const now = cluster.data;
  return html`<${Page} title="Overview">
    <${Waiting} api=${cluster} what="the cluster" />
    ${now && html`
      ${now.warnings.length === 0 ? html`<${Notice} kind="good" title="Healthy.">Nothing to warn of.</${Notice}>`
        : now.warnings.map((one) => html`<${Notice} kind="warning" title=${one.text.charAt(0).toUpperCase() + one.text.slice(1)} />`)}
      <${Figures}>
        <${Figure} label="Requests" value=${rate(now.requests_per_s)} detail=${`${size(now.bytes_per_s)}/s`} />
        <${Figure} label="CPU" value=${percent(now.cpu)} detail="of a core, for requests" />
        <${Figure} label="Servers" value=${html`<a href="#/servers">${now.servers.live}</a>`} detail=${now.servers.dead ? `${now.servers.dead} dead` : 'live'}
          kind=${now.servers.dead ? 'bad' : ''} />
        <${Figure} label="Tables" value=${html`<a href="#/tables">${now.tables}</a>`} />
        <${Figure} label="Tablets" value=${whole(now.tablets.open)} detail=${now.tablets.failed ? `open; ${now.tablets.failed} failed`
          : now.tablets.in_transition ? `open; ${now.tablets.in_transition} on their way` : 'open'} kind=${now.tablets.failed ? 'bad' : ''} />
        <${Figure} label="Skew of servers" value=${now.skew.servers && now.servers.live > 1 ? `${count(now.skew.servers.max_mean)} ×` : '–'}
          detail=${now.servers.live > 1 ? skewText(now.skew.servers) : 'one server'}
          kind=${now.skew.servers?.max_mean > 2 ? 'warning' : ''} />
        <${Figure} label="Work lies on" value=${now.skew.tablets ? `${count(now.skew.tablets.effective)} tablets` : '–'}
          detail=${now.skew.tablets ? `as if so many did all, evenly; of ${whole(now.tablets.open)}` : 'no load'} />
        <${Figure} label="Size" value=${size(now.size_bytes)} detail=${`${size(now.memtable_bytes)} of it in memtables`} />
      </${Figures}>
      <p><a href="#/keyvis">See where the keys are hot</a> · <a href="#/hot">hot tablets and rows</a></p>
      <${Past} window=${state.window ?? '600'} setWindow=${(window) => go([], { ...state, window })} />`}
    <div class="columns"><section><h2>Latency of this process, last minute</h2>
      ${server.data && (server.data.latency.some((one) => one.count > 0) ? html`<div class="wide" tabindex="0" role="region" aria-label="Latency"><table>
        <thead><tr><th>Kind</th><th class="number">Calls</th><th class="number">p50</th><th class="number">p99</th><th class="number">All under</th></tr></thead>
        <tbody>${server.data.latency.filter((one) => one.count > 0).map((one) => html`<tr><td>${one.op}</td><td class="number">${count(one.count)}</td>
          ${['p50_s', 'p99_s', 'below_s'].map((name) => html`<td class="number">${micros(one[name] == null ? null : 1e6 * one[name])}</td>`)}</tr>`)}</tbody></table></div>`
        : html`<p class="quiet">No requests in the last minute.</p>`)}
      ${server.data && html`<dl class="pairs"><dt>Up</dt><dd>${lasting(server.data.uptime_s)}, since ${clock(server.data.started_ms / 1000, { day: true })}</dd>
        <dt>Connections</dt><dd>${server.data.connections}</dd><dt>Memory</dt><dd>${size(server.data.resident_bytes)} resident</dd>
        ${server.data.cache && html`<dt>Block cache</dt><dd>${size(server.data.cache.bytes)} of ${size(server.data.cache.budget_bytes)}</dd>`}
        ${version && html`<dt>Version</dt><dd>${version.version}, speaks ${version.wire}</dd>`}</dl>`}</section>
    <section><h2>What changed last</h2><${Waiting} api=${events} what="the events" />
      ${events.data && html`<${EventList} items=${events.data.items} /><p><a href=${link(['events'])}>All events</a></p>`}</section></div>
  </${Page}>`;
}
