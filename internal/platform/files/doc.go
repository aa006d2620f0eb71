// Package files keeps the content of file and image columns: in a bucket (a
// folder of the data directory, or an object store), described by the core table
// filecontent. The row holds the id of the content; package record asks this
// package whether a row may refer to it.
//
// Content comes in before the row is written (Stage), streamed, hashed and held
// to the column's size and media types, and belongs to nobody but who brought it
// until a row takes it up (Attach, in the row's transaction). What no row refers
// to any more is collected by Collect, an hour later, or 30 days where the row
// lies in the recycle bin.
//
// At rest content is sealed, each file under a key of its own (seal.go). Where a
// scanner for viruses is set, content of file columns is held back until it has
// been found clean (scan.go).
//
// The map: store.go (what is kept, staging), attach.go (rows taking content up),
// read.go (reading), seal.go (at rest), scan.go (viruses), chunk.go (uploads in
// chunks), receive.go (uploads that no row has yet), sniff.go (media types), thumb.go (pictures), collect.go (what nobody needs).
package files
