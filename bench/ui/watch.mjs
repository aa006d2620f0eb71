// What a page tells of itself: its largest paint, waits after keys and clicks,
// and tasks that held it up.

/** Runs in the page before anything of its own. */
export function watch() {
  const kept = { lcp: 0, events: [], tasks: [] };
  globalThis.__bench = kept;
  const see = (type, take, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  see("largest-contentful-paint", (e) => { kept.lcp = e.startTime; });
  see("event", (e) => { if (e.interactionId) kept.events.push({ id: e.interactionId, at: e.startTime, ms: e.duration }); }, { durationThreshold: 16 });
  see("longtask", (e) => kept.tasks.push({ at: e.startTime, ms: e.duration }));
}

/** Waits until nothing is busy and two pictures were drawn. */
export async function quiet(page, ready) {
  await page.waitForFunction(ready);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60)))));
}

/** How long the person waited after each key or click while `act` went on; at least 16 ms. */
export async function waits(page, act) {
  // What began before is none of this one's, though its entry may come late.
  const from = await page.evaluate(() => { globalThis.__bench.events.length = 0; return performance.now(); });
  await act();
  // Entries come with the picture after the last event.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 120)))));
  const events = await page.evaluate(() => globalThis.__bench.events);
  const worst = new Map();
  for (const e of events) if (e.at >= from) worst.set(e.id, Math.max(e.ms, worst.get(e.id) ?? 0));
  return worst.size ? [...worst.values()] : [16];
}

/** Tasks of more than 50 ms while `act` went on; one of 0 when there were none. */
export async function tasks(page, act) {
  await page.evaluate(() => { globalThis.__bench.tasks.length = 0; });
  await act();
  const found = await page.evaluate(() => new Promise((done) => setTimeout(() => done(globalThis.__bench.tasks.map((t) => t.ms)), 300)));
  return found.length ? found : [0];
}

/** Live objects in MiB and elements, after the rubbish is gone. */
export async function memory(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.enable");
  await client.send("HeapProfiler.collectGarbage");
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = await client.send("Runtime.getHeapUsage");
  const { nodes } = await client.send("Memory.getDOMCounters");
  await client.detach();
  return { heap: usedSize / 1024 / 1024, nodes };
}

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Writes one figure for the report. */
export function tell(Side, Part, What, Unit, list, Norm = "") {
  process.stdout.write(JSON.stringify({ Side, Part, What, Unit, Norm, Median: middle(list), Worst: Math.max(...list), Count: list.length }) + "\n");
  process.stderr.write(`${Side}: ${What}: ${list.map((x) => Math.round(x)).join(" ")}\n`);
}

/** The page's script and style as they come over the wire, in KiB. */
export async function firstLoad(page, go) {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  const kinds = new Map();
  const sum = { Script: 0, Stylesheet: 0 };
  client.on("Network.responseReceived", (e) => kinds.set(e.requestId, e.type));
  client.on("Network.loadingFinished", (e) => {
    const kind = kinds.get(e.requestId);
    if (kind in sum) sum[kind] += e.encodedDataLength / 1024;
  });
  await go();
  await client.detach();
  return sum;
}
