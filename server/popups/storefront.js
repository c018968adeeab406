// Tenantry storefront script. Shows at most one popup of a shop on the page that embeds it.
// The server calls this function with the shop id and, when configured, the address of the API; otherwise the API is
// where this script came from. Merchant text is only ever inserted as text, never as HTML.
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
    (window.crypto || window.msCrypto).getRandomValues(bytes);
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
      credentials: 'omit',
      keepalive: method === 'POST'
    });
  }
  function quietly(promise) { return promise.catch(function () { /* Tracking never disturbs the shop. */ }); }
  function shopQuery() { return '?shopId=' + encodeURIComponent(shopId); }

  function trackView(popup) {
    quietly(call('POST', '/analytics/views', {
      popupId: popup.id, sessionId: sessionId, visitorId: visitorId, deviceType: device(),
      browser: navigator.userAgent.slice(0, 300), pageUrl: location.href.slice(0, 2000),
      referrer: document.referrer.slice(0, 2000)
    }));
  }
  function trackConversion(popup, type, more) {
    var body = { popupId: popup.id, type: type, sessionId: sessionId, visitorId: visitorId };
    for (var key in more) { if (more[key]) body[key] = more[key]; }
    quietly(call('POST', '/analytics/conversions', body));
  }

  // --- Targeting ---
  function device() {
    var agent = navigator.userAgent;
    if (/iPad|Tablet|PlayBook|Silk/i.test(agent) || (/Android/i.test(agent) && !/Mobile/i.test(agent))) return 'tablet';
    return /Mobi|iPhone|iPod|Android|IEMobile/i.test(agent) ? 'mobile' : 'desktop';
  }
  function trimSlash(path) { return path.length > 1 ? path.replace(/\/+$/, '') : path; }
  // A pattern is a path or a whole address; * stands for any text.
  function pageMatches(pattern) {
    var parts = String(pattern).split('*').map(function (part) {
      return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
    var whole = new RegExp('^' + parts.join('[^]*') + '$');
    return [location.pathname, trimSlash(location.pathname), location.pathname + location.search, location.href]
      .some(function (page) { return whole.test(page); });
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
  function arm(popup, fire) {
    var targeting = popup.targeting || {};
    switch (popup.triggerType) {
      case 'exit_intent':
        return device() === 'desktop' ? whenLeaving(fire) : whenScrolled(40, fire);
      case 'mobile_scroll':
        return whenScrolled(40, fire);
      case 'scroll_percentage':
        return whenScrolled(typeof targeting.scrollPercentage === 'number' ? targeting.scrollPercentage : 50, fire);
      default:
        return setTimeout(fire, typeof targeting.timeDelay === 'number' ? targeting.timeDelay : 5000);
    }
  }

  // --- Showing ---
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
  function element(tag, style, text) {
    var made = document.createElement(tag);
    for (var key in style) made.style[key] = style[key];
    if (text) made.textContent = text;
    return made;
  }
  function button(design, text) {
    var made = element('button', {
      backgroundColor: colour(design.buttonColor, '#000000'), color: '#ffffff', border: '0', cursor: 'pointer',
      borderRadius: '4px', padding: '12px 24px', font: 'inherit', fontWeight: '600', margin: '8px 0 0'
    }, text || 'OK');
    made.type = 'submit';
    return made;
  }

  function show(popup) {
    var design = popup.design || {};
    var host = element('div', { position: 'fixed', inset: '0', zIndex: '2147483000' });
    var root = host.attachShadow ? host.attachShadow({ mode: 'open' }) : host;
    var side = { left: 'flex-start', right: 'flex-end' }[design.layout] || 'center';
    var backdrop = element('div', {
      position: 'fixed', top: '0', right: '0', bottom: '0', left: '0', display: 'flex', alignItems: 'center',
      justifyContent: side, padding: '16px', boxSizing: 'border-box', backgroundColor: 'rgba(0,0,0,0.5)'
    });
    var box = element('div', {
      position: 'relative', boxSizing: 'border-box', maxWidth: '100%', maxHeight: '100%', overflow: 'auto',
      width: pixels(design.width, 400), padding: pixels(design.padding, 24), borderRadius: pixels(design.borderRadius, 8),
      backgroundColor: colour(design.backgroundColor, '#ffffff'), color: colour(design.textColor, '#000000'),
      fontFamily: 'system-ui, sans-serif', textAlign: 'center', lineHeight: '1.4'
    });
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-modal', 'true');
    box.setAttribute('aria-label', design.heading || popup.name || 'Popup');
    var before = document.activeElement;

    function close() {
      document.removeEventListener('keydown', onKey);
      if (host.parentNode) host.parentNode.removeChild(host);
      if (before && before.focus) before.focus();
    }
    function onKey(event) { if (event.key === 'Escape') close(); }

    var cross = element('button', {
      position: 'absolute', top: '8px', right: '8px', border: '0', background: 'transparent', color: 'inherit',
      fontSize: '20px', lineHeight: '1', padding: '8px', cursor: 'pointer'
    }, '\u00d7');
    cross.type = 'button';
    cross.setAttribute('aria-label', 'Close');
    cross.addEventListener('click', close);
    box.appendChild(cross);
    var image = design.imageUrl ? imageAddress(design.imageUrl) : '';
    if (image) {
      var picture = element('img', { maxWidth: '100%', display: 'block', margin: '0 auto 16px' });
      picture.src = image;
      picture.alt = '';
      box.appendChild(picture);
    }
    if (design.heading) box.appendChild(element('h2', { margin: '0 0 8px', fontSize: '24px' }, design.heading));
    if (design.subheading) box.appendChild(element('p', { margin: '0 0 16px' }, design.subheading));
    box.appendChild(offerPart(popup, design, close));
    backdrop.appendChild(box);
    backdrop.addEventListener('click', function (event) { if (event.target === backdrop) close(); });
    root.appendChild(backdrop);
    document.addEventListener('keydown', onKey);
    document.body.appendChild(host);
    cross.focus();

    write('localStorage', shownKey(popup), String(Date.now()));
    trackView(popup);
  }

  function offerPart(popup, design, close) {
    var offer = popup.offer || {};
    if (offer.type === 'email_capture' || offer.type === 'newsletter') return emailForm(popup, design);
    var part = element('form', { margin: '0' });
    var go = button(design, design.buttonText);
    part.appendChild(go);
    part.addEventListener('submit', function (event) {
      event.preventDefault();
      trackConversion(popup, 'click', { discountCodeId: offer.discountCodeId });
      if (offer.type !== 'discount' || !offer.discountCodeId) return close();
      go.disabled = true;
      showCode(part, go, offer.discountCodeId);
    });
    return part;
  }

  // The real code, or the word that there is none any more; never an invented one.
  function showCode(part, go, codeId) {
    function say(text) { part.replaceChild(element('p', { margin: '8px 0 0', fontWeight: '700', userSelect: 'all' }, text), go); }
    call('GET', '/discount-codes/' + encodeURIComponent(codeId) + shopQuery()).then(function (answer) {
      if (!answer.ok) throw new Error('no code');
      return answer.json();
    }).then(function (code) {
      var ended = !code.isActive || (code.expiresAt && Date.parse(code.expiresAt) <= Date.now()) ||
        (code.usageLimit !== null && code.usageCount >= code.usageLimit);
      say(ended ? 'This offer has ended.' : code.code);
    }).catch(function () { say('The code could not be loaded. Please try again later.'); });
  }

  function emailForm(popup, design) {
    var form = element('form', { margin: '0' });
    var input = element('input', {
      boxSizing: 'border-box', width: '100%', padding: '12px', font: 'inherit', border: '1px solid #999999', borderRadius: '4px'
    });
    input.type = 'email';
    input.required = true;
    input.placeholder = 'you@example.com';
    input.setAttribute('aria-label', 'E-mail address');
    var go = button(design, design.buttonText);
    var note = element('p', { margin: '8px 0 0' });
    note.setAttribute('role', 'status');
    form.appendChild(input);
    form.appendChild(go);
    form.appendChild(note);
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      go.disabled = true;
      call('POST', '/email-subscribers', { shopId: shopId, email: input.value.trim(), popupId: popup.id })
        .then(function (answer) {
          if (answer.status === 409) return null;  // Known already: fine for the visitor, nothing to count.
          if (!answer.ok) throw new Error('not saved');
          return answer.json();
        }).then(function (subscriber) {
          if (subscriber) trackConversion(popup, 'email_capture', { emailSubscriberId: subscriber.id });
          form.removeChild(input);
          form.removeChild(go);
          note.textContent = 'Thank you!';
        }).catch(function () {
          go.disabled = false;
          note.textContent = 'That did not work. Please check the address and try again.';
        });
    });
    return form;
  }

  function start() {
    quietly(call('GET', '/popups/active' + shopQuery()).then(function (answer) {
      return answer.ok ? answer.json() : [];
    }).then(function (popups) {
      var popup = popups.filter(fitsHere)[0];
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
