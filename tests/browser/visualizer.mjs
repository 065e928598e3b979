// The pages on a real server under load: the Key Visualizer finds the hot range that the load generator makes; every page shows
// what is there; what is done by button is done; bytes that mean harm are only shown.

import { brightness, checkWidth, drag, end, eventually, expect, openBrowser, openPage, shot, test } from './harness.mjs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './server.mjs';

const harm = '<img src=x onerror=window.attacked=1><script>window.attacked=1</script>';
const studies = mkdtempSync(join(tmpdir(), 'stele-studies-'));
const server = await startServer(`--studies-dir=${studies}`);
const browser = await openBrowser();
const open = async (hash, options) => {
  const page = await openPage(browser, `${server.url}/${hash}`, options);
  await page.waitForSelector('main h1');
  return page;
};
const levelsOf = (answer) => {
  const rows = answer.bounds.length - 1, levels = Buffer.from(answer.levels, 'base64');
  return { rows, columns: answer.times.length - 1, at: (row, column) => levels[column * rows + row] };
};
const textOf = (key) => Buffer.from(key.b64, 'base64').toString('latin1');

await test('a load whose keys are hot from 40 to 50 percent of their range', async () => {
  // Eight tablets, 100,000 rows in their order; nine of ten operations on a tenth of them. No load split: it would make more tablets meanwhile.
  const load = server.load('--table=people', '--rows=40000', '--splits=8', '--key-order=ordered', '--keys=cohort:90/40-50', '--value-size=100',
    '--mix=read:90,update:10', '--rate=3000', '--duration=900s', '--warmup=0', '-q');
  await eventually(() => {
    if (load.hasEnded()) throw new Error(`the load ended: ${load.result()}`);
    return server.api('keyvis?table=people&metric=reads&from=-300').then((answer) => answer.scale.max > 0, () => false);
  }, 'the heat map stays dark', 120_000);
});

// The rows of the picture whose last whole columns are the brightest: [first, end).
async function hotRows(parameters) {
  const answer = await server.api(`keyvis?table=people&${parameters}`);
  const { rows, columns, at } = levelsOf(answer);
  const sums = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) => at(row, column)).reduce((a, b) => Math.max(a, b), 0));
  const most = Math.max(...sums);
  const hot = sums.map((sum, row) => (sum > 0.8 * most ? row : -1)).filter((row) => row >= 0);
  return { answer, rows, first: hot[0], end: hot.at(-1) + 1 };
}

await test('the hot range is brighter in the canvas than its neighbours', async () => {
  const page = await open('#/keyvis?table=people&metric=reads&from=-300');
  let found;
  await eventually(async () => {
    found = await hotRows('metric=reads&from=-300');
    return found.rows >= 16 && found.end - found.first < 0.35 * found.rows;
  }, 'no narrow range is hot');
  await page.waitForSelector('.keymap canvas');
  const { first, end: last, rows } = found;
  const of = (row) => row / rows;
  // The picture follows the server's by some seconds.
  await eventually(async () => {
    const inside = await brightness(page, of(first), of(last), 0.9, 0.99);
    const above = await brightness(page, 0, of(Math.max(1, first - 1)), 0.9, 0.99), below = await brightness(page, of(Math.min(rows - 1, last + 1)), 1, 0.9, 0.99);
    console.log(`        rows ${first} to ${last} of ${rows}: brightness ${inside.toFixed(0)}, above ${above.toFixed(0)}, below ${below.toFixed(0)}`);
    return inside > 1.5 * above && inside > 1.5 * below;
  }, 'it is not', 90_000);
  await shot(page, 'real-keyvis');
});

await test('the diagnosis says what kind of heat it is, and what to do', async () => {
  await eventually(async () => {
    const { diagnosis } = await server.api('keyvis?table=people&metric=reads&from=-300');
    return diagnosis.length === 1 && ['narrow_range', 'wide_cohort'].includes(diagnosis[0].kind) && diagnosis[0].advice !== '';
  }, 'it is not called a hot range');
  const page = await open('#/keyvis?table=people&metric=reads&from=-300');
  await page.waitForSelector('.advice');
});

