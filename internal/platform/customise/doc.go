// Package customise lets administrators change the data model while the system
// runs: tables, columns, keys, views, forms, relationships and global choices,
// beside and on top of those that ship with the product.
//
// The map: definition.go (one stored definition, its YAML), layer.go (what
// ships and what is stored, brought together), service.go (the catalog in
// force, kept up to date), plan.go (what a change means: validation, DDL),
// change.go (making a change), guard.go (what depends on what, and what would
// be lost), work.go (the leased job: indexes, dropping), names.go, edit_*.go
// (single edits for the Web API), errors.go.
//
// Tables: rpt_definition (one row a definition, written through the record
// store, so every change is a change row with who and when), solution,
// publisher. Core tables (migration 0006): schemaepoch.
//
// # States and epochs
//
// A definition is adding, active, hiding, dropped or failed.
// Every change of definitions takes the lock "schema", draws the next epoch and
// writes it to its definitions and, in schemaepoch, to every table whose shape
// is another then. A node holds a catalog of one epoch; each table in it knows
// its own. A write of a row puts the epoch by which it was made into the
// statement that writes its change row: where schemaepoch says another, the
// whole transaction is undone and run again by the newest definitions.
//
// That is enough: on SQLite writers stand in line. On PostgreSQL a change of a
// table's shape holds its lock against writers until the commit. A writer that
// touched the table before has the change wait for it, and so comes before it;
// one that touches it after looks at schemaepoch in a later statement, whose
// snapshot has the change. So no value is written to a column that is hiding,
// and no image of a row lacks a column that is active. Reading needs no such
// care: a column is taken out of the database only when it has been hiding for
// longer than nodes need to hear of it.
package customise
