// Runs before the first paint, so that a dark screen never flashes white. It is
// a file of its own because the content security policy allows no inline script.
(function () {
  var root = document.documentElement;
  var scheme = null;
  try {
    scheme = localStorage.getItem("rapport.scheme");
    root.lang = localStorage.getItem("rapport.language") || (navigator.language || "en").slice(0, 2);
    root.dataset.density = localStorage.getItem("rapport.density") || "cosy";
  } catch (e) {
    // Storage may be forbidden; the defaults then hold.
  }
  if (scheme !== "light" && scheme !== "dark") {
    scheme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.setAttribute("data-mantine-color-scheme", scheme);
})();
