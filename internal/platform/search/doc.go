// Package search finds records by the words in their searchable columns.
//
// Words are folded and cut here, in Go, and given to the database as plain
// tokens: to FTS5 on SQLite, to a tsvector on PostgreSQL, which so answer alike.
// Beginnings of words and slips of the pen are found in a table of all words;
// the hits are ranked here, too. Secured columns are not in the index, and every
// hit is read through access control before it is shown.
//
// The index follows the change log, outside the transactions that write: one
// loop a node, one at work at a time, gated by the version of each record. It
// can be rebuilt while the system runs.
//
// The map: token.go (cutting and folding), index.go (documents and terms),
// follow.go (the loop, lag), lane.go (what people change while it is far behind),
// rebuild.go (the job), expand.go (what a word may
// mean), find.go (candidates, rank, access). Owned tables: searchdoc,
// searchindex, searchterm (migrations 0033, 0060, 0100).
package search
