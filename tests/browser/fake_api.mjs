// A server that answers docs/api.md from made-up figures, for work on the pages without a cluster, and for what a real one
// does not show on demand: 100,000 tablets, failures, read-only, hostile names. By hand:
//
//   node web/build.mjs --out=build/pages && node tests/browser/fake_api.mjs build/pages/site [PORT]
//
// As a module: await fakeServer(site, {readOnly, master}) -> {url, requests, close()}.

import { readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '../../web');
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
export const policy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const key = (bytes) => {
  const all = Buffer.from(bytes);
  return { b64: all.toString('base64'), text: Array.from(all, (b) => (b >= 32 && b < 127 && b !== 92 ? String.fromCharCode(b)
    : `\\x${b.toString(16).toUpperCase().padStart(2, '0')}`)).join('') };
};
const now = () => Math.floor(Date.now() / 1000);
const servers = ['10.0.0.1,16020,1764315001000', '10.0.0.2,16020,1764315001000', '10.0.0.3,16020,1764315001000'];
export const longName = `a_table_${'with_a_name_of_many_words_'.repeat(5)}`; // HBase has no limit but the file's
export const hostile = '<img src=x onerror="window.attacked=1">';

// The motivating case: national ids that begin with the birth date, 1998 to 2008 the ones that are asked for.
const yearOf = (row, rows) => 1940 + (80 * row) / rows;
function picture(parameters) {
  const rows = Math.min(Number(parameters.get('rows') ?? 256), 256);
  const to = Number(parameters.get('to') ?? now()), span = parameters.get('to') ? to - Number(parameters.get('from')) : -Number(parameters.get('from') ?? -3600);
  const step = Math.max(1, Math.round(span / 60)), columns = Math.floor(span / step);
  const times = Array.from({ length: columns + 1 }, (_, i) => to - (columns - i) * step);
  const decode = (text, otherwise) => (text ? Number(Buffer.from(text.slice(4), 'base64').toString().slice(0, 6)) / 100 : otherwise);
  const first = decode(parameters.get('start'), 1940), last = decode(parameters.get('end'), 2020);
  const at = (row) => first + ((last - first) * row) / rows;
  const values = new Float64Array(rows * columns);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const year = at(r), wave = 1 + 0.5 * Math.sin(times[c] / 900);
      const hot = year >= 1998 && year < 2008 ? 40 * wave * (c > columns * 0.3 ? 6 : 0.4) : 0;
      const noise = Math.abs(Math.sin(r * 12.9898 + c * 78.233) * 43758.5453) % 1;
      values[c * rows + r] = (yearOf(r, rows) < 1950 ? 0 : 0.6 * noise) + hot * (0.5 + noise);
    }
  }
  if (parameters.get('table') === 'young') { // made a moment ago
    return { table: 'young', metric: 'requests', unit: 'requests/s', step_s: 60, times: [to - span], bounds: [key(''), key('')], scale: { kind: 'log1p', max: 0 },
      levels: '', row_totals: [0], column_totals: [], tablets: [{ id: tablet(0).id, start_row: 0, rows: 1, server: servers[0] }], marks: [], diagnosis: [],
      complete_from: to, is_live: true };
  }
  const max = Math.max(...values);
  const levels = Uint8Array.from(values, (v) => (v <= 0 ? 0 : Math.max(1, Math.round((255 * Math.log1p(v)) / Math.log1p(max)))));
  const before = parameters.get('table') === 'shop:orders' ? 'customer-000000000' : '';
  const bound = (row) => key(row === 0 && first === 1940 || row === rows && last === 2020 ? '' : `${before}${Math.round(at(row) * 100)}01${String(row).padStart(4, '0')}`);
  const sum = (of, size) => Array.from({ length: size }, (_, i) => of(i));
  const tablets = sum((i) => ({ id: (i + 1).toString(16).padStart(32, '0'), start_row: (i * rows) / 8, rows: rows / 8, server: servers[i % 3] }), 8);
  const mark = (share, row, kind, reason) => ({ time: times[Math.floor(columns * share)], kind, key: bound(row), row, reason, tablet: tablets[0].id });
  return {
    table: parameters.get('table'), metric: parameters.get('metric') ?? 'requests', unit: 'requests/s', step_s: step, times,
    bounds: sum(bound, rows + 1), scale: { kind: 'log1p', max }, levels: Buffer.from(levels).toString('base64'),
    row_totals: sum((r) => sum((c) => values[c * rows + r], columns).reduce((a, b) => a + b, 0) / columns, rows),
    column_totals: sum((c) => sum((r) => values[c * rows + r], rows).reduce((a, b) => a + b, 0), columns),
    tablets, marks: [mark(0.38, rows * 0.75, 'split', 'load: requests 3100 /s'), mark(0.45, rows * 0.81, 'split', 'load: requests 2400 /s'),
      mark(0.5, rows * 0.78, 'move', 'requests: 2.31 times the mean'), mark(0.2, rows * 0.3, 'merge', 'small')],
    diagnosis: [{ kind: 'wide_cohort', text: '12 % of the keys take 93 % of the requests: from 1998010192 to 2008010218.',
      advice: 'Keep the keys if ranges are read, split the table by its load and let the balancer spread it; for point reads alone, put 4 bytes of the md5 in front.',
      first_row: Math.floor(rows * 0.725), last_row: Math.floor(rows * 0.85) }],
    complete_from: times[Math.floor(columns / 8)], is_live: !parameters.get('to'),
  };
}

