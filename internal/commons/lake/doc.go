// Package lake keeps the history of everything in open Delta tables: every
// change of every record, every event of the stream, and history that is
// imported. It follows the change log and the stream on its own, seconds
// behind; nothing waits for it.
//
// # Tables, in folders of this form
//
//	changes/TABLE    one row for each change of a record: the whole record after it
//	                 (a deletion has the id alone), and _version, _op, _at, _seq, _actor,
//	                 _onbehalfof, _origin, _changed (the columns that changed, as JSON).
//	                 Every file is in the order of id and _seq.
//	current/TABLE    the base: each record's newest row as of a point of the change log,
//	                 in the order of ids. Reading takes it together with the changes since.
//	events/TOPIC     one row for each event of the stream, as it came
//	arrivals/TABLE   records that an event will become, straight from the stream; a row
//	                 goes once the record is here (joined by source and event id)
//	history/NAME     imported rows
//
// # The map
//
//	lake.go      Config, New; opening tables
//	row.go       Row, Column: what readers get
//	column.go    columns of records ↔ columns of the lake, values both ways
//	current.go   Current, AsOf: base and tail by version
//	history.go   History: all versions of each record in order
//	events.go    Events, Arrivals
//	imported.go  Append, Imported: history tables
//	feed.go      the change log → changes/*, once by the log's cursor
//	image.go     the whole record out of the changed columns
//	arrive.go    the stream → events/*, arrivals/*, without a database
//	batch.go     rows of several tables on their way, and their commits
//	tidy.go      compaction, bases, retention
//	erase.go     taking records out for good
//	redact.go    emptying columns of records; taking events and imported rows out
//	status.go    Tables: rows, files, versions, freshness
//	lease.go     one writer at a time
//	metrics.go   counts
//	errors.go    codes
//
// Exactly once: each table's commit names how far its consumer has read, and a
// row at or below that is not written again. Leases only save work; two writers
// would be told apart by the commits.
//
// The lake has no rights of its own: it is read by the platform's own jobs. What
// people see of it goes through the packages that show it.
package lake
