// What the browser tests share: a browser whose pages tell of every error, a count of what passed, screenshots, and what every
// page must hold to.

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const out = process.env.OUT ?? 'build/check/browser';
const { chromium } = createRequire(join(out, 'npm/'))('playwright-core');
mkdirSync(out, { recursive: true });

let passed = 0, failed = 0;
const opened = []; // by the test that runs: closed at its end
const errors = []; // of pages: of the console, uncaught, and requests that left for elsewhere

export async function openBrowser() {
  return chromium.launch({ timeout: 180_000, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu',
    '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
}

// A page of its own: nothing is remembered from another. isTravelling: it is meant to go on at other servers. Errors that a test means to cause it takes from `errors`.
export async function openPage(browser, url, { width = 1280, height = 800, scheme = 'light', expect = null, isTravelling = false } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, timezoneId: 'UTC' });
  page.setDefaultTimeout(90_000);
  opened.push(page);
  const home = url.startsWith('file:') ? url : new URL(url).origin; // a file has none
  page.on('console', (message) => {
    // 503: the server is busy (or the machine stood still), and the page asks again
    const isMeant = expect?.test(message.text()) || /status of 503/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isMeant) errors.push(`console: ${message.text()} (${url})`);
  });
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message} (${url})`));
  page.on('request', (request) => { if (!isTravelling && !request.url().startsWith(home)) errors.push(`asks elsewhere: ${request.url()}`); });
  await page.goto(url);
  return page;
}

export async function test(name, run) {
  try {
    errors.length = 0;
    await run();
    if (errors.length) throw new Error(errors.join('\n'));
    passed++;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error.stack}`);
  }
  for (const page of opened.splice(0)) await page.close();
}

export function end() {
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed ? 1 : 0;
}

export function expect(isSo, what) {
  if (!isSo) throw new Error(what);
}

// Waits until it is so: what a page does after a key or a click takes a moment.
export async function eventually(isSo, what, timeout_ms = 90_000) {
  const end = Date.now() + timeout_ms;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(what);
    await new Promise((next) => setTimeout(next, 50));
  }
}

export const shot = (page, name) => page.screenshot({ path: join(out, `${name}.png`), fullPage: true });

// In the page: what can be reached, and is seen.
const reachable = 'a[href], button:not(:disabled), select, input, summary, [tabindex="0"]';

// Tab goes through everything that can be used, each shows that it has the focus, and each has a name. A poll that draws the page
// anew in between may take the focus away: then it is gone through again, up to three times.
export async function checkKeyboard(page) {
  for (let i = 0; i < 2; i++) {
    try {
      return await goThrough(page);
    } catch (error) {
      console.log(`        once more: ${error.message}`);
      await page.evaluate(() => document.querySelectorAll('[data-reach]').forEach((element) => { delete element.dataset.reach; }));
    }
  }
  return goThrough(page);
}

async function goThrough(page) {
  await page.evaluate(() => { document.activeElement?.blur(); scrollTo(0, 0); });
  const wanted = await page.evaluate((selector) => {
    const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('dialog:not([open])');
    return [...document.querySelectorAll(selector)].filter(seen).map((element, i) => {
      element.dataset.reach = i;
      const name = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent ?? '';
      return { name: name.trim(), tag: element.tagName };
    });
  }, reachable);
  const reached = new Set();
  for (let i = 0; i < wanted.length + 3; i++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const element = document.activeElement, style = getComputedStyle(element);
      return { id: element.dataset.reach, isShown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, tag: element.outerHTML.slice(0, 120) };
    });
    if (now.id === undefined) continue;
    expect(now.isShown, `has the focus and does not show it: ${now.tag}`);
    reached.add(Number(now.id));
  }
  // A page that is drawn anew by its poll may have replaced an element: those are new and unmarked, not unreachable.
  const missed = await page.evaluate((ids) => [...document.querySelectorAll('[data-reach]')].filter((element) => !ids.includes(Number(element.dataset.reach))
    && element.isConnected && !element.disabled).map((element) => element.outerHTML.slice(0, 120)), [...reached]);
  expect(missed.length === 0, `cannot be reached by Tab: ${missed.join(' | ')}`);
  const nameless = wanted.filter((one) => !one.name);
  expect(nameless.length === 0, `${nameless.length} things to use have no name: ${nameless.map((one) => one.tag)}`);
  return wanted.length;
}

export async function checkWidth(page, width) {
  let wide = null;
  // what is drawn follows a new width in a moment
  await eventually(async () => (wide = await widerThanPage(page)) === null, '').catch(() => {
    throw new Error(`wider than ${width} px: ${wide}`);
  });
}

const widerThanPage = (page) => page.evaluate(() => (document.documentElement.scrollWidth <= innerWidth ? null
    : [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('.wide, pre'))
      .map((element) => `${element.tagName}.${element.className.baseVal ?? element.className}`).slice(0, 5).join(', ')));

// Text can be read: WCAG's 4.5 to 1 against what is behind it (3 to 1 where it is large).
export async function checkContrast(page) {
  const poor = await page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const luminance = ([r, g, b]) => [r, g, b].map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4))
      .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) { const color = rgba(getComputedStyle(at).backgroundColor); if (color[3] === 255) return color; }
      return [255, 255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!hasText || !element.checkVisibility() || element.closest('svg, :disabled, option, .unseen, caption')) continue;
      const style = getComputedStyle(element);
      const [a, b] = [luminance(rgba(style.color)), luminance(behind(element))].sort((x, y) => y - x);
      const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      if ((a + 0.05) / (b + 0.05) < least) found.push(`${((a + 0.05) / (b + 0.05)).toFixed(1)} "${element.textContent.trim().slice(0, 30)}"`);
    }
    return found;
  });
  expect(poor.length === 0, `hard to read: ${poor.slice(0, 5).join(', ')}`);
}

// The mean brightness (0 to 255) of the heat map's canvas between two shares of its height, at shares of its width.
export const brightness = (page, top, bottom, left = 0, right = 1) => page.evaluate(([y0, y1, x0, x1]) => {
  const shown = document.querySelector('.keymap canvas');
  const canvas = Object.assign(document.createElement('canvas'), { width: shown.width, height: shown.height });
  canvas.getContext('2d', { willReadFrequently: true }).drawImage(shown, 0, 0);
  const [x, y] = [Math.floor(x0 * canvas.width), Math.floor(y0 * canvas.height)];
  const data = canvas.getContext('2d').getImageData(x, y, Math.max(1, Math.floor((x1 - x0) * canvas.width)), Math.max(1, Math.floor((y1 - y0) * canvas.height))).data;
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2];
  return sum / (data.length / 4);
}, [top, bottom, left, right]);

// Drags over the map from one point to another, both as shares of it.
export async function drag(page, [x0, y0], [x1, y1]) {
  const box = await page.locator('.keymap .overlay').boundingBox();
  await page.mouse.move(box.x + x0 * box.width, box.y + y0 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height, { steps: 4 });
  await page.mouse.up();
}
