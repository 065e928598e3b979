// The Key Visualizer of a real cluster's master: splits and moves that are asked for are told beside the picture, and their marks
// are in it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { end, eventually, expect, openBrowser, openPage, shot, test } from './harness.mjs';

const run = promisify(execFile);
const { WEB: url, STELE: stele, ZOOKEEPER: zookeeper } = process.env;
const browser = await openBrowser();
const shell = async (commands) => (await run(stele, ['shell', '-n', `--zookeeper=${zookeeper}`, '-e', commands])).stdout;
const api = async (path) => {
  let response = await fetch(`${url}/api/v1/${path}`);
  for (let i = 0; i < 10 && response.status === 503; i++) response = await fetch(`${url}/api/v1/${path}`); // busy
  const body = await response.json();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body.error?.message}`);
  return body;
};

await test('a table on two servers, one split, one move', async () => {
  await shell("balance_switch false; create 'roads', 'f', SPLITS => ['m']; " +
    "400.times { |i| put 'roads', format('%s%04d', i % 2 == 0 ? 'a' : 'z', i), 'f:q', 'v' * 100 }; flush 'roads'; 200.times { get 'roads', 'z0151' }");
  // what is reported before the changes stays in the picture of the minute
  await eventually(async () => (await api('keyvis?table=roads&from=-600')).scale.max > 0, 'the heat map stays dark', 120_000);
  await shell("split 'roads', 'a0200'");
  await eventually(async () => (await api('tables/roads')).tablets === 3, 'it is not split');
  const tablets = (await api('tables/roads/tablets')).items;
  const servers = (await api('servers')).items.map((one) => one.name);
  const last = tablets.at(-1), other = servers.find((one) => one !== last.server);
  await shell(`move '${last.id}', '${other}'`);
  await eventually(async () => (await api('tables/roads/tablets')).items.at(-1).server === other, 'it is not moved');
  await eventually(async () => {
    const kinds = (await api('events?table=roads')).items.map((one) => one.kind);
    return kinds.includes('split') && kinds.includes('move');
  }, 'no events tell of them');
});

await test('their marks are in the picture, and told in words', async () => {
  let answer;
  await eventually(async () => {
    answer = await api('keyvis?table=roads&from=-600');
    return ['split', 'move'].every((kind) => answer.marks.some((one) => one.kind === kind));
  }, 'there are no marks');
  expect(answer.scale.max > 0, 'what the tablets took before they were split and moved is gone');
  const split = answer.marks.find((one) => one.kind === 'split'), move = answer.marks.find((one) => one.kind === 'move');
  expect(split?.key.text === 'a0200' || split?.key.text === '', `the split: ${JSON.stringify(answer.marks)}`);
  expect(move?.key.text === 'm', `the move: ${JSON.stringify(answer.marks)}`);
  const page = await openPage(browser, `${url}/#/keyvis?table=roads`);
  await page.waitForSelector('details.mark-list');
  await page.locator('details.mark-list summary').click();
  const text = await page.textContent('details.mark-list');
  expect(/split at/.test(text) && /move at\s+m/.test(text), `the list says: ${text}`);
  const bytes = () => page.evaluate(() => document.querySelector('main canvas').toDataURL());
  await eventually(async () => (await bytes()).length > 1000, 'no picture');
  await shot(page, 'cluster-marks');
  await page.setViewportSize({ width: 320, height: 800 }); // the picture follows in a moment
  await eventually(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than 320 px');
});

await test('the hot tablet names its server after the move', async () => {
  await shell("200.times { get 'roads', 'z0151' }");
  const server = (await api('tables/roads/tablets')).items.at(-1).server;
  await eventually(async () => (await api('hot-tablets?table=roads')).items[0]?.server === server, 'the hottest is not where it was moved', 120_000);
});

await test('rows are paged over the tablets of both servers', async () => {
  const first = (await api('tables/roads/tablets')).items[0];
  const other = (await api('servers')).items.map((one) => one.name).find((one) => one !== first.server);
  if ((await api('tables/roads/tablets')).items.every((one) => one.server === first.server)) await shell(`move '${first.id}', '${other}'`);
  await eventually(async () => new Set((await api('tables/roads/tablets')).items.map((one) => one.server)).size === 2, 'all at one server');
  const seen = [], hosts = new Set();
  const page = await openPage(browser, `${url}/#/data/roads`, { expect: /status of 421/, isTravelling: true });
  await page.locator('a', { hasText: 'The same page at' }).click(); // the server of the first row
  for (let i = 0; i < 20; i++) {
    if (i > 0 && await page.locator('text=No more rows').count() > 0) break;
    await page.waitForSelector('table.data');
    hosts.add(new URL(page.url()).host);
    const keys = await page.locator('th.row-key').allTextContents();
    seen.push(...keys.map((key) => key.trim()));
    const next = page.locator('button', { hasText: 'Next' });
    if (await next.count() === 0 || await next.isDisabled()) break;
    await next.click();
    await page.waitForFunction((first) => /No more rows/.test(document.body.textContent) ||
      ![undefined, first].includes(document.querySelector('th.row-key')?.textContent.trim()), keys[0].trim());
  }
  expect(seen.length === 400 && new Set(seen).size === 400, `${seen.length} rows, ${new Set(seen).size} of them different`);
  expect(hosts.size === 2, `all from ${[...hosts]}`);
});

await browser.close();
end();
