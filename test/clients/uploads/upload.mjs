// Sends the file RAPPORT_FILE with tus-js-client, unmodified, as its documentation
// shows. With RAPPORT_STOP it lets go in the midst, once the server has taken that
// many bytes; with RAPPORT_RESUME it goes on with the upload at that address.
// Prints one JSON line: what became of it.
import { createReadStream, statSync } from "node:fs";
import * as tus from "tus-js-client";

const { RAPPORT_ENDPOINT: endpoint, RAPPORT_FILE: path, RAPPORT_NAME: filename, RAPPORT_REQUEST: request, RAPPORT_COOKIE: cookie, RAPPORT_CSRF: csrf, RAPPORT_STOP: stop, RAPPORT_RESUME: resume, RAPPORT_END: end } = process.env;

const told = await new Promise((resolve) => {
  const offsets = [];
  const upload = new tus.Upload(createReadStream(path), {
    endpoint,
    uploadUrl: resume || undefined,
    uploadSize: statSync(path).size,
    chunkSize: 1 << 20,
    retryDelays: null,
    headers: { Cookie: cookie, "X-CSRF-Token": csrf },
    metadata: { filename, request },
    onChunkComplete: (_size, accepted) => {
      offsets.push(accepted);
      if (stop && accepted >= Number(stop)) {
        // No further piece is begun: the promise of abort is not waited for, as when a process dies.
        void upload.abort(false);
        resolve({ stopped: upload.url, offsets });
      }
    },
    onAfterResponse: (req, res) => {
      if (end && req.getMethod() === "POST") {
        const url = new URL(res.getHeader("Location"), endpoint).href;
        void upload.abort(false).then(() => tus.Upload.terminate(url, { headers: { Cookie: cookie, "X-CSRF-Token": csrf } })).then(() => resolve({ ended: url }), (error) => resolve({ error: String(error) }));
      }
      if (req.getMethod() !== "POST" && res.getHeader("Upload-Expires") === undefined && res.getStatus() < 300) resolve({ error: "nobody says when the upload expires" });
    },
    onError: (error) => resolve({ error: String(error), status: error.originalResponse?.getStatus(), body: error.originalResponse?.getBody() }),
    onSuccess: () => resolve({ done: upload.url, offsets }),
  });
  upload.start();
});
console.log(JSON.stringify(told));
process.exit(0);
