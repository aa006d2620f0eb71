// Package history reads files of past leads, such as another CRM exports: rows
// with what was known of a lead and what became of it. It knows CSV of any
// delimiter and the usual encodings, proposes which column is what, and gives
// the rows of a file of any length one at a time; rows that can't be
// used go to a file of their own, with line and reasons.
//
// The map: mapping.go (what a person decides about a file: YAML and JSON),
// reader.go (records with their lines, by package read), convert.go (one
// record → Row, by package cell), suggest.go (a proposed mapping), preview.go
// (what a person sees before importing), run.go (all rows of a file).
//
// The package does no I/O of its own beside the readers and writers it is given.
package history
