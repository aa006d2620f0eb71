// Package report answers questions about many records that are kept as text: how
// many reach each step of a way and what they are worth, by whatever dimension, in a
// period and the one before; and how long records stay in the stages of a process.
//
// A report is a row of rpt_report with its definition as JSON. Steps name a table, a
// condition in the language of the Web API, the date that counts, and an amount;
// dimensions name a column for each table. Everything is read in the name of whoever
// asks. Each number leads to the rows that it counts.
//
// The map:
//
//	tables.go      the table of reports
//	definition.go  what a report says, and what is wrong with it
//	path.go        columns by way of lookups
//	ask.go         what is asked: period, seller, unit, dimension
//	steps.go       counting steps
//	keys.go        values of dimensions, and their names
//	times.go       time in stages
//	rows.go        the rows behind a number
//	service.go     reading reports, keeping those that can't be asked from being written
package report