await test('brushing it narrows the keys', async () => {
  const page = await open('#/keyvis?table=people&metric=reads&from=-300');
  await page.waitForSelector('.keymap .overlay');
  const { first, end: last, rows } = await hotRows('metric=reads&from=-300');
  await drag(page, [0.02, Math.max(0, first / rows - 0.02)], [0.98, Math.min(1, last / rows + 0.02)]);
  await page.waitForFunction(() => location.hash.includes('start='));
  const state = new URLSearchParams(page.url().split('?')[1]);
  const narrow = await server.api(`keyvis?${new URLSearchParams({ table: 'people', metric: 'reads', from: state.get('from'), to: state.get('to'), start: state.get('start'), ...(state.has('end') && { end: state.get('end') }) })}`);
  expect(textOf(narrow.bounds[0]) > 'user' && narrow.bounds.at(-1).b64 !== '', 'the whole table is still asked for');
  await page.waitForFunction(() => !document.querySelector('.keymap.stale'));
  await shot(page, 'real-keyvis-narrow');
  await page.keyboard.press('Backspace');
  await page.waitForFunction(() => !location.hash.includes('start='));
});

await test('the tooltip has the exact value of a cell', async () => {
  const page = await open('#/keyvis?table=people&metric=reads&from=-300');
  const { first, end: last, rows } = await hotRows('metric=reads&from=-300');
  const box = await page.locator('.keymap .overlay').boundingBox();
  await page.mouse.move(box.x + 0.97 * box.width, box.y + ((first + last) / 2 / rows) * box.height);
  await page.waitForFunction(() => /\/s/.test(document.querySelector('.tooltip .cell-value')?.textContent) && !/≈/.test(document.querySelector('.tooltip').textContent));
  expect(/gets/.test(await page.textContent('.tooltip')), 'no gets and writes');
});

await test('a time that is none is told', async () => {
  const page = await open('#/keyvis?table=people&from=abc', { expect: /400/ });
  expect(/from/.test(await page.textContent('[role=alert]')), 'no reason is given');
});

await test('harm in rows, qualifiers and values is shown as text, everywhere', async () => {
  await server.shell(`create 'harm', 'f'; put 'harm', '${harm}', 'f:${harm}', '${harm}'; put 'harm', "\\x00\\xFF\\x80<b>", "f:\\x01", "\\xFE"
100.times { get 'harm', '${harm}' }`);
  for (const hash of ['#/data/harm', '#/hot?table=harm', '#/keyvis?table=harm&from=-300', '#/tables/harm']) {
    const page = await open(hash);
    await eventually(async () => (await page.$('main [aria-live=polite].quiet')) === null, 'it is not drawn');
    if (hash.startsWith('#/data')) {
      await page.waitForSelector('tbody');
      const text = await page.textContent('main');
      expect(text.split(harm).length === 4, `row, qualifier and value are not all there: ${text}`);
      expect(text.includes('\\x00\\xFF\\x80<b>'), 'the bytes are not there');
      await shot(page, 'real-data');
    }
    expect(await page.evaluate(() => window.attacked === undefined && !document.querySelector('main img, main script, main b')), `${hash}: it became markup`);
    await page.close();
  }
});

await test('hostile bytes as bounds of tablets are shown as text, everywhere', async () => {
  const bounds = [harm, `"'\n`, '\x00', '\xFF\xFE', 'a\x00<b>b'];
  const escaped = (text) => `"${[...text].map((one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`).join('')}"`;
  await server.shell(`create 'bounds', 'f', SPLITS => [${bounds.map(escaped).join(', ')}]\n` +
    bounds.map((one) => `200.times { put 'bounds', ${escaped(one)}, 'f:q', 'v' }`).join('\n'));
  await eventually(() => server.api('keyvis?table=bounds&from=-300').then((answer) => answer.scale.max > 0, () => false), 'the heat map stays dark', 120_000);
  const tablets = (await server.api('tables/bounds/tablets')).items;
  await server.shell(`merge_region '${tablets[0].id}', '${tablets[1].id}'`);
  await eventually(async () => (await server.api('events?table=bounds')).items.length > 0, 'no event tells of it');
  for (const [hash, shown] of Object.entries({ '#/tables/bounds': true, '#/hot?table=bounds': true, '#/keyvis?table=bounds&from=-300': false, '#/events?table=bounds': false,
    '#/data/bounds': true, '#/tasks': false, '#/balancer': false, '#/servers': false, '#/': false })) {
    const page = await open(hash);
    await eventually(async () => (await page.$('main [aria-live=polite].quiet')) === null, 'it is not drawn');
    if (shown) await eventually(async () => (await page.textContent('main')).includes('\\xFF\\xFE'), `${hash}: the bytes are not there`);
    expect(await page.evaluate(() => window.attacked === undefined && !document.querySelector('main img, main script, main b')), `${hash}: it became markup`);
    await page.locator('.keys-toggle').first().click().catch(() => {});
    expect(!/undefined|NaN|\[object|\ufffd/.test(await page.textContent('main')), `${hash}: something has no figure`);
    await page.close();
  }
});

