// Goal: the storefront script does what popups.md §8 asks, and never what F16 and F76 describe.
// Method: run it under Node in a hand-made page that records requests; any use of innerHTML throws.
// Usage: node popups_script_test.js path/to/storefront.js
'use strict';
const assert = require('assert');
const fs = require('fs');
const vm = require('vm');

const SHOP = 's&<hop>';
const QUERY = '?shopId=s%26%3Chop%3E';
const source = fs.readFileSync(process.argv[2], 'utf8').trimEnd() + `(${JSON.stringify(SHOP)},null);`;
const settle = () => new Promise((done) => setTimeout(done, 5));

class Element {
  constructor(tag) {
    Object.assign(this, { tag, style: {}, children: [], attributes: {}, handlers: {}, textContent: '' });
  }
  set innerHTML(value) { throw new Error('innerHTML was used'); }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, handler) { (this.handlers[name] = this.handlers[name] || []).push(handler); }
  appendChild(child) { this.children.push(child); child.parentNode = this; }
  removeChild(child) { this.children = this.children.filter((one) => one !== child); child.parentNode = null; }
  replaceChild(fresh, old) { this.children[this.children.indexOf(old)] = fresh; fresh.parentNode = this; }
  attachShadow() { const root = new Element('shadow'); this.appendChild(root); return root; }
  focus() {}
  remove() { if (this.parentNode) this.parentNode.removeChild(this); }
  showModal() { this.open = true; }
  close() { this.open = false; this.fire('close'); }
  querySelectorAll() { const all = []; this.find((e) => { if (e.tag === 'button' && e.className !== 'close') all.push(e); return false; }); return all; }
  fire(name) { (this.handlers[name] || []).forEach((run) => run({ preventDefault() {}, target: this })); }
  find(test) {
    if (test(this)) return this;
    for (const child of this.children) { const hit = child.find(test); if (hit) return hit; }
    return null;
  }
}
const byTag = (tag) => (element) => element.tag === tag;

// Loads the script in a page and waits until it has asked for the popups.
async function open(popups, more = {}) {
  const handlers = {};
  const listen = {
    addEventListener: (name, run) => { (handlers[name] = handlers[name] || []).push(run); },
    removeEventListener: (name, run) => { handlers[name] = (handlers[name] || []).filter((one) => one !== run); },
  };
  const body = new Element('body');
  const page = {
    body, calls: [], timers: [], kept: more.kept || {},
    emit: (name, event) => (handlers[name] || []).slice().forEach((run) => run(event)),
  };
  const store = (values) => ({
    getItem: (key) => (key in values ? values[key] : null),
    setItem: (key, value) => { values[key] = String(value); },
  });
  page.window = { innerHeight: 1000, pageYOffset: 0, crypto: require('crypto').webcrypto, ...listen };
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(page.window, name, {
      get() {
        if (more.blocked) throw new Error('storage is blocked');
        return store(name === 'localStorage' ? page.kept : {});
      },
    });
  }
  page.window.getComputedStyle = (made) => ({ backgroundColor: made.style.backgroundColor === '#000000' ? 'rgb(0, 0, 0)' : 'rgb(255, 255, 255)' });
  const sendBeacon = (url, body) => {
    if (more.noBeacon) return false;
    page.calls.push({ path: url.slice('https://api.example'.length), method: 'POST', body: JSON.parse(body) });
    return true;
  };
  const reply = (status, value) => ({ ok: status < 300, status, json: async () => value });
  const fetch = async (url, options) => {
    assert(url.startsWith('https://api.example/'), url);
    const path = url.slice('https://api.example'.length);
    page.calls.push({ path, method: options.method, body: options.body && JSON.parse(options.body), type: options.headers });
    if (path.startsWith('/popups/active')) return reply(200, popups);
    if (path.startsWith('/ab-testing/')) return reply(200, { popupId: more.arm });
    if (path.startsWith('/discount-codes/')) return reply(200, more.code);
    if (path.startsWith('/email-subscribers')) return reply(more.subscribe || 201, { id: 'subscriber' });
    return reply(201, {});
  };
  vm.runInNewContext(source, {
    fetch, URL, window: page.window, location: new URL('https://shop.example' + (more.path || '/')),
    navigator: { userAgent: more.agent || 'Mozilla/5.0 (X11; Linux)', sendBeacon },
    setTimeout: (run, ms) => page.timers.push({ run, ms }), clearTimeout: (id) => { if (id) page.timers[id - 1].run = () => {}; },
    document: {
      ...listen, body, activeElement: body, readyState: 'complete', referrer: '',
      currentScript: { src: 'https://api.example/scripts/popup.js?shopId=x' },
      documentElement: { scrollHeight: 2000 }, createElement: (tag) => new Element(tag),
    },
  });
  await settle();
  return page;
}

