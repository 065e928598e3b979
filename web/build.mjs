// Bundles the pages and writes what the program embeds. Run by web/meson.build; by hand:
//
//   node web/build.mjs --out=DIR [--mode=auto|enabled|disabled]
//
// Writes into DIR:
//   site/                 the pages as served (`--ui-dir=DIR/site` serves them from there)
//   gzip/                 the same, compressed by gzip -9n
//   web_assets.c, .S      the table of server/web/assets.h, and the bytes by .incbin
// `npm ci` runs in DIR/npm, so that the source tree stays clean. In mode auto, whatever goes wrong (no npm, no registry)
// leaves an empty table and one line that says so; in mode enabled it is an error.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = dirname(fileURLToPath(import.meta.url));
const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

function options() {
  const given = Object.fromEntries(process.argv.slice(2).map((word) => {
    const [, name, value] = word.match(/^--(out|mode)=(.+)$/) ?? [];
    if (!name) throw new Error(`build.mjs: '${word}' is no option: --out=DIR, --mode=auto|enabled|disabled`);
    return [name, value];
  }));
  if (!given.out) throw new Error('build.mjs: where to? --out=DIR');
  return { out: resolve(given.out), mode: given.mode ?? 'auto' };
}

// The packages of package-lock.json, in DIR/npm/node_modules. Installed once for a lock file.
function install(out) {
  const place = join(out, 'npm');
  const done = join(place, 'installed');
  const lock = readFileSync(join(source, 'package-lock.json'), 'utf8');
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return place;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(source, name), join(place, name));
  withTries(() => execFileSync('npm', ['ci', '--prefer-offline', '--fetch-retries=1', '--fetch-timeout=20000', '--loglevel=error'],
    { cwd: place, stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 }));
  writeFileSync(done, lock);
  return place;
}

// What fetches from a registry: once more when an answer was lost on the way, at once and after a pause.
function withTries(fetch) {
  for (const pause of [1, 4, null]) {
    try {
      return fetch();
    } catch (error) {
      if (pause === null) throw error;
      execFileSync('sleep', [String(pause)]);
    }
  }
  return undefined;
}

// The sources are copied beside node_modules, for that is where a bundler looks for packages.
async function bundle(place, out) {
  const pages = join(place, 'pages');
  const site = join(out, 'site');
  for (const folder of [pages, site]) rmSync(folder, { recursive: true, force: true });
  cpSync(source, pages, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const { build } = await import(pathToFileURL(join(place, 'node_modules/esbuild/lib/main.js')).href);
  const result = await build({
    entryPoints: { app: join(pages, 'app.js'), style: join(pages, 'style.css') },
    outdir: join(site, 'assets'), entryNames: '[name]-[hash]', metafile: true,
    bundle: true, minify: true, format: 'esm', target: 'es2020', legalComments: 'none', logLevel: 'error',
  });
  const named = Object.keys(result.metafile.outputs).map((path) => path.replace(/.*\/assets\//, '/assets/'));
  const find = (ending) => named.find((path) => path.endsWith(ending));
  writeFileSync(join(site, 'index.html'), readFileSync(join(source, 'index.html'), 'utf8')
    .replace('/app.js', find('.js')).replace('/style.css', find('.css')));
  cpSync(join(source, 'favicon.svg'), join(site, 'favicon.svg'));
  return site;
}

// [{path, type, etag, file, size}] sorted by path; the compressed files are written.
function compress(site, out) {
  const folder = join(out, 'gzip');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(site.length));
  return names.map((name) => {
    const path = name === '/index.html' ? '/' : name;
    const bytes = readFileSync(join(site, name));
    const packed = execFileSync('gzip', ['-9nc'], { input: bytes, maxBuffer: 1 << 26 });
    const file = join(folder, `${name.slice(1).replaceAll('/', '_')}.gz`);
    writeFileSync(file, packed);
    return {
      path, file, size: packed.length, type: types[name.split('.').pop()],
      etag: createHash('sha256').update(bytes).digest('hex'),
    };
  }).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function writeTable(out, assets) {
  const rows = assets.map((one, i) => `    {"${one.path}", "${one.type}", "\\"${one.etag}\\"", web_asset_${i}, ${one.size}},`);
  writeFileSync(join(out, 'web_assets.c'), `/* Written by web/build.mjs. */
#include "server/web/assets.h"

${assets.map((_, i) => `extern const unsigned char web_asset_${i}[];`).join('\n')}

const struct web_asset web_assets[] = {
${rows.length ? rows.join('\n') : '    {0, 0, 0, 0, 0},'}
};
const size_t web_asset_count = ${assets.length};
`);
  // The hash in the comment makes this file, and so the object, change when the bytes do.
  const blobs = assets.map((one, i) => `/* ${one.path} ${one.etag} */
.global web_asset_${i}
.type web_asset_${i}, %object
web_asset_${i}:
.incbin "${one.file}"
.size web_asset_${i}, . - web_asset_${i}
`);
  writeFileSync(join(out, 'web_assets.S'), `/* Written by web/build.mjs. */
.section .rodata
${blobs.join('')}.section .note.GNU-stack, "", %progbits
`);
}

const { out, mode } = options();
mkdirSync(out, { recursive: true });
let assets = [];
if (mode !== 'disabled') {
  try {
    const place = install(out);
    assets = compress(await bundle(place, out), out);
    const total = assets.reduce((sum, one) => sum + one.size, 0);
    console.log(`pages: ${assets.length} files, ${total} bytes over the wire`);
  } catch (error) {
    const why = (error.stderr?.toString().trim() || error.message).split('\n').slice(0, 3).join('; ');
    if (mode === 'enabled') {
      console.error(`build.mjs: the pages could not be built: ${why}`);
      process.exit(1);
    }
    console.error(`build.mjs: built without pages (touch web/package.json to try again): ${why}`);
  }
}
writeTable(out, assets);
