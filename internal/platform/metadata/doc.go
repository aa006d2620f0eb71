// Package metadata holds the definitions of tables: columns, keys, states,
// relations, views and forms. Capabilities declare theirs as YAML files; the
// catalog brings them together, checks them, and hands out immutable shapes
// that queries, the record store, the Web API and the interface all read.
//
// The map: table.go and column.go (the definitions), type_*.go (one file per
// column type: its kind, its name on the wire, what values it takes), load.go
// (YAML), build.go (checks, system columns), relate.go and manytomany.go
// (relations), cascade.go (what a change of the parent does to its children),
// choice.go (global choices), formula.go and rollup.go (computed columns),
// autonumber.go (patterns of numbers), catalog.go (all tables of one epoch),
// clone.go (copies to be changed).
package metadata