const popup = (more) => ({
  id: 'p1', name: 'N', triggerType: 'time_delay', targeting: null, offer: null,
  design: { heading: '<b>x</b>', buttonText: 'Go', imageUrl: 'javascript:alert(1)', buttonColor: 'red;background:url(x)', width: 300 },
  ...more,
});
const targeting = (more) => ({ showOnPages: [], excludePages: [], deviceTypes: ['desktop'], ...more });

const tests = {
  async 'shows merchant text as text and tracks one view, then a click'() {
    const page = await open([popup()]);
    assert.equal(page.calls[0].path, '/popups/active' + QUERY);
    assert.equal(page.timers[0].ms, 5000);
    page.timers[0].run();
    page.timers[0].run();
    assert.equal(page.body.find(byTag('h2')).textContent, '<b>x</b>');
    assert.equal(page.body.find(byTag('img')), null, 'javascript: is no image');
    const go = page.body.find((e) => e.type === 'submit');
    assert.equal(go.style.backgroundColor, '#000000', 'red;background:url(x) is no colour');
    assert.equal(go.style.color, '#ffffff', 'readable on black');
    page.body.find(byTag('form')).fire('submit');
    await settle();
    assert.deepEqual(page.calls.slice(1).map((call) => call.path), ['/analytics/events', '/analytics/events']);
    const [view, click] = page.calls.slice(1).map((call) => call.body.events[0]);
    assert.equal(view.event, 'view');
    assert.equal(click.event, 'conversion');
    assert.equal(click.type, 'click');
    assert(view.id.length === 32 && view.id !== click.id, 'ids make a repeated beacon harmless');
    assert.equal(page.body.children.length, 0);
    const again = await open([popup()], { kept: page.kept });
    assert.equal(again.timers.length, 0, 'not again within a day');
  },
  async 'respects devices and pages'() {
    const mobile = popup({ targeting: targeting({ deviceTypes: ['mobile'] }) });
    const here = popup({ id: 'p2', targeting: targeting({ showOnPages: ['/a/*'], timeDelay: 70 }) });
    const page = await open([mobile, here], { path: '/a/b?c=d' });
    assert.equal(page.timers[0].ms, 70);
    page.timers[0].run();
    assert.equal(page.calls[1].body.events[0].popupId, 'p2');
    const excluded = [popup({ targeting: targeting({ excludePages: ['/a.b'] }) })];
    assert.equal((await open(excluded, { path: '/a.b/' })).timers.length, 0);
    assert.equal((await open(excluded, { path: '/axb' })).timers.length, 1);
  },
  async 'waits for the pointer to leave, or on mobile for a scroll'() {
    const desktop = await open([popup({ triggerType: 'exit_intent' })]);
    desktop.emit('mouseout', { clientY: 100 });
    assert.equal(desktop.body.children.length, 0);
    desktop.emit('mouseout', { clientY: 5 });
    assert.equal(desktop.body.children.length, 1);
    desktop.body.find(byTag('dialog')).close();  // What Esc makes of a modal dialog.
    assert.equal(desktop.body.children.length, 0);
    const mobile = await open([popup({ triggerType: 'exit_intent' })], { agent: 'iPhone Mobile' });
    for (const [offset, shown] of [[390, 0], [400, 1]]) {
      mobile.window.pageYOffset = offset;
      mobile.emit('scroll');
      assert.equal(mobile.body.children.length, shown);
    }
  },
  async 'counts an e-mail only when it was saved now'() {
    for (const [status, conversions, formLeft] of [[201, 1, false], [409, 0, false], [500, 0, true]]) {
      const page = await open([popup({ offer: { type: 'newsletter' } })], { subscribe: status });
      page.timers[0].run();
      const form = page.body.find(byTag('form'));
      form.find(byTag('input')).value = ' a@b.com ';
      form.fire('submit');
      await settle();
      assert.deepEqual(page.calls[2].body, { shopId: SHOP, email: 'a@b.com', popupId: 'p1' });
      assert.equal(page.calls.length - 3, conversions, status);
      assert.equal(form.find(byTag('input')) !== null, formLeft, status);
    }
  },
  async 'shows the real code, or that it ended, even with storage blocked'() {
    const live = { code: 'REAL-1', isActive: true, expiresAt: null, usageLimit: null, usageCount: 0 };
    for (const [code, text] of [[live, 'REAL-1'], [{ ...live, usageLimit: 1, usageCount: 1 }, 'This offer has ended.']]) {
      const page = await open([popup({ offer: { type: 'discount', discountCodeId: 'c1' } })], { code, blocked: true });
      page.timers[0].run();
      page.body.find(byTag('form')).fire('submit');
      await settle();
      assert(page.calls.some((call) => call.path === '/discount-codes/c1' + QUERY));
      assert(page.body.find((element) => element.textContent === text), text);
    }
  },
  async 'sends a request where beacons are refused'() {
    const page = await open([popup()], { noBeacon: true });
    page.timers[0].run();
    assert.deepEqual(page.calls.map((call) => call.path), ['/popups/active' + QUERY, '/analytics/events']);
  },
  async 'waits for a pause of the visitor'() {
    const page = await open([popup({ triggerType: 'inactivity' })]);
    assert.equal(page.timers[0].ms, 30000);
    page.emit('mousemove');
    page.timers[0].run();
    assert.equal(page.body.children.length, 0, 'the pause began again');
    page.timers[1].run();
    assert.equal(page.body.children.length, 1);
  },
  async 'shows the arm of a split test'() {
    const first = popup({ abTestGroupId: 'g1' });
    const second = popup({ id: 'p2', abTestGroupId: 'g1' });
    const page = await open([first, second], { arm: 'p2' });
    assert(page.calls[1].path.startsWith('/ab-testing/g1/assign' + QUERY + '&visitorId='));
    page.timers[0].run();
    assert.equal(page.calls[2].body.events[0].popupId, 'p2');
    const none = await open([first], { arm: null });
    none.timers[0].run();
    assert.equal(none.calls[2].body.events[0].popupId, 'p1');
  },
  async 'patterns with many stars take no time'() {
    const hostile = '*a'.repeat(60) + 'b';
    const page = await open([popup({ targeting: targeting({ showOnPages: [hostile] }) })], { path: '/' + 'a'.repeat(2000) });
    assert.equal(page.timers.length, 0);
  },
  async 'is small, and leaves history and HTML alone'() {
    const text = fs.readFileSync(process.argv[2], 'utf8');
    const size = require('zlib').gzipSync(text, { level: 9 }).length;
    assert(size <= 6 * 1024, `${size} bytes`);
    for (const word of ['history', 'pushState', 'innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'eval('])
      assert(!text.includes(word), word);
  },
  async 'does nothing without a popup'() {
    const page = await open([]);
    assert.equal(page.calls.length, 1);
    assert.equal(page.timers.length, 0);
  },
};

(async () => {
  for (const [name, run] of Object.entries(tests)) {
    await run();
    console.log('ok - ' + name);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
