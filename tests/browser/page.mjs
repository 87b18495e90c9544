#!/usr/bin/env node
/* tests/browser/page.mjs [NAME] -- the live page in headless Chromium, against made-up numbers (mock.py),
 * scene by scene. NAME: only the tests whose name has it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faint_texts, found, mock, nameless, open, page_file, plain, run, said, state, sticking_out, updates } from './rig.mjs';

const SCENES = ['idle', 'load', 'busy', 'stalled', 'overflow', 'drain', 'many', 'hostile'];
const WIDTHS = [320, 360, 720, 1019, 1020, 1180, 1280, 1800, 1900, 3840];

/* The page shows this scene: an update drawn after the server took it up. */
async function scene(m, page, name) {
  await m.scene(name);
  await updates(page, 2);
}

const tests = {
  'the file: one, small, nothing from elsewhere, no markup made of data'() {
    const text = readFileSync(page_file, 'utf8');
    assert.ok(text.length < 60 * 1024, text.length + ' characters');
    assert.deepEqual(text.match(/https?:\/\/[^' ]+/g), ['http://www.w3.org/2000/svg']);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|\son\w+=["']/);
  },

  async 'under load: the numbers of the server, in their places'() {
    const m = await mock('load'), page = await open(m.url);
    await page.click('#pause');
    const d = await page.evaluate(() => { draw(last); return last; });
    const grouped = n => new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(n);
    const bay = name => page.locator('.bay', { has: page.getByRole('heading', { name, exact: true }) });
    assert.equal(await page.locator('.tile .big').first().innerText(), grouped(d.rates.requests) + ' /s');
    assert.match(await found(page), /^All is well/);
    assert.match(await bay('handle').innerText(), new RegExp('^handle\\s+' + d.at.handler + '\\s*now'));
    assert.match(await bay('read').innerText(), /6\s*now[^]*2 ready, 1 head, 3 body/);
    assert.deepEqual(await bay('handle').getByRole('rowheader').allTextContents(), ['handler', 'database', 'template']);
    assert.equal(await page.getByRole('meter').getAttribute('aria-valuenow'), String(d.listeners[0].queue));
    assert.match(await page.locator('#idle').innerText(), new RegExp(grouped(d.at.idle) + ' idle'));
    assert.equal(await page.locator('#slow-rows tr').count(), d.slowest.length);
    assert.equal(await page.locator('#conns-rows tr').count(), d.connections.length);
    assert.match(await page.locator('#conns-more').innerText(), new RegExp(grouped(d.connections_more) + ' more'));
    const accept = page.locator('#spans tr', { hasText: /^accept/ });
    assert.match(await accept.innerText(), /≤.*bounded/s);
    assert.match(await page.locator('#spans tr', { hasText: /^network/ }).innerText(), /≈.*estimated/s);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'the slowest requests: bars in proportion, the bounded part hatched, the worst stage named'() {
    const m = await mock('overflow'), page = await open(m.url);
    await page.click('#pause');
    const d = await page.evaluate(() => { draw(last); return last; });
    const row = page.locator('#slow-rows tr').first(), worst = d.slowest[0];
    assert.match(await row.locator('.worst').innerText(), /^queued \d+ %$/);
    assert.equal(await row.locator('.thin .bounded').count(), 1);
    const shares = await row.locator('.bar i').evaluateAll(list => list.map(e => parseFloat(e.style.width)));
    const whole = Math.max(...d.slowest.map(r => Math.max(r.took_us, (r.spans.handshake || 0) + (r.spans.accept ? r.spans.accept[1] : 0))));
    assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 100 * worst.took_us / whole) < 0.5, shares);
    assert.match(plain(await row.locator('.sr').textContent()), /accept [\d.]+ ms to [\d.]+ ms/);
    const few = page.locator('#slow-rows tr').last().locator('.bar i');
    const width = () => few.evaluateAll(list => list.reduce((a, e) => a + parseFloat(e.style.width), 0));
    const before = await width();
    await page.getByRole('button', { name: 'One scale' }).click();
    assert.ok(before < 5 && await width() > 20, before + ' then ' + await width());
    await m.end();
  },

  async 'a stalled core and its handlers are said, and told once'() {
    const m = await mock('load'), page = await open(m.url);
    await scene(m, page, 'stalled');
    assert.match(await found(page), /Core 1 is stuck\s+it has not looked for work for [\d.]+ s/);
    assert.match(await found(page), /Slow handlers\s+5 requests are in the handler/);
    assert.match(await page.locator('#cores .stuck').innerText(), /^core 1 is stuck for/);
    assert.ok(await page.locator('#conns-rows .old').count() >= 5);
    const words = await said(page);
    assert.match(words, /Core 1 is stuck/);
    await updates(page, 4);
    assert.equal(await said(page), words);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'a core is busy until it is stuck, and when that is the server says'() {
    const m = await mock('load'), page = await open(m.url);
    await scene(m, page, 'busy');
    assert.match(await found(page), /^Core 1 is busy\s+with one piece of work for [\d.]+ s/);
    assert.match(await page.locator('#cores .busy').innerText(), /^core 1 is busy for/);
    assert.equal(await page.locator('#cores .stuck, #findings .grave').count(), 0);
    await scene(m, page, 'stalled');
    assert.match(await found(page), /^Core 1 is stuck/);
    assert.match(await said(page), /Core 1 is stuck/);
    assert.equal(await page.locator('#cores .busy').count(), 0);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'an overflowing accept queue: full, with its peak, who was turned away, and why'() {
    const m = await mock('overflow'), page = await open(m.url);
    await updates(page, 2);
    assert.match(await found(page), /^Accept queue full\s+http:\/\/127.0.0.1:8080\/: 129 of 128 wait. 12\/s turned away/);
    const lane = page.locator('.lane').first();
    assert.match(await lane.innerText(), /4,096 cut by somaxconn[^]*129 of 128[^]*peak 129, fullest socket 101 %, 12\/s turned away/);
    const [bar, fill] = await lane.locator('.queue, .queue i').evaluateAll(list => list.map(e => e.getBoundingClientRect().width));
    assert.ok(fill > bar * 0.9, fill + ' of ' + bar);
    assert.match(await page.locator('#drops').innerText(), /accept queue full[^]*ListenOverflows/);
    assert.ok(await page.locator('#drops .err').count() >= 2);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'one of each: in the singular'() {
    const m = await mock('overflow'), page = await open(m.url);
    await page.click('#pause');
    await page.evaluate(() => {
      Object.assign(last.listeners[0], { queue: 1, queue_max: 1, drops_per_s: 0 });
      last.totals.connections = last.connections_more = 1;
      draw(last);
    });
    assert.match(await found(page), /http:\/\/127.0.0.1:8080\/: 1 of 1 waits\. /);
    assert.match(await page.locator('#way').innerText(), /1\s+connection so far/);
    assert.match(await page.locator('#conns-more').innerText(), /; 1 more is not listed/);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'the server goes: said with the moment, numbers step back; it comes: live again'() {
    const m = await mock('load'), page = await open(m.url);
    const number = await page.locator('.tile .big').nth(2).innerText();
    await m.end();
    await state(page, 'gone');
    assert.match(await found(page), /^The server does not answer\s+since \d\d:\d\d:\d\d/);
    assert.match(await said(page), /does not answer since \d\d:\d\d:\d\d/);
    assert.match(await page.locator('#state').innerText(), /^gone for \d+ s/);
    assert.equal(await page.locator('.tile .big').nth(2).innerText(), number);
    assert.match(await page.title(), /^gone/);
    const [ink, soft] = await page.evaluate(() => [getComputedStyle(document.querySelector('.tile .big')).color, getComputedStyle(document.querySelector('.soft')).color]);
    assert.equal(ink, soft);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await page.evaluate(faint_texts), []);
    }
    const again = await mock('load', '--port', m.port);
    await state(page, 'live');
    assert.match(await said(page), /All is well|answers again/);
    assert.deepEqual(page.complaints.filter(c => !/net::ERR_/.test(c)), []);
    await again.end();
  },

  async 'a server that drains says so, and then that it has stopped'() {
    const m = await mock('load'), page = await open(m.url);
    await m.scene('drain');
    await state(page, 'draining');
    assert.match(await found(page), /Draining\s+no new connections[^]*7 connections are still open/);
    await m.end();
    await state(page, 'gone');
    assert.match(await found(page), /^The server has stopped\s+since .* after draining/);
  },

  async 'without events the page asks'() {
    const m = await mock('load', '--no-events'), page = await open(m.url);
    await updates(page, 2);
    assert.match(await page.locator('#state').innerText(), /live \(asking\)/);
    assert.deepEqual(page.complaints.filter(c => !/404/.test(c)), []);
    await m.end();
  },

  async 'what peers and programs are called stays text'() {
    const m = await mock('hostile'), page = await open(m.url);
    await updates(page, 2);
    assert.equal(await page.locator('img').count(), 0);
    assert.match(await page.locator('#slow-rows').innerText(), /<img src=x onerror=alert\(1\)>/);
    assert.match(await page.locator('#spans').innerText(), /<img src=x/);
    assert.match(await page.locator('.lane').first().innerText(), /<img src=x/);
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'every scene at every width: nothing sticks out, no text is faint, everything has a name'() {
    const m = await mock('load'), page = await open(m.url);
    for (const name of SCENES) {
      await scene(m, page, name);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await page.evaluate(sticking_out), [], name + ' at ' + width);
      }
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await page.evaluate(faint_texts), [], name + ' ' + colorScheme);
      }
      assert.deepEqual(await page.evaluate(nameless), [], name);
    }
    assert.deepEqual(page.complaints, []);
    await m.end();
  },

  async 'nothing jumps while numbers change'() {
    const m = await mock('load');
    for (const width of [360, 1280, 1920]) {
      const page = await open(m.url, { width });
      const places = () => page.evaluate(() => [...document.querySelectorAll('h2, h3, .tile svg, .queue, .bay table, #spans td, #idle')].map(e => {
        const r = e.getBoundingClientRect();
        return [e.textContent.slice(0, 12), Math.round(r.left), Math.round(r.top)];
      }).filter(p => !/\d/.test(p[0])).join('\n'));
      await updates(page, 3);
      const before = await places();
      for (let i = 0; i < 5; i++) {
        await updates(page, 1);
        assert.equal(await places(), before, 'at ' + width);
      }
      await page.close();
    }
    await m.end();
  },

  async 'by keyboard: skip links, pause, sorting; focus stays where it was'() {
    const m = await mock('load'), page = await open(m.url);
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim().slice(0, 40) || document.activeElement.id);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'To the way of a request');
    const link = await page.evaluate(() => document.activeElement.getBoundingClientRect().top);
    assert.ok(link >= 0, 'the skip link is seen');
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'way');

    await page.focus('#pause');
    await page.keyboard.press('Space');
    assert.equal(await page.getByRole('button', { name: 'Paused' }).getAttribute('aria-pressed'), 'true');
    const number = await page.locator('.tile .big').first().innerText();
    await updates(page, 3);
    assert.equal(await page.locator('.tile .big').first().innerText(), number);
    await page.keyboard.press('Space');
    assert.notEqual(await page.locator('.tile .big').first().innerText(), number);

    await page.locator('#conns-head').getByRole('button', { name: 'Requests' }).focus();
    await page.keyboard.press('Enter');
    const sorts = () => page.evaluate(() => [document.querySelector('#conns-head [aria-sort]').getAttribute('aria-sort'), ...[...document.querySelectorAll('#conns-rows tr')].map(r => Number(r.children[5].textContent))]);
    const down = await sorts();
    await page.keyboard.press('Enter');
    const up = await sorts();
    assert.equal(down.shift(), 'descending');
    assert.equal(up.shift(), 'ascending');
    assert.deepEqual(up, [...down].sort((a, b) => a - b));
    assert.deepEqual(down, [...up].reverse());
    await updates(page, 3);
    assert.equal(await focused(), 'Requests');
    const reached = new Set();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      reached.add(await focused());
    }
    for (const name of ['Pause', 'One scale', 'Took', 'Client', '/metrics']) assert.ok(reached.has(name), name);
    await m.end();
  },

  async 'for a screen reader: landmarks, headings, tables; no word each second'() {
    const m = await mock('load'), page = await open(m.url);
    for (const role of ['banner', 'main', 'contentinfo', 'navigation', 'status']) assert.equal(await page.getByRole(role).count(), 1, role);
    assert.deepEqual(await page.getByRole('heading', { level: 2 }).allTextContents(),
      ['In four numbers', 'The way of a request', 'Where the time goes', 'Drops and causes', 'The slowest requests', 'Open connections']);
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      const conns = page.getByRole('table', { name: 'Open connections' });
      assert.ok(await conns.getByRole('row').count() > 10);
      assert.ok(await conns.getByRole('cell').count() > 50);
      assert.ok(await conns.getByRole('rowheader').count() > 10);
    }
    assert.equal(await page.getByRole('meter', { name: /accept queue of http/ }).count(), 1);
    await page.evaluate(() => {
      window.words = 0;
      new MutationObserver(() => window.words++).observe(document.getElementById('said'), { childList: true, subtree: true, characterData: true });
    });
    await updates(page, 6);
    assert.equal(await page.evaluate(() => window.words), 0);
    await m.end();
  },

  async 'who wants no motion gets none'() {
    const m = await mock('load');
    for (const reducedMotion of ['reduce', 'no-preference']) {
      const page = await open(m.url, { reducedMotion });
      const moves = await page.evaluate(() => [...document.querySelectorAll('*')].some(e => parseFloat(getComputedStyle(e).transitionDuration) > 0 || getComputedStyle(e).animationName !== 'none'));
      assert.equal(moves, reducedMotion !== 'reduce');
    }
    await m.end();
  },
};

await run(tests);
