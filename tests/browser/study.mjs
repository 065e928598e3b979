// The page of a row key study, from a file, as `stele bench study --html` wrote it: without script, with it, by mouse and by
// keyboard, wide and narrow, dark and light.

import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { checkContrast, checkKeyboard, checkWidth, end, eventually, expect, openBrowser, openPage, shot, test } from './harness.mjs';

const file = resolve(join(process.env.OUT ?? 'build/check/browser', 'study.html'));
execFileSync(process.env.STELE, ['bench', 'study', 'national-id', '--simulate', '--mappers=raw;template:{birth:2-8}<b>{serial};salt:16;md5:4', `--html=${file}`]);
const url = `file://${file}`;
const browser = await openBrowser();

await test('study: light, by keyboard', async () => {
  const page = await openPage(browser, url);
  await shot(page, 'study-light');
  await checkContrast(page);
  await checkKeyboard(page);
  expect((await page.locator('.panel svg.map').count()) === 4, 'not four maps');
  expect((await page.locator('h3 b').count()) === 0, 'a name became markup');
});

await test('study: dark, 320 px wide', async () => {
  const page = await openPage(browser, url, { width: 320, scheme: 'dark' });
  await shot(page, 'study-dark-320');
  await checkWidth(page, 320);
  await checkContrast(page);
});

await test('study: a tab shows one design', async () => {
  const page = await openPage(browser, url);
  await page.getByRole('button', { name: 'md5:4' }).click();
  expect((await page.locator('.panel:visible').count()) === 1, 'more than one is shown');
  expect((await page.locator('.panel:visible h3').textContent()) === 'md5:4', 'another is shown');
  await page.getByRole('button', { name: 'all side by side' }).click();
  expect((await page.locator('.panel:visible').count()) === 4, 'not all are shown again');
});

await test('study: what lies under the pointer, and where the arrow keys go', async () => {
  const page = await openPage(browser, url);
  const map = page.locator('svg.map').first();
  await map.scrollIntoViewIfNeeded();
  const box = await map.boundingBox();
  await page.mouse.move(box.x + box.width * 0.1, box.y + box.height * 0.43);
  await eventually(() => page.locator('#tip').isVisible(), 'nothing is told');
  const told = await page.locator('#tip').textContent();
  expect(/second \d+keys \d+ to \d+/.test(told) && /requests\/s/.test(told) && /its share/.test(told), told);
  await page.mouse.move(1, 1);
  await eventually(async () => !(await page.locator('#tip').isVisible()), 'it stays');
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await eventually(() => page.locator('#tip').isVisible(), 'nothing is told by keyboard');
  await page.keyboard.press('Escape');
  await eventually(async () => !(await page.locator('#tip').isVisible()), 'Escape leaves it');
});

await test('study: without script it is all there', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(url);
  expect((await page.locator('.panel:visible').count()) === 4, 'not four maps');
  expect(!(await page.locator('#tabs').isVisible()), 'tabs that do nothing');
  await context.close();
});

await browser.close();
end();
