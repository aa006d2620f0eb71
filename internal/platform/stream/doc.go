// Package stream is the log of what has arrived from outside and is not yet
// worked off. It runs NATS JetStream inside the process, or uses a NATS server
// elsewhere; nothing above it can tell which.
//
//	stream.go   Options, New, Start, Stop, Ready, Durability, Stats
//	server.go   the embedded server and the connection to it or to another
//	topic.go    one log of JetStream a topic: EnsureTopic, Get, Trim, State
//	commit.go   Publish, and how the calls that wait become one write
//	pack.go     several events as one message, and their sequence numbers
//	reader.go   Reader: entries in order from a position
//	errors.go   what a caller may see
//
// # Durable before acknowledged
//
// Publish returns once its events are on disk. The embedded server runs with
// SyncAlways: it calls fsync before it acknowledges. A flush costs the same for
// one event as for a thousand, so the calls that wait for a topic at
// one moment are written together as one JetStream message, a pack. Nobody
// waits for others to come.
//
// A pack was chosen over JetStream's atomic batch of single messages because
// one message is all or nothing by itself: to every reader at every moment,
// and after a crash. A consumer may see the first part of an atomic batch
// before the rest, a crash in the middle is repaired only at the next start,
// and a batch is limited to 1,000 messages where a request may bring 5,000. A
// pack also costs one flush instead of a staging area's several. The price: what
// is trimmed is trimmed by whole packs.
//
// # Sequence numbers
//
// Entry.Seq is the pack's JetStream sequence times 8,192 plus the event's place
// in the pack. It is unique in its topic, grows in the order of storage, never
// comes again, and fits an int64, so it is a durable cursor. It is not dense.
//
// There is no Nats-Msg-Id and no duplicate window: the consumers' inbox removes
// doubles. A topic that is full refuses new events (DiscardNew) and drops none.
package stream
