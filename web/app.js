// The pages' frame: navigation, how keys are shown, and the page that the hash names.

import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApi } from './api.js';
import { KeyMode } from './keys.js';
import { Data, DataTables } from './pages/data.js';
import { Events } from './pages/events.js';
import { KeyVisualizer } from './pages/keyvis.js';
import { Configuration, Studies } from './pages/library.js';
import { Overview } from './pages/overview.js';
import { ServerDetail, Servers } from './pages/servers.js';
import { Hot, TableDetail, Tables } from './pages/tables.js';
import { Balancer, SlowLog, Tasks } from './pages/work.js';
import { link, useRoute } from './route.js';
import { Notice, Page } from './ui.js';

// First part of the hash, title, page, and the page of one thing ("#/tables/NAME").
const pages = [
  ['', 'Overview', Overview],
  ['keyvis', 'Key Visualizer', KeyVisualizer],
  ['tables', 'Tables', Tables, TableDetail],
  ['hot', 'Hot', Hot],
  ['servers', 'Servers', Servers, ServerDetail],
  ['tasks', 'Tasks', Tasks],
  ['balancer', 'Balancer', Balancer],
  ['events', 'Events', Events],
  ['slow', 'Slow', SlowLog],
  ['studies', 'Studies', Studies],
  ['data', 'Rows', DataTables, Data],
  ['config', 'Configuration', Configuration],
];

function Missing({ route }) {
  return html`<${Page} title="No such page"><p>There is no page <code>${route.path.join('/')}</code>. <a href="#/">Overview</a></p></${Page}>`;
}

const remembered = (name, otherwise) => {
  try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; }
};

function App() {
  const route = useRoute();
  const [mode, setMode] = useState(() => remembered('keys', 'text'));
  const [isOpen, setOpen] = useState(false);
  const version = useApi('version', { every: 10_000 });
  const main = useRef(null);
  const name = route.path[0] ?? '';
  const [, , List, One] = pages.find(([id]) => id === name) ?? [];
  const Current = (route.path.length > 1 ? One : List) ?? Missing;
  const place = route.path.join('/');
  const first = useRef(true);
  useEffect(() => { // a new page is read from its top, by eye and by ear
    setOpen(false);
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    main.current.querySelector('h1')?.focus({ preventScroll: true });
  }, [place]);
  const toggle = () => {
    const next = mode === 'text' ? 'hex' : 'text';
    setMode(next);
    try { localStorage.setItem('keys', next); } catch { /* then it lasts as long as the page */ }
  };
  return html`<${KeyMode.Provider} value=${mode}>
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>To the page</a>
    <header><a class="brand" href="#/"><img src="/favicon.svg" alt="" width="22" height="22" />Stele</a>
      <button class="menu" aria-expanded=${isOpen} aria-controls="navigation" onClick=${() => setOpen(!isOpen)}>Menu</button>
      <nav id="navigation" class=${isOpen ? 'open' : ''} aria-label="Pages">${pages.map(([id, title]) => html`<a href=${link(id ? [id] : [])}
        aria-current=${id === name ? 'page' : undefined}>${title}</a>`)}</nav>
      <button class="keys-toggle" aria-pressed=${mode === 'hex'} onClick=${toggle} title="How row keys are shown">Keys: ${mode}</button></header>
    <main ref=${main} id="main" tabindex="-1">
      ${version.error && html`<${Notice} kind="error" title="No answer from the server.">The figures below are the last that came. ${version.error.message}.</${Notice}>`}
      <${Current} key=${place} route=${route} version=${version.data} /></main>
    <footer class="quiet">${version.data && html`${version.data.name} ${version.data.version}, ${version.data.role}, ${version.data.server}`}
      <span> · <a href="/metrics">metrics</a> · <a href="/readyz?verbose">health</a> · <a href="/api/v1/version">API</a></span></footer>
  </${KeyMode.Provider}>`;
}

render(html`<${App} />`, document.body);
