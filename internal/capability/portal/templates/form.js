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

  // With script, complaints stand beside the field as the server would put them.
  form.noValidate = true;
  var show = function (input, text) {
    var field = input.closest(".field");
    if (!field) return;
    field.classList.toggle("bad", !!text);
    var p = field.querySelector(".error");
    if (p) p.textContent = text;
    Array.prototype.forEach.call(field.querySelectorAll("input,select,textarea"), function (i) {
      if (text) i.setAttribute("aria-invalid", "true");
      else i.removeAttribute("aria-invalid");
    });
  };
  var words = function (input) {
    var v = input.validity, d = form.dataset;
    if (v.valueMissing) return (input.type === "checkbox" && input.closest(".consent") ? d.consent : input.type === "radio" || input.tagName === "SELECT" ? d.choose : d.required) || input.validationMessage;
    if (v.typeMismatch && input.type === "email") return d.email;
    return input.validationMessage;
  };
  var check = function (input) {
    show(input, input.willValidate && !input.validity.valid ? words(input) : "");
  };
  form.addEventListener("change", function (e) {
    if (e.target.closest(".bad")) check(e.target);
  });
  var sending = false;
  var button = form.querySelector(".send");
  form.addEventListener("submit", function (e) {
    if (sending) return e.preventDefault();
    var first = null;
    Array.prototype.forEach.call(form.elements, function (i) {
      if (!i.willValidate) return;
      check(i);
      if (!i.validity.valid && !first) first = i;
    });
    if (first) {
      e.preventDefault();
      first.focus();
      return;
    }
    var pad = function (n) { return (n < 10 ? "0" : "") + n; };
    var d = new Date();
    var o = -d.getTimezoneOffset();
    form.elements._localtime.value = d.getFullYear() + "-" + pad(d.getMonth() + 1) + "-" + pad(d.getDate()) + "T" + pad(d.getHours()) + ":" + pad(d.getMinutes()) + ":" + pad(d.getSeconds()) +
      (o < 0 ? "-" : "+") + pad(Math.floor(Math.abs(o) / 60)) + ":" + pad(Math.abs(o) % 60);
    sending = true;
    button.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", function () {
    sending = false;
    button.removeAttribute("aria-disabled");
  });
})();
