// Package transfer brings files into tables. An import is one or more files that
// are read together: their columns are mapped, a dry run tells what would
// happen, a job writes the rows through the record store with the rights of the
// person who asked, and all of it can be undone.
//
// The map: service.go (Config, New), upload.go (files come in), mapping.go (what
// a person decides about a file), preview.go (what a person sees before), plan.go
// (one record → values), order.go (which file comes first), resolve.go (targets
// of lookups), match.go (records that are there already), chunk.go (some rows in
// one transaction), dryrun.go (what would be there by then), run.go and reader.go
// (the job), faults.go (rows that were refused, as a file), actions.go (start, pause, resume, cancel,
// undo), later.go (rows that look for later ones), erase.go
// (files that hold a record of a person), tidy.go, tables.go (import, importfile, importmap and those of the
// packages below). Packages: read (files), cell (texts of cells), suggest
// (columns by their names), upload (files kept), operation (pausing, undoing),
// bulk (one change to many rows), export (rows out).
//
// Exactly once: a chunk of rows, the counts and how far the file has been read
// are written in one transaction, under the version of the file's row that the
// runner knows. After a crash the next runner reads the file again up to there.
package transfer
