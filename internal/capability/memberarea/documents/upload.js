(() => {
  "use strict";
  // Sends the files of a form one after the other by the tus protocol; where each
  // has got to is remembered, so that it goes on after a break or a new page.
  const piece = 4 * 1024 * 1024;
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* it can't go on later */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* nothing is kept */ } },
    keys() { try { return Object.keys(localStorage); } catch { return []; } },
  };
  const text64 = (s) => btoa(Array.from(new TextEncoder().encode(s), (b) => String.fromCharCode(b)).join(""));

  function ask(method, url, token, headers, body, progress) {
    return new Promise((resolve, reject) => {
      const x = new XMLHttpRequest();
      x.open(method, url);
      for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-CSRF-Token": token, ...headers })) x.setRequestHeader(name, value);
      if (progress) x.upload.onprogress = (e) => progress(e.loaded);
      x.onload = () => resolve(x);
      x.onerror = () => reject(new TypeError("connection"));
      x.send(body);
    });
  }
  const refused = (x) => new Error(/^text\/plain/.test(x.getResponseHeader("Content-Type") || "") ? x.responseText.replace(/^\S+: /, "").trim() : "");

  async function send(form, file, tell) {
    const { upload, request, token } = form.dataset;
    const key = "tus " + request + " " + file.name + " " + file.size + " " + file.lastModified;
    let url = store.get(key), at = 0;
    if (url) {
      const x = await ask("HEAD", url, token, {});
      if (x.status === 200) at = Number(x.getResponseHeader("Upload-Offset"));
      else url = null;
    }
    if (!url) {
      const x = await ask("POST", upload, token, { "Upload-Length": String(file.size), "Upload-Metadata": "request " + text64(request) + ",filename " + text64(file.name) });
      if (x.status !== 201) throw refused(x);
      url = x.getResponseHeader("Location");
      store.set(key, url);
    }
    while (at < file.size) {
      const from = at;
      const x = await ask("PATCH", url, token, { "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" }, file.slice(at, at + piece), (n) => tell((from + n) / file.size));
      if (x.status !== 204) { store.drop(key); throw refused(x); }
      at = Number(x.getResponseHeader("Upload-Offset"));
    }
    store.drop(key);
  }

  for (const form of document.querySelectorAll("form[data-upload]")) {
    const input = form.querySelector("input[type=file]"), bar = form.querySelector("progress"), line = form.querySelector("[data-say]"), button = form.querySelector("button");
    const say = (text, bad) => { line.textContent = text; line.className = bad ? "error" : "hint"; };
    const left = store.keys().find((k) => k.startsWith("tus " + form.dataset.request + " "));
    if (left) say(form.dataset.resume.replace("{name}", left.split(" ").slice(2, -2).join(" ")));
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      button.disabled = true;
      bar.hidden = false;
      try {
        for (const file of input.files) {
          await send(form, file, (part) => {
            bar.value = Math.round(part * 100);
            say(form.dataset.sending.replace("{name}", file.name).replace("{part}", String(Math.round(part * 100))));
          });
        }
        say(form.dataset.done);
        location.replace(location.pathname + "?note=documents_sent#request-" + form.dataset.request);
      } catch (error) {
        say(error instanceof TypeError ? form.dataset.broken : error.message || form.dataset.broken, true);
        bar.hidden = true;
        button.disabled = false;
      }
    });
  }
})();
