/* tests/browser/rig.mjs -- what the tests of the live page share: a browser, the mock or a real server,
 * questions to a page, and the run. Exits with 77 where the browser, or what drives it, is missing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const page_file = join(here, '../../src/app/live.html');
const build = resolve(process.env.BUILD || join(here, '../../build'));
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

function skip(why) {
  console.log(why);
  process.exit(77);
}
if (!existsSync(CHROMIUM)) skip('no ' + CHROMIUM + ': make browser installs it');
let chromium;
try {
  ({ chromium } = createRequire(join(build, 'browser/'))('playwright-core'));
} catch {
  skip('no playwright-core in ' + join(build, 'browser') + ': make browser installs it');
}

/* ---- what a test works with ---- */

const running = new Set();
process.on('exit', () => running.forEach(p => p.kill('SIGKILL')));

export async function mock(scene, ...options) {
  const p = spawn('python3', [join(here, 'mock.py'), '--every', '0.15', ...options, page_file], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(p);
  const ended = new Promise(done => p.once('exit', done));
  const url = await new Promise((done, failed) => {
    p.stdout.once('data', d => done(String(d).trim()));
    ended.then(() => failed(new Error('the mock did not start')));
  });
  const m = { url, port: new URL(url).port, scene: name => fetch(url + 'scene?' + name), end: () => (p.kill(), ended) };
  await m.scene(scene);
  return m;
}

/* `stoa serve` with the options, on ports of its own choice. */
export async function stoa(...options) {
  const p = spawn(join(build, 'stoa'), ['serve', ...options, '-l', '127.0.0.1:0', '--admin', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(p);
  const ended = new Promise(done => p.once('exit', done));
  let said = '';
  const found = new Promise((done, failed) => {
    p.stderr.on('data', d => {
      said += d;
      const at = said.match(/listening on (\S+)/), admin = said.match(/admin pages at (\S+)\n/);
      if (at && admin) done({ url: at[1], admin: admin[1] });
    });
    ended.then(() => failed(new Error('it did not start: ' + said)));
  });
  return { ...await found, end: signal => (p.kill(signal), ended) };
}

/* Some clients, each of which asks for one path after the other until it is told to end. */
export function load(url, clients, paths) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let goes = true;
  const ask = path => new Promise(done => get(new URL(path, url), { agent }, answer => answer.resume().on('end', done).on('error', done)).on('error', done));
  const loop = async i => { for (; goes; i++) await ask(paths[i % paths.length]); };
  const all = Promise.all(Array.from({ length: clients }, (_, i) => loop(i)));
  return () => { goes = false; return all.then(() => agent.destroy()); };
}

/* A page of its own, which notes everything that the browser complains of. */
export async function open(url, { width = 1280, height = 900, ...media } = {}) {
  const page = await browser.newPage();
  page.complaints = [];
  page.on('console', m => m.type() === 'error' && page.complaints.push(m.text()));
  page.on('pageerror', e => page.complaints.push(String(e)));
  page.on('dialog', d => { page.complaints.push('dialog: ' + d.message()); d.dismiss(); });
  await page.setViewportSize({ width, height });
  await page.emulateMedia(media);
  await page.goto(url);
  await page.waitForFunction(() => document.body.dataset.state !== 'waiting' && shown);
  return page;
}
export const state = (page, name) => page.waitForFunction(s => document.body.dataset.state === s, name, { timeout: 60000 });
/* Until n more updates have arrived (drawn or not). */
export const updates = (page, n) => page.evaluate(async n => {
  for (let t; n > 0; n--) for (t = last.server.uptime_s; last.server.uptime_s === t;) await new Promise(r => setTimeout(r, 10));
}, n);
/* Texts without the spaces that do not break, as a person would type them. */
export const plain = s => s.replace(/\u00a0/g, ' ');
export const said = async page => plain(await page.locator('#said').textContent());
export const found = async page => plain(await page.locator('#findings').innerText());

/* Runs in the page: each text whose contrast to what is behind it is too small (WCAG 1.4.3). */
export function faint_texts() {
  const parts = c => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parts(getComputedStyle(e).backgroundColor);
      if (c[3] === undefined || c[3] === 1) return c;
      if (c[3] !== 0) throw new Error('a half transparent ground: ' + e.className);
    }
    return [255, 255, 255];
  };
  const faint = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, style = getComputedStyle(e);
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
    const a = light(parts(style.color)), b = light(behind(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(walk.currentNode.data.trim() + ': ' + ratio.toFixed(2));
  }
  return faint;
}

/* Runs in the page: what sticks out of its card, or out of its cell. */
export function sticking_out() {
  const out = [];
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page: ' + document.documentElement.scrollWidth);
  for (const card of document.querySelectorAll('.card, header, footer, #findings li, .bay, .lane > div, td, .foot')) {
    const edge = card.getBoundingClientRect();
    for (const e of card.querySelectorAll('*')) {
      const r = e.getBoundingClientRect();
      if (r.width && e.checkVisibility() && !e.closest('.sr, svg, .queue, .column, .cut, .thin, .scale') && (r.right > edge.right + 1 || r.left < edge.left - 1)) out.push(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
    }
  }
  for (const e of document.querySelectorAll('td.n, .big, .tile p, dd, td.stage'))
    if (e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth) out.push('cut: ' + e.textContent);
  return out;
}

/* Runs in the page: who can be reached or read and has no name; what is there twice. */
export function nameless() {
  const out = [];
  const name = e => e.getAttribute('aria-label') || (e.getAttribute('aria-labelledby') || '').split(' ').map(i => document.getElementById(i)?.textContent).join('')
    || e.caption?.textContent || (/^(A|BUTTON|TH)$/.test(e.tagName) ? e.textContent.trim() : '');
  for (const e of document.querySelectorAll('a, button, section, nav, table, th, [role=meter], [role=region], [role=list], [tabindex]'))
    if (!name(e)) out.push('no name: ' + e.outerHTML.slice(0, 90));
  for (const e of document.querySelectorAll('button'))
    if (e.checkVisibility() && e.getBoundingClientRect().height < 24) out.push('too small for a finger: ' + e.textContent);
  let level = 0;
  for (const h of document.querySelectorAll('h1, h2, h3')) {
    if (h.tagName[1] > level + 1) out.push('a level is left out: ' + h.textContent);
    level = Number(h.tagName[1]);
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) out.push('twice: ' + id);
  return out;
}

/* Until `what`, a function that runs in the page, is true. */
export const until = (page, what) => page.waitForFunction(what, undefined, { timeout: 60000 });

export async function looks_right(page) {
  for (const width of [360, 1280, 3840]) {
    await page.setViewportSize({ width, height: 800 });
    assert.deepEqual(await page.evaluate(sticking_out), [], 'at ' + width);
  }
  assert.deepEqual(await page.evaluate(faint_texts), []);
  assert.deepEqual(await page.evaluate(nameless), []);
}

/* ---- running them ---- */

let browser;

/* Runs the tests, by their names; or only those whose name has the command's argument. */
export async function run(tests) {
  const profile = mkdtempSync(join(tmpdir(), 'stoa-browser-'));
  browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, headless: true, args: FLAGS });
  let passed = 0, failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    if (process.argv[2] && !name.includes(process.argv[2])) continue;
    try {
      await test();
      console.log('ok    ' + name);
      passed++;
    } catch (e) {
      console.log('FAIL  ' + name + '\n' + (e.stack || e));
      failed++;
    }
    for (const page of browser.pages().slice(1)) await page.close();
    running.forEach(p => p.kill());
  }
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
  console.log(passed + ' passed, ' + failed + ' failed');
  process.exit(failed ? 1 : 0);
}