const table = (name, more) => ({ name, namespace: 'default', state: 'enabled', families: ['f'], tablets: 8, open: 8, in_transition: 0, requests_per_s: 1812.4,
  bytes_per_s: 910220, cpu: 0.42, memtable_bytes: 1048576, size_bytes: 99123456, skew: { max_mean: 6.3, gini: 0.71, effective: 2.4 }, is_system: false, ...more });
const tables = [table('people'), table('shop:orders', { namespace: 'shop', requests_per_s: 120, skew: { max_mean: 1.2, gini: 0.1, effective: 7.2 } }),
  table('many', { tablets: 100000, open: 99990, in_transition: 10, requests_per_s: 0, skew: null }), table('hbase:meta', { is_system: true, tablets: 1, open: 1, requests_per_s: 3 }),
  table(longName, { tablets: 1021, open: 1021, requests_per_s: 1 })];
const tablet = (i, name) => ({ id: (i + 1).toString(16).padStart(32, '0'), table: name, region_name: `${name},${i},1764315003000.`, start_key: key(i ? String(19400101 + i * 100000) : ''),
  end_key: key(i === 7 ? '' : String(19400101 + (i + 1) * 100000)), server: servers[i % 3], state: i === 9 ? 'failed_open' : 'open', since_ms: 1764315003100,
  requests_per_s: i === 5 ? 1400 : 40 + i, bytes_per_s: 61000, cpu: 0.15, memtable_bytes: 524288, size_bytes: 12345678, share: i === 5 ? 5.9 : 0.3,
  failure: i === 9 ? 'sst 000123: footer magic is 00000000' : null, procedure: null });

