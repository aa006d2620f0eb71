// Package export writes the rows of a query out: CSV and XLSX with labels, for
// people; JSON Lines and Parquet with values, for programs.
//
// The map: export.go (what is asked for, and the row that tells of it), run.go
// (one pass over the rows), tell.go (those whose export failed), spool.go (between the database and the receiver),
// column.go (what is written of a row), text.go (values as people read them),
// csv.go, xlsx.go, jsonl.go, parquet.go (the formats).
//
// An export shows one moment (ADR 0052): the query is run once, in a snapshot of
// the database, as the person may see its rows, and the names of what lookups
// lead to are read in the same snapshot. Rows are written as they come, by way
// of a file without a name, so that a slow receiver does not hold the snapshot;
// memory holds a page. Columns that column security hides are left out. Every
// export is told of in rpt_exportlog before its first row leaves, and once more
// at its end, with the reason where it was broken off.
package export
