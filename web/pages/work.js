// What the cluster is doing by itself: tasks and compactions, and what the balancer decides and why. And what was slow.

import { html } from 'htm/preact';
import { useApi, query } from '../api.js';
import { ago, clock, count, lasting, micros, percent, plural, size } from '../format.js';
import { Key } from '../keys.js';
import { go, link } from '../route.js';
import { Bar, Field, Figure, Figures, Notice, Page, Pager, Table, Waiting } from '../ui.js';
import { ServerLink, shortId } from './tables.js';

const tableLink = (one) => (one.table ? html`<a class="name" href=${link(['tables', one.table])}>${one.table}</a>` : '');
const kindOf = (one) => one.kind?.replace(/Procedure$/, '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

export function Tasks() {
  const api = useApi('tasks', { every: 2000 });
  const now = api.data;
  return html`<${Page} title="Tasks and compactions"><${Waiting} api=${api} what="the tasks" />
    ${now && html`
      <h2>Procedures under way${now.waiting > 0 && html` <small>${now.waiting} more wait for their turn</small>`}</h2>
      <${Table} caption="Procedures under way" rows=${now.procedures} rowKey=${(one) => one.id} empty="None: nothing is being changed." columns=${[
        { id: 'id', title: 'Id', number: true, cell: (one) => one.id },
        { id: 'kind', title: 'What', cell: (one) => html`<span title=${one.kind}>${kindOf(one)}</span>` },
        { id: 'table', title: 'Table', cell: tableLink },
        { id: 'tablets', title: 'Tablets', cell: (one) => one.tablets?.slice(0, 3).map((id) => html`${shortId(id)} `) },
        { id: 'step', title: 'Step', cell: (one) => one.step },
        { id: 'state', title: 'State', cell: (one) => html`<span class=${`state ${one.state === 'waiting' ? 'warning' : 'good'}`}>${one.state}</span>${one.failure && html`<br /><small>${one.failure}</small>`}` },
        { id: 'for', title: 'For', number: true, cell: (one) => lasting(Math.max(0, Date.now() - one.submitted_ms) / 1000) },
      ]} />
      <h2>Tablets on their way</h2>
      <${Table} caption="Tablets on their way" rows=${now.transitions} rowKey=${(one) => one.tablet} empty="None." columns=${[
        { id: 'tablet', title: 'Tablet', cell: (one) => shortId(one.tablet) },
        { id: 'table', title: 'Table', cell: tableLink },
        { id: 'state', title: 'State', cell: (one) => one.state },
        { id: 'server', title: 'Server', cell: (one) => html`<${ServerLink} of=${one.server} />` },
        { id: 'for', title: 'For', number: true, cell: (one) => lasting(Math.max(0, Date.now() - one.since_ms) / 1000) },
      ]} />
      <h2>Compactions</h2>
      <${Table} caption="Compactions" rows=${now.compactions} empty="None is running." columns=${[
        { id: 'table', title: 'Table', cell: tableLink },
        { id: 'tablet', title: 'Tablet', cell: (one) => shortId(one.tablet) },
        { id: 'server', title: 'Server', cell: (one) => html`<${ServerLink} of=${one.server} />` },
        { id: 'kind', title: 'Kind', cell: (one) => one.kind },
        { id: 'cells', title: 'Cells', number: true, cell: (one) => `${count(one.cells_done)} of ${count(one.cells)}` },
        { id: 'done', title: 'Done', number: true, cell: (one) => html`<${Bar} share=${one.cells_done / (one.cells || 1)} label=${percent(one.cells_done / (one.cells || 1))} />` },
      ]} />
      <h2>Ended in the last quarter of an hour</h2>
      <${Table} caption="Ended procedures" rows=${now.done} rowKey=${(one) => one.id} empty="None." columns=${[
        { id: 'id', title: 'Id', number: true, cell: (one) => one.id },
        { id: 'kind', title: 'What', cell: (one) => kindOf(one) ?? '' },
        { id: 'result', title: 'Result', cell: (one) => (one.failure ? html`<span class="state bad">${one.failure}</span>` : html`<span class="state good">done</span>`) },
        { id: 'at', title: 'Ended', number: true, cell: (one) => clock(one.updated_ms / 1000, { seconds: true }) },
        { id: 'took', title: 'Took', number: true, cell: (one) => lasting((one.updated_ms - one.submitted_ms) / 1000) },
      ]} />`}</${Page}>`;
}

export function Balancer({ route: { state } }) {
  const api = useApi(`balancer${query({ limit: 100, after: state.after })}`, { every: state.after ? 0 : 3000 });
  const now = api.data;
  const share = (name, title, hint) => ({ id: name, title, number: true, hint, cell: (one) => html`<${Bar} share=${one[name] / 3} label=${one[name] === null ? '–' : `${count(one[name])} ×`} />` });
  return html`<${Page} title="Balancer"><${Waiting} api=${api} what="the balancer's decisions" />
    ${now && html`
      ${!now.is_on && html`<${Notice} kind="warning" title="It is off.">Tablets stay where they are. <code>balance_switch true</code> in the shell turns it on.</${Notice}>`}
      ${now.last?.verdict && html`<${Notice} title=${now.last_run_ms ? `Last look, ${ago(now.last_run_ms / 1000)}:` : 'Last look:'}>${now.last.verdict}</${Notice}>`}
      <${Figures}><${Figure} label="Runs" value=${count(now.runs)} detail=${`one each ${count(now.period_s)} s`} /><${Figure} label="Moves" value=${count(now.moves)} />
        ${now.last && html`<${Figure} label="Worst share" value=${now.last.worst_share === null ? '–' : `${count(now.last.worst_share)} ×`} detail="of the mean; 1 is fair" />`}</${Figures}>
      <h2>Shares of the servers <small>1 × is fair</small></h2>
      <${Table} caption="Shares of the servers" rows=${now.servers} rowKey=${(one) => one.name} columns=${[
        { id: 'name', title: 'Server', cell: (one) => html`<${ServerLink} of=${one.name} />` },
        share('requests', 'Requests'), share('bytes', 'Bytes'), share('cpu', 'CPU'), share('memory', 'Memory'), share('count', 'Tablets')]} />
      <h2>Decisions</h2>
      <${Table} caption="Decisions" rows=${now.items} empty="It has moved nothing yet." columns=${[
        { id: 'at', title: 'At', cell: (one) => clock(one.time_ms / 1000, { seconds: true, day: Date.now() - one.time_ms > 72e6 }) },
        { id: 'table', title: 'Table', cell: tableLink }, { id: 'tablet', title: 'Tablet', cell: (one) => shortId(one.tablet) },
        { id: 'from', title: 'From', cell: (one) => html`<${ServerLink} of=${one.from} />` }, { id: 'to', title: 'To', cell: (one) => html`<${ServerLink} of=${one.to} />` },
        { id: 'why', title: 'Why', cell: (one) => html`${one.reason}${one.is_begun === false && html` <em class="quiet">not begun</em>`}` }]} />
      <${Pager} text=${plural(now.total, 'decision')} back=${state.after && (() => history.back())} next=${now.next && (() => go(['balancer'], { after: now.next }))} />`}</${Page}>`;
}

export function SlowLog({ route: { state } }) {
  const api = useApi(`slowlog${query({ table: state.table, limit: 200 })}`, { every: 3000 });
  return html`<${Page} title="Slow requests" tools=${html`<${Field} label="Table" value=${state.table ?? ''} onChange=${(table) => go(['slow'], { ...state, table }, { keep: true })} />`}>
    <${Waiting} api=${api} what="the slow requests" />
    ${api.data && html`<p class="quiet">Of this process: what took over ${micros(1e6 * api.data.threshold_s)}, newest first.</p>
      <${Table} caption="Slow requests" rows=${api.data.items} empty="None: all were fast enough." columns=${[
        { id: 'at', title: 'At', value: (one) => one.time_ms, cell: (one) => clock(one.time_ms / 1000, { seconds: true }) },
        { id: 'op', title: 'Call', value: (one) => one.op, cell: (one) => one.op },
        { id: 'table', title: 'Table', value: (one) => one.table, cell: tableLink },
        { id: 'row', title: 'Row', cell: (one) => one.row && html`<${Key} of=${one.row} edge="start" />` },
        { id: 'took', title: 'Took', value: (one) => one.duration_s, number: true, cell: (one) => micros(1e6 * one.duration_s) },
        { id: 'in', title: 'Asked', number: true, cell: (one) => size(one.request_bytes) },
        { id: 'out', title: 'Answered', value: (one) => one.response_bytes, number: true, cell: (one) => size(one.response_bytes) },
        { id: 'client', title: 'Client', cell: (one) => one.client },
        { id: 'error', title: 'Exception', cell: (one) => one.exception ?? '' }]} />`}</${Page}>`;
}
