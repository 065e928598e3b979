// Splits, merges and moves of tablets, newest first, and why.

import { html } from 'htm/preact';
import { query, useApi } from '../api.js';
import { clock } from '../format.js';
import { Key } from '../keys.js';
import { go, link } from '../route.js';
import { Choice, Page, Pager, Waiting } from '../ui.js';

const words = { split: 'Split', merge: 'Merge', move: 'Move' };
const shortServer = (name) => name?.split(',').slice(0, 2).join(':');

export function EventList({ items }) {
  if (items.length === 0) return html`<p class="quiet">Nothing yet.</p>`;
  return html`<ul class="events">${items.map((one) => html`<li key=${one.id}><time>${clock(one.time_ms / 1000, { seconds: true })}</time>
    <strong>${words[one.kind] ?? one.kind}</strong>${' '}
    ${one.table && html`<a href=${link(['tables', one.table])}>${one.table}</a>`}
    ${one.key && html` at <${Key} of=${one.key} edge="start" />`}
    ${one.from && html` from ${shortServer(one.from)}`}${one.to && html` to ${shortServer(one.to)}`}
    ${one.reason && html` <span class="quiet">${one.reason}</span>`}</li>`)}</ul>`;
}

export function Events({ route: { state } }) {
  const api = useApi(`events${query({ kind: state.kind, table: state.table, after: state.after, limit: 100 })}`, { every: state.after ? 0 : 3000 });
  return html`<${Page} title="Events" tools=${html`<${Choice} label="Kind" value=${state.kind ?? ''} options=${[['', 'all'], ...Object.entries(words)]}
      onChange=${(kind) => go(['events'], { ...state, kind, after: undefined })} />`}>
    <${Waiting} api=${api} what="the events" />
    ${api.data && html`<${EventList} items=${api.data.items} />
      <${Pager} text=${`${api.data.total} in all`} back=${state.after && (() => history.back())}
        next=${api.data.next && (() => go(['events'], { ...state, after: api.data.next }))} />`}</${Page}>`;
}
