// Fails when the built interface is heavier than its budget (gzip, KiB).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// Another folder than the built one is for its own test.
const dist = process.argv[2] ?? fileURLToPath(new URL("../dist/", import.meta.url));
const budget = { firstJs: 300, css: 40, routeChunk: 120, lazyLibrary: 200 };

/** Chunks that are little but a library which several screens share and load when they need it: charts, rich text. */
const libraries = new Set(["draw", "NoteEditor"]);

const manifest = JSON.parse(readFileSync(`${dist}assets/manifest.json`, "utf8"));
const size = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length / 1024;

/** Everything the named chunk loads at once: itself, its imports, their styles. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = closure(entry);
const kib = (n) => `${n.toFixed(1)} KiB`;
let failed = false;

function report(name, value, limit) {
  const over = value > limit;
  failed ||= over;
  console.log(`${over ? "OVER" : "ok  "} ${name.padEnd(44)} ${kib(value).padStart(10)} of ${limit}`);
}

const scripts = [...first].map((key) => manifest[key].file).filter((f) => f.endsWith(".js"));
const styles = new Set([...first].flatMap((key) => manifest[key].css ?? []));
report("first JavaScript", scripts.reduce((sum, f) => sum + size(f), 0), budget.firstJs);
report("first CSS", [...styles].reduce((sum, f) => sum + size(f), 0), budget.css);

for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry) continue;
  const own = [...closure(key)].filter((k) => !first.has(k)).map((k) => manifest[k].file);
  const library = libraries.has(chunk.name);
  report(`${library ? "library" : "chunk"} ${chunk.name ?? key}`, own.filter((f) => f.endsWith(".js")).reduce((sum, f) => sum + size(f), 0), library ? budget.lazyLibrary : budget.routeChunk);
}
process.exit(failed ? 1 : 0);
