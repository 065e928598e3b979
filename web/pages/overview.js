// How it stands: health, what it is asked, whether the work is spread, what changed last.

import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { useApi } from '../api.js';
import { clock, count, lasting, micros, percent, rate, size, whole } from '../format.js';
import { link } from '../route.js';
import { Chart, Figure, Figures, Notice, Page, Waiting } from '../ui.js';
import { EventList } from './events.js';

// What was asked while the page was open: the server keeps no history of it. Lives as long as the script does.
const past = { times: [], requests: [], cpu: [] };
function remember(cluster) {
  const time = cluster.now_ms / 1000;
  if (past.times.length && time <= past.times.at(-1)) return;
  past.times.push(time);
  past.requests.push(cluster.requests_per_s);
  past.cpu.push(100 * cluster.cpu);
  if (past.times.length > 900) for (const list of Object.values(past)) list.shift();
}

const skewText = (skew) => (skew ? `busiest over mean; Gini ${count(skew.gini)}` : 'no load');

export function Overview({ version }) {
  const cluster = useApi('cluster', { every: 2000 });
  const server = useApi('server', { every: 5000 });
  const events = useApi('events?limit=12', { every: 5000 });
  const [, setDrawn] = useState(0);
  useEffect(() => { if (cluster.data) { remember(cluster.data); setDrawn(past.times.length); } }, [cluster.data]);
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
      ${past.times.length > 1 && html`<div class="columns">
        <${Chart} label="Requests a second, while this page is open" times=${past.times} show=${count}
          series=${[{ label: 'requests/s', values: past.requests, color: 1 }]} />
        <${Chart} label="CPU for requests, in percent of a core" times=${past.times} show=${count} series=${[{ label: '%', values: past.cpu, color: 3 }]} least=${10} /></div>`}`}
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