function routes(parameters, readOnly) {
  const listOf = (items, total = items.length, next = null) => ({ items, total, next });
  const server = (name, i) => ({ name, address: name.split(',').slice(0, 2).join(':'), state: i === 2 ? 'silent' : 'live', web: null, tablets: 4, requests_per_s: [1400, 300, 112][i],
    bytes_per_s: 91022, cpu: [0.8, 0.2, 0.1][i], memtable_bytes: 1048576, used_memory_bytes: 73400320, most_memory_bytes: 805306368, requests_total: 88123,
    started_ms: Date.now() - 3600e3, reported_ms: Date.now() - 500, clock_ahead_ms: i === 1 ? -45000 : 12, given_up: null, share: [2.31, 0.5, 0.19][i] });
  const hot = () => Array.from({ length: 8 }, (_, i) => ({ ...tablet((i * 5) % 8, 'people'), part: i === 1 ? 0.77 : 0.03,
    diagnosis: i === 1 ? { kind: 'narrow_range', text: 'One tablet takes 77 % of what its table is asked.', advice: 'Split it at 2003 (the load split does so within a minute), or salt the key.' } : null }))
    .sort((a, b) => b.requests_per_s - a.requests_per_s);
  return [
    [/^version$/, () => ({ name: 'stele', version: '0.1.0', api: 1, wire: 'HBase 2.6.4', role: 'master', server: '10.0.0.9,16000,1764315000000',
      started_ms: 1764315000000, now_ms: Date.now(), is_read_only: readOnly, has_pages: true })],
    [/^token$/, () => ({ token: 'secret' })],
    [/^cluster$/, () => ({ id: '0d6a4c1e', role: 'master', now_ms: Date.now(), master: { name: '10.0.0.9,16000,1764315000000', address: '10.0.0.9:16000', web: null }, backup_masters: [],
      servers: { live: 3, dead: 0, draining: 0 }, tables: 4, tablets: { open: 100015, opening: 2, closing: 0, closed: 0, failed: 1, in_transition: 3 },
      requests_per_s: 1812 + 200 * Math.sin(Date.now() / 3000), bytes_per_s: 401233, cpu: 1.1, memtable_bytes: 8123456, size_bytes: 99123456,
      skew: { servers: { max_mean: 2.31, gini: 0.41 }, tablets: { max_mean: 6.3, gini: 0.71, effective: 2.4 } },
      switches: { balancer: false, split: true, merge: true, normalizer: false, catalog_janitor: true, cleaner: true, snapshot_cleanup: true },
      warnings: [{ code: 'balancer_off', text: 'the balancer is off: tablets stay where they are' },
        { code: 'server_hot', text: '10.0.0.1,16020 has 2.31 times the mean load' }] })],
    [/^history$/, () => {
      const window = Number(parameters.get('window') ?? 600), step = window > 3600 ? 60 : 5, end = Math.floor(now() / step) * step;
      const times = Array.from({ length: window / step }, (_, i) => end - window + (i + 1) * step);
      const of = (base, part) => times.map((time) => base * (1 + part * Math.sin(time / 40)));
      return { window_s: window, step_s: step, times, requests_per_s: of(1812, 0.2), bytes_per_s: of(401233, 0.2), cpu: of(1.1, 0.1), servers: times.map(() => 3),
        read_p50_s: of(0.00004, 0.1), read_p99_s: of(0.0002, 0.3), write_p50_s: times.map((_, i) => (i % 7 ? 0.001 : null)), write_p99_s: of(0.004, 0.3) };
    }],
    [/^servers$/, () => listOf(servers.map(server))],
    [/^servers\/(.+)$/, (name) => ({ ...server(name, 0), hot_tablets: hot() })],
    [/^server$/, () => ({ name: '10.0.0.9,16000,1764315000000', role: 'master', started_ms: Date.now() - 3600e3, uptime_s: 3600, connections: 3, calls_in_flight: 0, calls_total: 88123, request_bytes: 0,
      request_limit_bytes: 134217728, resident_bytes: 73400320, cpu_s: 12.4, open_files: 41, tablets: null, requests_per_s: 812, memtables: null, cache: null, log: null, flushes: null, flushed_bytes: null,
      compactions: null, compacted_bytes: null, space_free_bytes: 81234567890, is_read_only: false, latency: [{ op: 'get', count: 51230, p50_s: 0.00004, p99_s: 0.00021, below_s: 0.004 },
        { op: 'mutate', count: 4100, p50_s: 0.0011, p99_s: 0.0062, below_s: 0.044 }], master_web: null })],
    [/^tables$/, () => listOf(tables)],
    [/^tables\/([^/]+)$/, (name) => ({ ...(tables.find((one) => one.name === name) ?? fail(404, 'no_such_table', `there is no table '${name}'`)), id: '9f1c', attributes: { SPLIT_POLICY: 'default' },
      configuration: {}, schema: [{ name: 'f', attributes: { VERSIONS: '1', TTL: '2147483647', BLOCKSIZE: '65536' }, configuration: {} }] })],
    [/^tables\/([^/]+)\/tablets$/, (name) => {
      const from = Number(parameters.get('after') ?? 0), limit = Number(parameters.get('limit') ?? 100), total = name === 'many' ? 100000 : 8;
      return listOf(Array.from({ length: Math.min(limit, total - from) }, (_, i) => tablet(from + i, name)), total, from + limit < total ? String(from + limit) : null);
    }],
    [/^hot-tablets$/, () => ({ by: 'requests', window_s: 10, total_per_s: 1812, items: hot() })],
    [/^hot-rows$/, () => ({ items: [{ table: 'people', tablet: tablet(5).id, row: key('20030412-1177'), kind: 'read', window_s: 60, count: 51200, error: 12, per_s: 853.1, part: 0.31 },
      { table: 'people', tablet: tablet(5).id, row: key([0, 255, 60, 98, 62, 10, 0x7f]), kind: 'write', window_s: 60, count: 120, error: 40, per_s: 2, part: 0.01 },
      { table: 'people', tablet: tablet(5).id, row: key(hostile), kind: 'read', window_s: 60, count: 100, error: 0, per_s: 1.7, part: 0.001 }] })],
    [/^keyvis$/, () => picture(parameters)],
    [/^keyvis\/cell$/, () => ({ table: parameters.get('table'), from: Number(parameters.get('from')), to: Number(parameters.get('to')), start_key: key(''), end_key: key(''),
      values: { gets: 590, writes: 10, scans: 0, bytes_in: 900, bytes_out: 60100, cpu: 0.15 }, tablets: [{ ...tablet(5, 'people') }], tablet_count: 1 })],
    [/^events$/, () => listOf([['split', 'load: requests 3100 /s'], ['move', 'requests: 2.31 times the mean'], ['merge', 'small'], ['split', 'size']].map(([kind, reason], i) => ({ id: 41 - i,
      time_ms: Date.now() - 60e3 * i, kind, table: 'people', tablet: i < 2 ? tablet(5).id : null, key: i === 0 ? key('20030101') : null, from: i === 1 ? servers[0] : null,
      to: i === 1 ? servers[1] : null, reason })))],
    [/^tasks$/, () => ({ procedures: [{ id: 17, kind: 'SplitTableRegionProcedure', table: 'people', tablets: [tablet(5).id], server: null, step: 'close', state: 'running', submitted_ms: Date.now() - 900,
      updated_ms: Date.now() - 100, failure: null }, { id: 18, kind: 'TransitRegionStateProcedure', table: 'many', tablets: [tablet(9).id], server: servers[1], step: 'open', state: 'waiting',
      submitted_ms: Date.now() - 90e3, updated_ms: Date.now() - 2e3, failure: 'open tablet: sst 000123: footer magic is 00000000' }],
    done: [{ id: 16, submitted_ms: Date.now() - 120e3, updated_ms: Date.now() - 119e3, failure: null }],
    transitions: [{ tablet: tablet(9).id, table: 'many', state: 'opening', server: servers[1], since_ms: Date.now() - 2e3 }],
    compactions: [{ tablet: tablet(5).id, table: 'people', server: servers[0], kind: 'minor', cells: 1000000, cells_done: 412000 }], waiting: 0 })],
    [/^balancer$/, () => ({ is_on: false, period_s: 5, last_run_ms: Date.now() - 4e3, runs: 812, moves: 3, last: { worst_share: 2.31, potential: 8.1, verdict: 'a tablet cannot be moved: the balancer is off' },
      servers: servers.map((name, i) => ({ name, requests: [2.31, 0.5, 0.19][i], bytes: 1.2, cpu: 1, memory: 0.9, count: 1 })),
      items: [{ time_ms: Date.now() - 20e3, tablet: tablet(5).id, table: 'people', from: servers[0], to: servers[1], reason: 'CPU: 2.31 times the mean at the source, 0.40 at the target; the tablet is 0.75 of it',
        is_begun: true, gain: 1.2 }], total: 1, next: null })],
    [/^slowlog$/, () => ({ threshold_s: 0.1, ...listOf([{ time_ms: Date.now() - 5e3, op: 'Scan', table: 'people', tablet: tablet(5).id, row: key('1998'), client: '127.0.0.1:50312', duration_s: 0.211, cpu_s: 0.19,
      request_bytes: 120, response_bytes: 200123, exception: null }]) })],
    [/^studies$/, () => ({ directory: '/data/studies', ...listOf([{ name: 'national-id.html', kind: 'html', size_bytes: 140123, modified_ms: Date.now() - 86400e3, title: 'national-id' },
      { name: 'national-id.json', kind: 'json', size_bytes: 40123, modified_ms: Date.now() - 86400e3, title: 'national-id' }]) })],
    [/^data\/(.+)$/, (name) => ({ table: name, rows_scanned: 2, next: parameters.get('start') ? null : key('2003'), items: [{ row: key(hostile), is_partial: false, cells: [
      { family: 'f', qualifier: key(hostile), timestamp: Date.now(), value: key(hostile), size_bytes: 38 }] },
    { row: key([0, 1, 254, 255]), is_partial: true, cells: [{ family: 'f', qualifier: key('q'), timestamp: 1, value: { ...key('x'.repeat(5000)), cut: true }, size_bytes: 90000 }] }] })],
    [/^config$/, () => ({ role: 'master', items: [{ name: 'web-port', value: '16010', is_default: true }, { name: 'memory', value: '2G', is_default: false }], limits: [{ name: 'LIMIT_CELL_SIZE', value: 10485760 }] })],
  ];
}

