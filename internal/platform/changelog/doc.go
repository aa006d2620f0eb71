// Package changelog keeps one row for every written record, in the writing
// transaction: who, when, from where, and the changed columns before and after.
// It is the audit, the outbox and the delta feed in one; nothing is copied into
// the event stream.
//
// Order. A number taken before the commit has gaps that fill later, so a reader
// could pass one by. On SQLite there is one writer and the row's position is
// the order. On PostgreSQL rows are numbered after their commit, below the
// oldest running transaction (order.go). That number, Seq, is the only cursor.
//
// The map: change.go (the row), append.go (writing), order.go (numbering),
// read.go (reading from a cursor), tail.go (one tailer per node that wakes
// whoever waits for changes).
package changelog
