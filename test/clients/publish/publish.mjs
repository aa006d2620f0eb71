// Publishes events with unmodified client libraries, as their documentation
// shows, to the topic at RAPPORT_TOPIC_URL with the key RAPPORT_TOPIC_KEY, and
// prints one JSON line for each event: what the test must find in the topic.
import { AzureKeyCredential, EventGridPublisherClient } from "@azure/eventgrid";
import { CloudEvent, emitterFor, httpTransport, HTTP, Mode } from "cloudevents";

const url = process.env.RAPPORT_TOPIC_URL;
const key = process.env.RAPPORT_TOPIC_KEY;
const found = (id, source, type, data, more = {}) => console.log(JSON.stringify({ id, source, type, data, ...more }));
const lead = { firstname: "Ada", lastname: "Łovelace", emailaddress1: "ada@example.com", numberofemployees: 240, context: { page: "https://example.com/€" } };
const time = new Date("2026-11-22T09:30:00.123Z");
const insecure = { allowInsecureConnection: true };

// Event Grid, its own schema: with and without a topic.
const grid = new EventGridPublisherClient(url, "EventGrid", new AzureKeyCredential(key), insecure);
await grid.send([
  { id: "grid-1", subject: "leads/1", eventType: "lead.created", eventTime: time, dataVersion: "1.0", data: lead },
  { id: "grid-2", topic: "/subscriptions/s/topics/t", subject: "leads/2", eventType: "lead.created", eventTime: time, dataVersion: "2.0", data: lead },
]);
found("grid-1", "/topics/leads", "lead.created", lead, { subject: "leads/1", time: time.toISOString() });
found("grid-2", "/subscriptions/s/topics/t", "lead.created", lead, { subject: "leads/2" });

// Event Grid, CloudEvents schema: one, many, binary, extensions.
const cloud = new EventGridPublisherClient(url, "CloudEvent", new AzureKeyCredential(key), insecure);
await cloud.send([{ id: "cloud-1", source: "/azure/sdk", type: "lead.created", subject: "s", time, data: lead, extensionAttributes: { campaign: "autumn" } }]);
found("cloud-1", "/azure/sdk", "lead.created", lead, { subject: "s", time: time.toISOString(), extensions: { campaign: "autumn" } });
await cloud.send([{ id: "cloud-2", source: "/azure/sdk", type: "file.sent", datacontenttype: "application/octet-stream", data: new Uint8Array([0, 1, 255]) }]);
found("cloud-2", "/azure/sdk", "file.sent", undefined, { base64: "AAH/" });
const many = Array.from({ length: 1000 }, (_, i) => ({ id: `many-${i}`, source: "/azure/sdk", type: "lead.created", data: { n: i } }));
await cloud.send(many);
for (const e of many) found(e.id, e.source, e.type, e.data);

// A wrong key must fail, and with 401.
try {
  await new EventGridPublisherClient(url, "CloudEvent", new AzureKeyCredential("wrong"), insecure).send(many.slice(0, 1));
  throw new Error("a wrong key was accepted");
} catch (e) {
  if (e.statusCode !== 401) throw e;
}

// The SDK of CloudEvents, in both its modes, through its own transport. It
// takes headers from the options of each call.
const post = httpTransport(url);
const send = (mode) => emitterFor((message, options) => post(message, options), { binding: HTTP, mode });
const withKey = { headers: { "aeg-sas-key": key } };
const answered = (answer) => {
  if (answer.body !== "") throw new Error(`the answer is ${JSON.stringify(answer)}`);
};
const binary = new CloudEvent({ id: "sdk-1", source: "/cloudevents/sdk", type: "lead.created", subject: "s 100%", time: time.toISOString(), data: lead, campaign: "autumn" });
answered(await send(Mode.BINARY)(binary, withKey));
found("sdk-1", "/cloudevents/sdk", "lead.created", lead, { subject: "s 100%", time: time.toISOString(), extensions: { campaign: "autumn" } });
const structured = new CloudEvent({ id: "sdk-2", source: "/cloudevents/sdk", type: "lead.created", subject: "Zürich €", data: lead });
answered(await send(Mode.STRUCTURED)(structured, withKey));
found("sdk-2", "/cloudevents/sdk", "lead.created", lead, { subject: "Zürich €" });
const bytes = new CloudEvent({ id: "sdk-3", source: "/cloudevents/sdk", type: "file.sent", datacontenttype: "application/octet-stream", data: new Uint8Array([0, 1, 255]) });
answered(await send(Mode.BINARY)(bytes, withKey));
found("sdk-3", "/cloudevents/sdk", "file.sent", undefined, { base64: "AAH/" });

// The batch of CloudEvents, which the SDK leaves to fetch, with a bearer key.
const batch = [1, 2].map((n) => new CloudEvent({ id: `batch-${n}`, source: "/cloudevents/sdk", type: "lead.created", data: { n } }));
const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/cloudevents-batch+json", authorization: `Bearer ${key}` }, body: JSON.stringify(batch) });
if (answer.status !== 200 || (await answer.text()) !== "") throw new Error(`the batch was answered with ${answer.status}`);
for (const e of batch) found(e.id, e.source, e.type, e.data);
