// Package export writes the rows of a query out: CSV and XLSX with labels, for
// people; JSON Lines and Parquet with values, for programs.
//
// The map: export.go (one pass over the pages of a query, and the row that tells
// of it), column.go (what is written of a row), text.go (values as people read
// them), csv.go, xlsx.go, jsonl.go, parquet.go (the formats).
//
// Rows are read page by page behind the last key, as the person may see them,
// and written as they come: memory holds a page. A row whose place in the order
// does not change meanwhile is written exactly once. Columns that column
// security hides are left out. Every export is told of in rpt_exportlog before
// its first row leaves, and once more at its end.
package export