function fail(status, code, message) {
  throw Object.assign(new Error(message), { status, code });
}

export async function fakeServer(site, { readOnly = false, master = null, port = 0 } = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    requests.push(`${request.method} ${request.url}`);
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!url.pathname.startsWith('/api/v1/')) {
      const file = url.pathname === '/heatmap.js' ? join(source, 'heatmap.js') // by itself, for tests of it
        : join(site, url.pathname === '/' ? 'index.html' : url.pathname);
      if (url.pathname.includes('..') || !existsSync(file)) { response.writeHead(404).end(); return; }
      response.writeHead(200, { 'Content-Type': types[extname(file)] }).end(readFileSync(file));
      return;
    }
    const path = decodeURIComponent(url.pathname.slice('/api/v1/'.length));
    const send = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
    if (request.method === 'POST') {
      const isGood = request.headers['x-stele-token'] === 'secret' && !readOnly;
      request.resume().on('end', () => (isGood ? send(202, { procedure: 18 }) : send(403, { error: { code: 'bad_token', message: 'no token' } })));
      return;
    }
    if (master && /^(cluster|servers|tables|keyvis|events|tasks|balancer|hot)/.test(path)) { // a tablet server of a cluster
      send(421, { error: { code: 'not_the_master', message: 'the leading master answers this' }, master });
      return;
    }
    const [pattern, answer] = routes(url.searchParams, readOnly).find(([one]) => one.test(path)) ?? [];
    try {
      send(200, answer ? answer(...path.match(pattern).slice(1)) : fail(404, 'no_such_route', `there is no route '${path}'`));
    } catch (error) {
      send(error.status ?? 500, { error: { code: error.code ?? 'bug', message: error.message } });
    }
  });
  await new Promise((ready) => server.listen(port, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close: () => { server.closeAllConnections(); server.close(); } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await fakeServer(process.argv[2], { port: Number(process.argv[3] ?? 8000) });
  console.log(url);
}
