// Package query is the one tree that every question to the records becomes:
// OData and FetchXML text, saved views, segments, routing conditions and Go
// code all build it; it renders to SQL for both databases and evaluates in
// memory with the same answers.
//
// The map: query.go (the tree), link.go (joined tables), group.go and fiscal.go
// (grouping), value.go (the values and their kinds), schema.go (what a tree is
// checked against), check*.go (names and types), render*.go (to SQL), match.go
// (in memory), pattern.go (wildcards), cursor.go (keyset paging).
//
// The package knows no metadata and no access rules. It is handed a Schema, and
// a Guard that says for every table touched which rows may be seen.
package query
