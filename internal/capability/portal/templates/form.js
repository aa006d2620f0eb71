(function () {
  "use strict";
  var form = document.querySelector("form");
  var embedded = window.parent !== window;
  if (embedded) {
    // Tells the embedding page how tall we are; it holds nothing else.
    var last = 0;
    var tell = function () {
      var h = Math.ceil(document.querySelector("main").getBoundingClientRect().height);
      if (h !== last) {
        last = h;
        window.parent.postMessage({ rapport: "height", height: h }, "*");
      }
    };
    if (window.ResizeObserver) new ResizeObserver(tell).observe(document.querySelector("main"));
    window.addEventListener("load", tell);
    tell();
    if (!form) window.parent.postMessage({ rapport: "sent" }, "*");
  }
  var problems = document.getElementById("problems");
  if (problems) problems.focus();
  if (!form) return;
  document.documentElement.classList.add("js");
  var each = function (list, f) { Array.prototype.forEach.call(list, f); };
  var make = function (tag, name, text) {
    var e = document.createElement(tag);
    if (name) e.className = name;
    if (text) e.textContent = text;
    return e;
  };
  var d = form.dataset;
  var comma = "comma" in d;

  // With script, complaints stand beside the field as the server would put them.
  form.noValidate = true;
  var show = function (input, text) {
    var field = input.closest(".field");
    if (!field) return;
    field.classList.toggle("bad", !!text);
    var p = field.querySelector(".error");
    if (p) p.textContent = text;
    each(field.querySelectorAll("input:not(.range),select,textarea"), function (i) {
      if (text) i.setAttribute("aria-invalid", "true");
      else i.removeAttribute("aria-invalid");
    });
  };
  var plain = function (text) {
    text = text.trim();
    if (comma ? /^-?[1-9]\d{0,2}([ .'’\u00a0\u202f]\d{3})+(,\d{1,6})?$|^-?(0|[1-9]\d{0,17}),\d{1,6}$/.test(text) : /^-?[1-9]\d{0,2}([ ,'’\u00a0\u202f]\d{3})+(\.\d{1,6})?$/.test(text)) {
      text = text.replace(comma ? /[ .'’\u00a0\u202f]/g : /[ ,'’\u00a0\u202f]/g, "").replace(",", ".");
    }
    return /^-?(0|[1-9]\d{0,17})(\.\d{1,6})?$/.test(text) ? text : "";
  };
  var words = function (input) {
    var v = input.validity;
    if (v.valueMissing) return (input.type === "checkbox" && input.closest(".consent") ? d.consent : input.type === "radio" || input.tagName === "SELECT" ? d.choose : d.required) || input.validationMessage;
    if (v.typeMismatch && input.type === "email") return d.email;
    if (v.valid && "number" in input.dataset && input.value.trim() && !plain(input.value)) return d.number;
    return v.valid ? "" : input.validationMessage;
  };
  var check = function (input) {
    var text = input.willValidate ? words(input) : "";
    show(input, text);
    return !text;
  };
  var checkAll = function (inputs) {
    var first = null;
    each(inputs, function (i) {
      if (i.willValidate && i.name && !check(i) && !first) first = i;
    });
    return first;
  };
  form.addEventListener("change", function (e) {
    if (e.target.closest(".bad")) check(e.target);
  });

  // Numbers as people read them.
  var text = function (value, digits) {
    var negative = value[0] === "-", parts = (negative ? value.slice(1) : value).split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, comma ? "." : ",");
    return (negative ? "−" : "") + parts[0] + (digits ? (comma ? "," : ".") + parts[1] : "");
  };

  // Sliders beside number fields; the field stays what is sent.
  each(form.querySelectorAll("input[data-by]"), function (input) {
    var range = make("input", "range");
    range.type = "range";
    range.min = input.dataset.least;
    range.max = input.dataset.most;
    range.step = input.dataset.by;
    var label = form.querySelector('label[for="' + input.id + '"]');
    range.setAttribute("aria-label", label ? label.textContent : input.name);
    var ends = make("div", "range-ends");
    ends.setAttribute("aria-hidden", "true");
    ends.appendChild(make("span", "", text(range.min, 0)));
    ends.appendChild(make("span", "", text(range.max, 0)));
    var follow = function () { if (plain(input.value)) range.value = plain(input.value); };
    range.addEventListener("input", function () {
      input.value = text(range.value, range.value.indexOf(".") > 0);
      show(input, "");
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    input.addEventListener("input", follow);
    var field = input.closest(".field");
    field.insertBefore(range, field.querySelector(".error"));
    field.insertBefore(ends, field.querySelector(".error"));
    follow();
  });

  // Calculators: the same formulas as on the server, exact to the last digit.
  var tools = d.tools && window.BigInt ? JSON.parse(d.tools) : {};
  var big = window.BigInt, zero = big && big(0), one = big && big(1);
  var rat = function (s) {
    var p = s.split(".");
    return [big(p[0] + (p[1] || "")), Math.pow ? big(10) ** big((p[1] || "").length) : one];
  };
  var norm = function (n, m) {
    if (m === zero) throw new Error("nothing can be divided by 0");
    return m < zero ? [-n, -m] : [n, m];
  };
  var compare = function (a, b) {
    var x = a[0] * b[1], y = b[0] * a[1];
    return x < y ? -1 : x > y ? 1 : 0;
  };
  var rounded = function (v, digits) {
    var scale = big(10) ** big(digits), n = (v[0] < zero ? -v[0] : v[0]) * scale;
    n = (n * big(2) + v[1]) / (v[1] * big(2));
    return [v[0] < zero ? -n : n, scale];
  };
  var sums = {
    "+": function (a, b) { return norm(a[0] * b[1] + b[0] * a[1], a[1] * b[1]); },
    "-": function (a, b) { return norm(a[0] * b[1] - b[0] * a[1], a[1] * b[1]); },
    "*": function (a, b) { return norm(a[0] * b[0], a[1] * b[1]); },
    "/": function (a, b) { return norm(a[0] * b[1], a[1] * b[0]); },
    neg: function (a) { return [-a[0], a[1]]; },
    min: function (a, b) { return compare(a, b) < 0 ? a : b; },
    max: function (a, b) { return compare(a, b) < 0 ? b : a; },
    round: function (a, b) { return rounded(a, Number(b[0] / b[1])); },
    payment: function (rate, periods, amount) {
      var n = periods[0] / periods[1];
      if (n * periods[1] !== periods[0] || n <= zero || n > big(1200)) throw new Error("periods");
      if (rate[0] === zero) return sums["/"](amount, periods);
      var up = (rate[0] + rate[1]) ** n, down = rate[1] ** n;
      return norm(amount[0] * rate[0] * up, amount[1] * rate[1] * (up - down));
    }
  };
  var holds = function (t, vars) {
    if (t[0] === "not") return !holds(t[1], vars);
    if (t[0] === "and") return holds(t[1], vars) && holds(t[2], vars);
    if (t[0] === "or") return holds(t[1], vars) || holds(t[2], vars);
    var c = compare(work(t[1], vars), work(t[2], vars));
    return { "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "==": c === 0, "!=": c !== 0 }[t[0]];
  };
  var work = function (t, vars) {
    if (t[0] === "num") return rat(t[1]);
    if (t[0] === "var") {
      if (!vars[t[1]]) throw new Error(t[1]);
      return vars[t[1]];
    }
    if (t[0] === "if") return work(holds(t[1], vars) ? t[2] : t[3], vars);
    return sums[t[0]].apply(null, t.slice(1).map(function (a) { return work(a, vars); }));
  };
  var decimal = function (v, digits) {
    var r = rounded(v, digits), n = r[0] < zero ? -r[0] : r[0];
    var s = String(n).padStart(digits + 1, "0");
    return (r[0] < zero ? "-" : "") + (digits ? s.slice(0, -digits) + "." + s.slice(-digits) : s);
  };
  var calculate = function () {
    var vars = {};
    each(form.querySelectorAll("input[data-number]"), function (i) {
      if (plain(i.value)) vars[i.name] = rat(plain(i.value));
    });
    Object.keys(tools).forEach(function (name) {
      var box = document.getElementById("tool-" + name), known = Object.assign({}, vars);
      tools[name].forEach(function (r) {
        var out = box.querySelector('[data-result="' + r.name + '"]'), said = "–";
        try {
          known[r.name] = rounded(work(r.tree, known), r.digits);
          said = (r.prefix || "") + text(decimal(known[r.name], r.digits), r.digits) + (r.suffix || "");
        } catch (e) {
          delete known[r.name];
        }
        if (out && out.textContent !== said) out.textContent = said;
      });
    });
  };
  if (Object.keys(tools).length) {
    form.addEventListener("input", calculate);
    calculate();
  } else if (d.tools) document.documentElement.classList.remove("js");

  // Checks ask the server, without leaving the page.
  var tellCheck = function (box, a) {
    box.textContent = "";
    box.className = "answer check " + (a.outcome || "");
    box.appendChild(make("h3", "", a.title));
    if (a.text) box.appendChild(make("p", "", a.text));
    if (a.ways && a.ways.length) {
      box.appendChild(make("p", "ways-title", a.waysTitle));
      var ul = make("ul");
      a.ways.forEach(function (w) { ul.appendChild(make("li", "", w)); });
      box.appendChild(ul);
    }
    box.hidden = false;
  };
  each(form.querySelectorAll(".check + .work"), function (b) {
    b.addEventListener("click", function (e) {
      if (!window.fetch || !window.FormData) return;
      e.preventDefault();
      if (b.getAttribute("aria-disabled")) return;
      var first = checkAll(b.closest(".tool").querySelectorAll("input,select,textarea"));
      if (first) return first.focus();
      var box = document.getElementById("tool-" + b.value), body = new URLSearchParams();
      new FormData(form).forEach(function (v, k) { body.append(k, v); });
      body.append("_tool", b.value);
      b.setAttribute("aria-disabled", "true");
      fetch(location.href.split("#")[0], { method: "POST", headers: { Accept: "application/json" }, body: body }).then(function (res) {
        return res.json().then(function (a) {
          if (res.ok) return tellCheck(box, a);
          var to = null;
          (a.error.fields || []).forEach(function (f) {
            var input = form.elements[f.name];
            if (input && input.length && !input.tagName) input = input[0];
            if (!input) return;
            show(input, f.message);
            to = to || input;
          });
          if (to) to.focus();
          else tellCheck(box, { outcome: "away", title: res.status === 429 ? a.error.message : d.failed });
        });
      }).catch(function () { tellCheck(box, { outcome: "away", title: d.failed }); }).then(function () { b.removeAttribute("aria-disabled"); });
    });
  });

  // Sections one after the other.
  var button = form.querySelector(".send"), actions = form.querySelector(".actions");
  var groups = form.querySelectorAll(".group"), at = 0, go = null;
  if ("steps" in d && groups.length > 1) {
    var progress = make("p", "progress"), count = make("span"), bar = make("i");
    bar.setAttribute("aria-hidden", "true");
    progress.appendChild(count);
    progress.appendChild(bar);
    form.insertBefore(progress, groups[0]);
    var next = make("button", "send", d.next), back = make("button", "back", d.back);
    next.type = back.type = "button";
    actions.insertBefore(back, button);
    actions.insertBefore(next, button);
    go = function (to, focus) {
      at = Math.max(0, Math.min(to, groups.length - 1));
      var end = at === groups.length - 1;
      each(groups, function (g, i) { g.hidden = i !== at; });
      each(form.querySelectorAll(".consent,.captcha"), function (c) { c.hidden = !end; });
      button.hidden = !end;
      next.hidden = end;
      back.hidden = at === 0;
      count.textContent = d.step.replace("%", at + 1 + " / " + groups.length);
      bar.style.setProperty("--done", (100 * (at + 1)) / groups.length + "%");
      if (focus) {
        var input = groups[at].querySelector("input:not(.range),select,textarea");
        if (input) input.focus();
        if (form.getBoundingClientRect().top < 0) form.scrollIntoView({ block: "start" });
      }
    };
    next.addEventListener("click", function () {
      var first = checkAll(groups[at].querySelectorAll("input,select,textarea"));
      if (first) first.focus();
      else go(at + 1, true);
    });
    back.addEventListener("click", function () { go(at - 1, true); });
    var shown = 0;
    each(groups, function (g, i) { if (!shown && g.querySelector(".bad")) shown = i; });
    if (problems && !form.querySelector(".group .bad")) shown = groups.length - 1;
    go(shown, false);
    // A link to a field in the summary opens its step.
    form.addEventListener("click", function (e) {
      var id = e.target.hash && e.target.closest(".problems") && e.target.hash.slice(1), to = id && document.getElementById(id);
      each(groups, function (g, i) { if (to && g.contains(to)) go(i, false); });
    });
  }
  var reveal = function (input) {
    if (go) each(groups, function (g, i) { if (g.contains(input)) go(i, false); });
    input.focus();
  };

  // The proof of work is looked for in the background while the form is filled in.
  var proof = null, waiting = null, timer = null;
  var solve = function (challenge) {
    var field = form.elements.altcha;
    if (!field || !window.Worker) return;
    proof = "looking";
    var done = function (value) {
      field.value = value;
      proof = "done";
      if (waiting) waiting();
    };
    try {
      var worker = new Worker("/pow.js");
      worker.onmessage = function (e) {
        worker.terminate();
        done(e.data === null ? "" : btoa(JSON.stringify({ algorithm: challenge.algorithm, challenge: challenge.challenge, number: e.data, salt: challenge.salt, signature: challenge.signature })));
      };
      worker.onerror = function () { done(""); };
      worker.postMessage(challenge);
    } catch (e) {
      done("");
    }
    clearTimeout(timer);
    timer = setTimeout(function () {
      fetch(d.renew).then(function (r) { return r.json(); }).then(solve).catch(function () {});
    }, 25 * 60000);
  };
  if (d.proof) {
    var begin = function () { if (!proof) solve(JSON.parse(d.proof)); };
    form.addEventListener("focusin", begin);
    form.addEventListener("pointerdown", begin);
  }

  var sending = false;
  form.addEventListener("submit", function (e) {
    if (sending || "preview" in d) return e.preventDefault();
    if (e.submitter && e.submitter.name === "_tool") return;
    if (go && at < groups.length - 1) {
      e.preventDefault();
      return next.click();
    }
    var first = checkAll(form.elements);
    if (first) {
      e.preventDefault();
      reveal(first);
      return;
    }
    var pad = function (n) { return (n < 10 ? "0" : "") + n; };
    var now = new Date();
    var o = -now.getTimezoneOffset();
    form.elements._localtime.value = now.getFullYear() + "-" + pad(now.getMonth() + 1) + "-" + pad(now.getDate()) + "T" + pad(now.getHours()) + ":" + pad(now.getMinutes()) + ":" + pad(now.getSeconds()) +
      (o < 0 ? "-" : "+") + pad(Math.floor(Math.abs(o) / 60)) + ":" + pad(Math.abs(o) % 60);
    sending = true;
    button.setAttribute("aria-disabled", "true");
    if (d.proof && proof !== "done") {
      e.preventDefault();
      var label = button.textContent;
      button.textContent = d.checking;
      var off = setTimeout(function () { if (waiting) waiting(); }, 20000);
      waiting = function () {
        waiting = null;
        clearTimeout(off);
        button.textContent = label;
        form.submit();
      };
      if (!proof) solve(JSON.parse(d.proof));
      if (!proof && waiting) waiting(); // no worker here
    }
  });
  window.addEventListener("pageshow", function () {
    sending = false;
    button.removeAttribute("aria-disabled");
  });
})();
