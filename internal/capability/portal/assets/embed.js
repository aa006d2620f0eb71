/* Rapport: shows a form where this script stands.
   <script src="https://host/embed.js" data-form="loan" async></script> */
(function (doc, win) {
  "use strict";
  var script = doc.currentScript;
  var name = script && script.getAttribute("data-form");
  if (!name || !/^[a-z][a-z0-9-]{0,49}$/.test(name)) return;
  var host = new URL(script.src, doc.baseURI);
  var query = new URLSearchParams();
  var put = function (key, value) {
    if (value) query.set(key, String(value).slice(0, 2000));
  };
  put("embed", "1");
  put("page", win.location.href.split("#")[0]);
  put("referrer", doc.referrer);
  new URLSearchParams(win.location.search).forEach(function (value, key) {
    if (/^utm_(source|medium|campaign|term|content|id)$/.test(key)) put(key, value);
  });
  try {
    // Only there if the tracking script put it there, with the visitor's consent.
    put("visitorid", win.localStorage.getItem("rpt_vid"));
  } catch (e) {}
  var frame = doc.createElement("iframe");
  frame.src = new URL("f/" + name, host).href + "?" + query;
  frame.title = script.getAttribute("data-title") || "Form";
  frame.referrerPolicy = "strict-origin-when-cross-origin";
  frame.setAttribute("allowtransparency", "true");
  frame.style.cssText = "display:block;width:100%;border:0;height:760px;background:transparent;color-scheme:normal";
  win.addEventListener("message", function (e) {
    if (e.origin !== host.origin || e.source !== frame.contentWindow || !e.data) return;
    if (e.data.rapport === "height" && e.data.height > 0 && e.data.height < 20000) frame.style.height = e.data.height + "px";
    if (e.data.rapport === "sent") {
      if (frame.getBoundingClientRect().top < 0) frame.scrollIntoView({ block: "start" });
      frame.dispatchEvent(new CustomEvent("rapport:sent", { bubbles: true, detail: { form: name } }));
    }
  });
  script.parentNode.insertBefore(frame, script.nextSibling);
})(document, window);
