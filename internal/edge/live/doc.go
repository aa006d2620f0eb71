// Package live tells open screens that a row has changed, and nothing more: a
// hint names table, row, version and operation, and only rows that the
// subscriber may read are named. The screen then reads again under its own
// rights.
//
// The hub listens to the node's tailer of the change log and puts each change
// into the buffers of those who watch its table; that costs the tailer no I/O.
// The subscriber takes its buffer at its own pace: changes of one row are drawn
// together, and one guarded read per table tells which of the rows it may know
// of. A buffer that runs over is thrown away, and its owner is told to read
// everything again (resync).
//
// The map: hub.go (subscribing, spreading changes), pending.go (the buffer of
// one subscriber), rights.go (which hints it may have), presence.go (who else has
// the same record on the screen).
package live