await test('studies are listed, and a report draws itself and reaches nothing else', async () => {
  execFileSync(process.env.STELE, ['bench', 'study', 'national-id', '--simulate', '--mappers=raw;md5:4', '-q', `--html=${join(studies, 'national-id.html')}`]);
  writeFileSync(join(studies, `${harm.replaceAll('/', '')}.json`), '{"schema": "stele.study/2"}');
  writeFileSync(join(studies, 'probe.html'), '<title>probe</title><p id="said">none</p><script>fetch("/api/v1/token").then(() => { said.textContent = "reached"; }, () => { said.textContent = "kept out"; })</script>');
  const page = await open('#/studies', { expect: /Content Security Policy|Refused to connect/ });
  await page.waitForSelector('tbody tr');
  expect((await page.locator('tbody tr').count()) === 3, 'not three');
  expect(await page.evaluate(() => window.attacked === undefined && !document.querySelector('main img, main script')), 'a name became markup');
  await shot(page, 'real-studies-listed');
  await page.locator('tbody a', { hasText: 'national-id' }).click();
  await page.waitForSelector('h1:text("Row key study: national-id")');
  await page.getByRole('button', { name: 'md5:4' }).click(); // its script runs
  await eventually(async () => (await page.locator('.panel:visible').count()) === 1, 'its tabs do nothing');
  await shot(page, 'real-study');
  await page.goto(`${server.url}/api/v1/studies/probe.html`);
  await page.waitForFunction(() => document.querySelector('#said').textContent !== 'none');
  expect((await page.textContent('#said')) === 'kept out', 'a report reaches the API');
});

for (const [name, hash] of Object.entries({ overview: '#/', tables: '#/tables', table: '#/tables/people', hot: '#/hot', servers: '#/servers', tasks: '#/tasks',
  balancer: '#/balancer', events: '#/events', slow: '#/slow', studies: '#/studies', data: '#/data/people', config: '#/config' })) {
  await test(`${name} shows what is there, 1280 and 320 px wide`, async () => {
    const page = await open(hash);
    await eventually(async () => (await page.$('main [aria-live=polite].quiet')) === null, 'it is not drawn');
    await eventually(async () => (await page.$('[role=alert]')) === null, 'an error is told, and stays');
    expect(!/undefined|NaN|\[object/.test(await page.textContent('main')), 'something has no figure');
    await shot(page, `real-${name}`);
    await page.setViewportSize({ width: 320, height: 800 });
    await checkWidth(page, 320);
  });
}

await test('a server\'s page', async () => {
  const page = await open('#/servers');
  await page.locator('tbody a').first().click();
  await page.waitForSelector('h1:text("Server")');
  await page.waitForSelector('.figure');
  await shot(page, 'real-server');
});

await test('a split by button splits', async () => {
  await server.shell("create 'halves', 'f'; 200.times { |i| put 'halves', format('%05d', i), 'f:q', 'v' * 100 }; flush 'halves'");
  const page = await open('#/tables/halves');
  await page.locator('tbody').getByRole('button', { name: 'Split' }).first().click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Split' }).click();
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  await eventually(async () => (await server.api('tables/halves')).tablets === 2, 'there is one tablet still');
  await eventually(async () => (await server.api('events?table=halves')).items.some((one) => one.kind === 'split'), 'no event tells of it');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
});

await browser.close();
await server.stop();
rmSync(studies, { recursive: true });
end();
