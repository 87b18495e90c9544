#!/usr/bin/env node
/* tests/browser/server.mjs [NAME] -- the live page in headless Chromium, served by `stoa serve --admin`.
 * NAME: only the tests whose name has it. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { found, here, load, looks_right, open, plain, run, state, stoa, until, updates } from './rig.mjs';

const site = join(here, '../../examples/site');

const tests = {
  async 'a real server under load: rates, stages, the slowest, open connections; then it is gone'() {
    const s = await stoa(site, '--list'), end = load(s.url, 8, ['/', '/nothing', '/']), page = await open(s.admin);
    await until(page, () => last.rates.requests > 0 && last.slowest.length > 0 && last.totals.statuses['4xx'] > 0);
    await updates(page, 2);
    assert.equal(await page.locator('.lane').first().locator('b').innerText(), s.url);
    assert.notEqual(await page.locator('.tile .big').first().innerText(), '0 /s');
    assert.notEqual(await page.locator('.tile .big').nth(2).innerText(), '0');
    assert.match(plain(await page.locator('#spans tr', { hasText: /^handler/ }).innerText()), /\d (µs|ms)/);
    assert.match(await page.locator('#slow-rows').innerText(), /GET \/nothing|GET \//);
    assert.match(await page.locator('#conns-rows').innerText(), /127\.0\.0\.1:\d+/);
    assert.equal(await page.locator('#state').innerText(), 'live');
    await looks_right(page);
    assert.deepEqual(page.complaints, []);
    await end();
    await s.end('SIGKILL');
    await state(page, 'gone');
    assert.match(await found(page), /does not answer\s+since/);
  },

  async 'a real server whose handlers are slow'() {
    const s = await stoa('--fault', 'stall'), page = await open(s.admin);
    get(s.url).on('error', () => {});
    await until(page, () => /Slow handlers/.test(document.getElementById('findings').innerText));
    assert.match(await page.locator('#conns-rows tr').first().innerText(), /handler/);
    assert.deepEqual(page.complaints, []);
    await s.end('SIGKILL');
  },

  async 'a real server whose core stalls for a while: busy, and not stuck, for /healthz neither'() {
    const s = await stoa('--text', 'hi', '-w', '1', '--delay', 'core=3s'), page = await open(s.admin);
    const end = load(s.url, 1, ['/']);
    await until(page, () => /Core 0 is busy/.test(document.getElementById('findings').innerText));
    const [health, d] = [await fetch(s.admin + 'healthz'), await page.evaluate(() => { draw(last); return last.server; })];
    assert.equal(health.status, 200);
    assert.equal(d.stuck_after_s, 10);
    assert.ok(d.alive[0] < d.stuck_after_s, d.alive);
    assert.equal(await page.locator('#cores .stuck').count(), 0);
    await looks_right(page);
    await end();
    await until(page, () => !/Core 0/.test(document.getElementById('findings').innerText));
    assert.deepEqual(page.complaints, []);
    await s.end('SIGKILL');
  },

  async 'a real server that does not accept: its queue is full, clients are turned away'() {
    const s = await stoa('--fault', 'never-accept', '--backlog', '4'), page = await open(s.admin);
    const clients = Array.from({ length: 40 }, () => connect(new URL(s.url).port, '127.0.0.1').on('error', () => {}));
    await until(page, () => /Accept queue full/.test(document.getElementById('findings').innerText) && last.listeners[0].drops > 0);
    const d = await page.evaluate(() => { draw(last); return last.listeners[0]; });
    assert.ok(d.fullest >= 1, JSON.stringify(d));
    assert.equal(await page.getByRole('meter').getAttribute('aria-valuemax'), String(d.queue_max));
    assert.ok(await page.locator('#drops .n').first().innerText() !== '0');
    await looks_right(page);
    assert.deepEqual(page.complaints, []);
    clients.forEach(c => c.destroy());
    await s.end('SIGKILL');
  },

  async 'a real server that drains'() {
    const s = await stoa('--fault', 'stall', '--drain', '60s'), page = await open(s.admin);
    get(s.url).on('error', () => {});
    await until(page, () => last.at.handler > 0);
    s.end('SIGTERM');
    await state(page, 'draining');
    await s.end('SIGKILL');
    await state(page, 'gone');
    assert.match(await found(page), /^The server has stopped/);
  },
};

await run(tests);
