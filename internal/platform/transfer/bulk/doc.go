// Package bulk makes one change to many rows: to those that are named, or to all
// that a condition selects. It edits, assigns, deletes, or runs an action, as a
// job that can be paused, cancelled and undone.
//
// The map: request.go (what is asked for, and its check), bulk.go (preview,
// start, state), run.go (the job), actions.go (pause, resume, cancel, undo).
//
// Rows are dealt with in the order of their ids, each by itself and with the
// rights of the person who asked; one that can't be changed is told of. The
// condition is read anew for every part, so a row that fits no more is left.
package bulk
