// The outside back-end beside us: examples/loanbackend, a program of its own,
// which is started, killed, slowed and made to lie.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { base } from "../helpers.mjs";

export const token = "a token for the day";
export const secret = "a signing secret for the day, long enough";

/** Starts it on an address of its own, which it keeps over restarts, and gives its handles. */
export function backend(file, port) {
  const url = `http://127.0.0.1:${port}`;
  let child;
  const self = {
    url,
    async start() {
      child = spawn(process.env.RAPPORT_LOANBACKEND, ["-addr", `127.0.0.1:${port}`, "-file", file, "-token", token, "-secret", secret, "-delay", "200ms",
        "-webhook", `${base}/api/exchange/loanbackend/events`], { stdio: ["ignore", "pipe", "pipe"] });
      child.log = "";
      for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => (child.log = (child.log + line + "\n").slice(-4000)));
      for (let tries = 0; tries < 240; tries++) {
        if (child.exitCode !== null) throw new Error(`the back-end has ended: ${child.log}`);
        if (await fetch(`${url}/admin/state`).then((r) => r.ok, () => false)) return;
        await new Promise((r) => setTimeout(r, 250));
      }
      throw new Error(`the back-end does not answer: ${child.log}`);
    },
    /** Ends it in the middle of whatever it does. */
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    async faults(body) {
      const r = await fetch(`${url}/admin/faults`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      if (!r.ok) throw new Error(`faults: ${r.status} ${await r.text()}`);
    },
    get: (path) => fetch(url + path).then((r) => r.json()),
  };
  return self;
}
