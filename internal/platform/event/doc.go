// Package event is the one way to consume: a subscription reads the stream or
// the change log from its own position, gives every event to its handler, and
// the handler's effect happens once however often the event is delivered.
//
// How. The handler's write puts the inbox key (consumer, source, event id) into
// the same transaction as the effect; a key that is there already means that
// the effect has happened. The position is a hint that saves reading again: it
// is moved behind everything that is done, and what was done beyond it is
// recognised by the inbox. An event that fails is tried again with growing
// pauses; after the last attempt it becomes a dead letter, with the reason, and
// can be replayed. While the database is away nothing counts as an attempt.
//
// The map: subscription.go (what a consumer asks for), runner.go (the reading,
// order by key, retries), batch.go (a consumer of many
// events at a time), inbox.go (once), position.go (cursors), deadletter.go
// (giving up and replaying).
package event
