/* Rapport: page views, for the site's owner only. Nothing is sent when the
   browser asks not to be tracked (DNT, GPC). A visitor id is kept only after
   rapport.consent(true), or with data-consent="granted" on the script.
   rapport.track("calculator", {amount: 1}) reports an interaction. */
(function (doc, win, nav) {
  "use strict";
  var script = doc.currentScript;
  if (!script || win.rapport) return;
  var off = nav.globalPrivacyControl || nav.doNotTrack === "1" || win.doNotTrack === "1";
  var url = new URL("t", new URL(script.src, doc.baseURI)).href;
  var KEY = "rpt_vid";
  var visitor = "";
  var view, page, referrer = doc.referrer, parts, shown, since;

  function uid() {
    var a = win.crypto.getRandomValues(new Uint8Array(16)), s = "";
    for (var i = 0; i < 16; i++) s += (a[i] < 16 ? "0" : "") + a[i].toString(16);
    return s;
  }
  function stored() {
    try { return win.localStorage.getItem(KEY) || ""; } catch (e) { return ""; }
  }
  function consent(yes) {
    if (off) return;
    try {
      if (yes) {
        visitor = stored() || uid();
        win.localStorage.setItem(KEY, visitor);
        doc.cookie = KEY + "=" + visitor + ";path=/;max-age=31536000;samesite=lax" + (win.location.protocol === "https:" ? ";secure" : "");
      } else {
        visitor = "";
        win.localStorage.removeItem(KEY);
        doc.cookie = KEY + "=;path=/;max-age=0;samesite=lax";
      }
    } catch (e) { visitor = ""; }
  }
  function localtime() {
    var d = new Date(), o = -d.getTimezoneOffset(), p = function (n) { return ("0" + n).slice(-2); };
    return new Date(d.getTime() + o * 6e4).toISOString().slice(0, 19) + (o < 0 ? "-" : "+") + p(Math.floor(Math.abs(o) / 60)) + ":" + p(Math.abs(o) % 60);
  }
  function send(type, more) {
    if (off) return;
    var e = { type: type, id: uid(), view: view, page: page, referrer: referrer, visitorid: visitor, localtime: localtime() };
    for (var k in more) e[k] = more[k];
    var body = JSON.stringify([e]);
    // Plain text needs no leave from the other origin, and sendBeacon outlives the page.
    if (nav.sendBeacon && nav.sendBeacon(url, body)) return;
    if (win.fetch) win.fetch(url, { method: "POST", body: body, mode: "no-cors", keepalive: true, credentials: "omit" }).catch(function () {});
  }
  function hide() {
    if (!since) return;
    shown += Date.now() - since;
    since = 0;
    send("page.left", { id: view + "-" + ++parts, seconds: Math.round(shown / 100) / 10 });
  }
  function show() {
    if (!since && doc.visibilityState !== "hidden") since = Date.now();
  }
  function viewed() {
    var now = win.location.href.split("#")[0];
    if (now === page) return;
    if (page) { hide(); referrer = page; }
    page = now; view = uid(); parts = 0; shown = 0; since = 0;
    show();
    send("page.viewed", { id: view + "-0", title: doc.title });
  }
  if (script.getAttribute("data-consent") === "granted") consent(true);
  else if (!off) visitor = stored();
  win.rapport = {
    consent: consent,
    track: function (name, data) { send("interaction." + name, { data: data || {} }); }
  };
  // Sites that change pages without loading one.
  ["pushState", "replaceState"].forEach(function (m) {
    var f = win.history[m];
    win.history[m] = function () { var r = f.apply(this, arguments); win.setTimeout(viewed, 0); return r; };
  });
  win.addEventListener("popstate", viewed);
  win.addEventListener("pagehide", hide);
  doc.addEventListener("visibilitychange", function () { if (doc.visibilityState === "hidden") hide(); else show(); });
  viewed();
})(document, window, navigator);
