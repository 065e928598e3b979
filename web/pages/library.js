// What can be read here: studies of row keys, and the configuration.

import { html } from 'htm/preact';
import { useApi } from '../api.js';
import { clock, size } from '../format.js';
import { Notice, Page, Table, Waiting } from '../ui.js';

export function Studies() {
  const api = useApi('studies?limit=1000', { every: 10_000 });
  const now = api.data;
  return html`<${Page} title="Studies"><p>What other row keys would do to the same load: reports of <code>stele bench study</code>.</p>
    <${Waiting} api=${api} what="the studies" />
    ${now && now.directory === null && html`<${Notice} title="No directory is named.">Start the server with <code>--studies-dir=DIR</code>, and write reports there:${' '}
      <code>stele bench study national-id --html DIR/national-id.html</code>.</${Notice}>`}
    ${now && now.directory !== null && html`<${Table} caption="Studies" first="at" rows=${now.items} rowKey=${(one) => one.name} empty=${`There is no report in ${now.directory} yet.`} columns=${[
      { id: 'name', title: 'Report', value: (one) => one.name, cell: (one) => html`<a href=${`/api/v1/studies/${encodeURIComponent(one.name)}`}>${one.title || one.name}</a>` },
      { id: 'kind', title: 'As', value: (one) => one.kind, cell: (one) => (one.kind === 'html' ? 'page' : 'JSON, for programs') },
      { id: 'size', title: 'Size', value: (one) => one.size_bytes, number: true, cell: (one) => size(one.size_bytes) },
      { id: 'at', title: 'Written', value: (one) => one.modified_ms, number: true, cell: (one) => clock(one.modified_ms / 1000, { day: true }) }]} />`}</${Page}>`;
}

export function Configuration({ version }) {
  const api = useApi('config');
  return html`<${Page} title="Configuration"><${Waiting} api=${api} what="the configuration" />
    ${version && html`<p class="quiet">Of this process: ${version.role} ${version.server}, version ${version.version}.${version.is_read_only ? ' These pages change nothing (--ui-readonly).' : ''}</p>`}
    ${api.data && html`<h2>Options</h2><${Table} caption="Options" rows=${api.data.items} rowKey=${(one) => one.name} page=${500} columns=${[
        { id: 'name', title: 'Option', value: (one) => one.name, cell: (one) => html`<code>--${one.name}</code>` },
        { id: 'value', title: 'Value', value: (one) => one.value, cell: (one) => html`<code>${String(one.value ?? '')}</code>` },
        { id: 'from', title: 'From', value: (one) => one.is_default, cell: (one) => (one.is_default ? html`<span class="quiet">default</span>` : 'given') }]} />
      <h2>Limits <small>fixed, in base/limits.h</small></h2><${Table} caption="Limits" rows=${api.data.limits} rowKey=${(one) => one.name} page=${500} empty="None." columns=${[
        { id: 'name', title: 'Limit', value: (one) => one.name, cell: (one) => html`<code>${one.name}</code>` },
        { id: 'value', title: 'Value', value: (one) => one.value, number: true, cell: (one) => one.value.toLocaleString('en') }]} />`}</${Page}>`;
}
