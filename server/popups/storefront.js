// Tenantry storefront script. Shows at most one popup of a shop on the page that embeds it.
// The server calls this function with the shop id and, when configured, the address of the API; otherwise the API is
// where this script came from. Merchant text is only ever inserted as text, never as HTML. The rules of pages, devices
// and limits are those of engine/popups/targeting.h.
(function (shopId, configuredBase) {
  'use strict';

  var DAY_MS = 24 * 60 * 60 * 1000;
  var script = document.currentScript;
  var base = configuredBase || (script && script.src ? new URL(script.src).origin : '');

  // --- Storage that may be blocked: then every page view is a new visitor and nothing throws ---
  function read(store, key) {
    try { return window[store].getItem(key); } catch (e) { return null; }
  }
  function write(store, key, value) {
    try { window[store].setItem(key, value); } catch (e) { /* Blocked or full: not worth an error. */ }
  }
  function randomId() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join('');
  }
  function rememberedId(store, key) {
    var id = read(store, key);
    if (!id) { id = randomId(); write(store, key, id); }
    return id;
  }
  var sessionId = rememberedId('sessionStorage', 'tenantry_session');
  var visitorId = rememberedId('localStorage', 'tenantry_visitor');

  // --- API ---
  function call(method, path, body) {
    return fetch(base + path, {
      method: method,
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : undefined,
      credentials: 'omit'
    });
  }
  function quietly(promise) { return promise.catch(function () { /* Tracking never disturbs the shop. */ }); }
  function shopQuery() { return '?shopId=' + encodeURIComponent(shopId); }

  // A beacon outlives the page and, as plain text, needs no preflight. Its id makes a repeat harmless.
  function track(event) {
    event.id = randomId();
    event.sessionId = sessionId;
    event.visitorId = visitorId;
    var body = JSON.stringify({ events: [event] });
    var url = base + '/analytics/events';
    try {
      if (navigator.sendBeacon && navigator.sendBeacon(url, body)) return;
    } catch (e) { /* A blocker may throw; a request may still pass. */ }
    quietly(fetch(url, { method: 'POST', body: body, credentials: 'omit', keepalive: true }));
  }
  function trackView(popup) {
    track({
      event: 'view', popupId: popup.id, deviceType: device(), browser: navigator.userAgent.slice(0, 300),
      pageUrl: location.href.slice(0, 2000), referrer: document.referrer.slice(0, 2000)
    });
  }
  function trackConversion(popup, type, more) {
    var event = { event: 'conversion', popupId: popup.id, type: type };
    for (var key in more) { if (more[key]) event[key] = more[key]; }
    track(event);
  }

  // --- Targeting ---
  function device() {
    var agent = navigator.userAgent;
    if (/iPad|Tablet|PlayBook|Silk/i.test(agent) || (/Android/i.test(agent) && !/Mobile/i.test(agent))) return 'tablet';
    return /Mobi|iPhone|iPod|Android|IEMobile/i.test(agent) ? 'mobile' : 'desktop';
  }
  function trimSlash(path) { return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path; }
  // A pattern is a path or a whole address; * stands for any text. Walks the parts between the stars, because a
  // regular expression with many stars could hang the page.
  function matches(pattern, text) {
    var parts = String(pattern).split('*');
    var last = parts.pop();
    if (!parts.length) return text === last;
    var at = parts[0].length;
    if (text.slice(0, at) !== parts[0]) return false;
    for (var i = 1; i < parts.length; i++) {
      var found = text.indexOf(parts[i], at);
      if (found < 0) return false;
      at = found + parts[i].length;
    }
    return text.length - last.length >= at && text.slice(text.length - last.length) === last;
  }
  function pageMatches(pattern) {
    return [location.pathname, trimSlash(location.pathname), location.pathname + location.search, location.href]
      .some(function (page) { return matches(pattern, page); });
  }
  function fitsHere(popup) {
    var targeting = popup.targeting || {};
    var devices = targeting.deviceTypes || [];
    var shown = targeting.showOnPages || [];
    var excluded = targeting.excludePages || [];
    if (devices.length && devices.indexOf(device()) < 0) return false;
    if (excluded.some(pageMatches)) return false;
    return !shown.length || shown.some(pageMatches);
  }

  function shownKey(popup) { return 'tenantry_popup_' + popup.id; }
  function shownLately(popup) {
    var at = Number(read('localStorage', shownKey(popup)));
    return at > 0 && Date.now() - at < DAY_MS;
  }

  // The arm of a split test that this visitor sees; the popup itself when the test does not run.
  function chooseArm(popup, popups) {
    if (!popup || !popup.abTestGroupId) return Promise.resolve(popup);
    return call('GET', '/ab-testing/' + encodeURIComponent(popup.abTestGroupId) + '/assign' + shopQuery() +
      '&visitorId=' + visitorId).then(function (answer) {
      return answer.ok ? answer.json() : {};
    }).then(function (arm) {
      return popups.filter(function (one) { return one.id === arm.popupId; })[0] || popup;
    });
  }

  // --- Triggers ---
  function whenScrolled(percent, fire) {
    function check() {
      var page = document.documentElement;
      var way = Math.max(page.scrollHeight - window.innerHeight, 1);
      if (window.pageYOffset / way * 100 < percent) return;
      window.removeEventListener('scroll', check);
      fire();
    }
    window.addEventListener('scroll', check, { passive: true });
  }
  function whenLeaving(fire) {
    function check(event) {
      if (event.relatedTarget || event.clientY > 20) return;
      document.removeEventListener('mouseout', check);
      fire();
    }
    document.addEventListener('mouseout', check);
  }
  function whenIdle(delay, fire) {
    var signs = ['mousemove', 'mousedown', 'keydown', 'scroll', 'touchstart'];
    var timer;
    function listen(how) {
      signs.forEach(function (sign) { window[how](sign, again, { passive: true, capture: true }); });
    }
    function again() {
      clearTimeout(timer);
      timer = setTimeout(function () { listen('removeEventListener'); fire(); }, delay);
    }
    listen('addEventListener');
    again();
  }
  function numberOr(value, standard) { return typeof value === 'number' ? value : standard; }
  function arm(popup, fire) {
    var targeting = popup.targeting || {};
    switch (popup.triggerType) {
      case 'exit_intent':
        return device() === 'desktop' ? whenLeaving(fire) : whenScrolled(40, fire);
      case 'mobile_scroll':
        return whenScrolled(40, fire);
      case 'scroll_percentage':
        return whenScrolled(numberOr(targeting.scrollPercentage, 50), fire);
      case 'inactivity':
        return whenIdle(numberOr(targeting.timeDelay, 30000), fire);
      default:
        return setTimeout(fire, numberOr(targeting.timeDelay, 5000));
    }
  }

  // --- Showing ---
  var STYLE =
    ':host{all:initial}' +
    'dialog{box-sizing:border-box;border:0;max-width:calc(100vw - 32px);max-height:calc(100vh - 32px);overflow:auto;' +
    'font:16px/1.4 system-ui,sans-serif;text-align:center}' +
    'dialog::backdrop{background:rgba(0,0,0,.5)}' +
    'h2{margin:0 24px 8px;font-size:24px}p{margin:0 0 16px;overflow-wrap:anywhere}form{margin:0}' +
    'img{max-width:100%;display:block;margin:0 auto 16px}' +
    'input{box-sizing:border-box;width:100%;padding:12px;font:inherit;border:1px solid #767676;border-radius:4px}' +
    'button{font:inherit;font-weight:600;border:0;border-radius:4px;padding:12px 24px;margin:8px 0;cursor:pointer}' +
    '.close{position:absolute;top:4px;right:4px;margin:0;padding:8px 12px;background:none;color:inherit;font-size:20px;' +
    'line-height:1}' +
    '.code{font-weight:700;user-select:all}' +
    '@keyframes in{from{opacity:0}}' +
    '@media (prefers-reduced-motion:no-preference){dialog[open]{animation:in .2s}}';

  function colour(value, fallback) {
    value = String(value || '');
    return /^(#[0-9a-f]{3,8}|[a-z]{3,30}|(rgb|hsl)a?\([0-9.,%\s\/deg]+\))$/i.test(value) ? value : fallback;
  }
  function imageAddress(value) {
    try {
      var url = new URL(value, location.href);
      return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : '';
    } catch (e) { return ''; }
  }
  function pixels(value, fallback) {
    return (typeof value === 'number' && isFinite(value) ? value : fallback) + 'px';
  }
  function element(tag, parent, text) {
    var made = document.createElement(tag);
    if (text) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  }
  // White or black, whichever can be read on the colour; the browser knows what every notation means.
  function contrasting(made) {
    var parts = (window.getComputedStyle(made).backgroundColor.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
    var light = [0.2126, 0.7152, 0.0722].reduce(function (sum, weight, i) {
      var part = parts[i] / 255;
      return sum + weight * (part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4));
    }, 0);
    made.style.color = light > 0.179 ? '#000000' : '#ffffff';
  }
  function addStyle(root) {
    try {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];  // Passes a strict style-src, which a style element would not.
    } catch (e) {
      element('style', root, STYLE);
    }
  }

  function show(popup) {
    var design = popup.design || {};
    var host = element('div');
    var root = host.attachShadow({ mode: 'open' });
    addStyle(root);
    var box = element('dialog', root);
    box.setAttribute('aria-label', design.heading || popup.name || 'Popup');
    box.style.width = pixels(design.width, 400);
    box.style.padding = pixels(design.padding, 24);
    box.style.borderRadius = pixels(design.borderRadius, 8);
    box.style.backgroundColor = colour(design.backgroundColor, '#ffffff');
    box.style.color = colour(design.textColor, '#000000');
    if (design.layout === 'left') box.style.marginLeft = '16px';
    if (design.layout === 'right') box.style.marginRight = '16px';

    var image = design.imageUrl ? imageAddress(design.imageUrl) : '';
    if (image) {
      var picture = element('img', box);
      picture.alt = '';
      picture.src = image;
    }
    if (design.heading) element('h2', box, design.heading);
    if (design.subheading) element('p', box, design.subheading);
    var before = document.activeElement;
    function close() { if (box.open) box.close(); }
    addOffer(popup, design, box, close);
    var cross = element('button', box, '\u00d7');  // Last, so that the offer gets the focus first.
    cross.type = 'button';
    cross.className = 'close';
    cross.setAttribute('aria-label', 'Close');
    cross.addEventListener('click', close);
    box.addEventListener('click', function (event) { if (event.target === box) close(); });
    // Esc closes a modal dialog by itself; however it closes, it ends here.
    box.addEventListener('close', function () {
      if (host.parentNode) host.parentNode.removeChild(host);
      if (before && before.focus) before.focus();
    });

    document.body.appendChild(host);
    box.showModal();
    Array.prototype.forEach.call(root.querySelectorAll('button:not(.close)'), contrasting);
    write('localStorage', shownKey(popup), String(Date.now()));
    trackView(popup);
  }

  function addSubmit(design, form) {
    var button = element('button', form, design.buttonText || 'OK');
    button.type = 'submit';
    button.style.backgroundColor = colour(design.buttonColor, '#000000');
    return button;
  }
  function addNote(parent) {
    var note = element('p', parent);
    note.setAttribute('role', 'status');
    return note;
  }

  function addOffer(popup, design, box, close) {
    var offer = popup.offer || {};
    if (offer.type === 'email_capture' || offer.type === 'newsletter') return addEmailForm(popup, design, box);
    var form = element('form', box);
    var go = addSubmit(design, form);
    var note = addNote(form);
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      if (go.disabled) return;
      trackConversion(popup, 'click', { discountCodeId: offer.discountCodeId });
      if (offer.type !== 'discount' || !offer.discountCodeId) return close();
      go.disabled = true;
      showCode(note, go, offer.discountCodeId);
    });
  }

  // The real code, or the word that there is none any more; never an invented one.
  function showCode(note, go, codeId) {
    call('GET', '/discount-codes/' + encodeURIComponent(codeId) + shopQuery()).then(function (answer) {
      if (!answer.ok) throw new Error('no code');
      return answer.json();
    }).then(function (code) {
      var ended = !code.isActive || (code.expiresAt && Date.parse(code.expiresAt) <= Date.now()) ||
        (code.usageLimit !== null && code.usageCount >= code.usageLimit);
      go.remove();
      note.className = ended ? '' : 'code';
      note.textContent = ended ? 'This offer has ended.' : code.code;
    }).catch(function () {
      go.disabled = false;
      note.textContent = 'The code could not be loaded. Please try again later.';
    });
  }

  function addEmailForm(popup, design, box) {
    var form = element('form', box);
    var input = element('input', form);
    input.type = 'email';
    input.required = true;
    input.autocomplete = 'email';
    input.placeholder = 'you@example.com';
    input.setAttribute('aria-label', 'E-mail address');
    var go = addSubmit(design, form);
    var note = addNote(form);
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      if (go.disabled) return;
      go.disabled = true;
      call('POST', '/email-subscribers', { shopId: shopId, email: input.value.trim(), popupId: popup.id })
        .then(function (answer) {
          if (answer.status === 409) return null;  // Known already: fine for the visitor, nothing to count.
          if (!answer.ok) throw new Error('not saved');
          return answer.json();
        }).then(function (subscriber) {
          if (subscriber) trackConversion(popup, 'email_capture', { emailSubscriberId: subscriber.id });
          input.remove();
          go.remove();
          note.textContent = 'Thank you!';
        }).catch(function () {
          go.disabled = false;
          note.textContent = 'That did not work. Please check the address and try again.';
        });
    });
  }

  function start() {
    quietly(call('GET', '/popups/active' + shopQuery()).then(function (answer) {
      return answer.ok ? answer.json() : [];
    }).then(function (popups) {
      return chooseArm(popups.filter(fitsHere)[0], popups);
    }).then(function (popup) {
      if (!popup || shownLately(popup)) return;
      var done = false;
      arm(popup, function () {
        if (done) return;
        done = true;
        show(popup);
      });
    }));
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})
