// Package audit lets administrators look at what the platform keeps of reads and
// changes, and decides how long it is kept.
//
// Reads. A column marked "audit: reads" leaves a trace whenever its values are
// shown: by the Web API, FetchXML, ?sql=, views, search, as related rows, in a
// change history. The record store writes the trace itself, in Find and Get, so no
// path goes past it. One who exports says so in the context and no more:
//
//	ctx = record.Exporting(ctx, "csv of view Open leads")
//
// Every page that is found from there on is written down with all its columns and
// rows, before Find gives it back; an export that could not be written down fails.
// Who gives values out by another way calls Store.NoteReads. A trace is a row of
// rpt_readlog, with the ids of a whole page packed into one value beside it.
//
// Retention (retention.go, rules.go; tables/rpt_retention.yaml) lets go once a day of
// what has been kept long enough, in bounded batches. Change rows stay for ever
// unless a rule says otherwise.
//
// The actions: rpt_RevertChange and rpt_RevertRecord (revert.go),
// rpt_RetrieveRecordAsOf (asof.go), rpt_RetrieveRecycleBin and rpt_Restore
// (restore.go; the work is done by record/restore.go), rpt_RetrieveReadsOfRecord
// (reads.go), rpt_VerifyChangeLog (verify.go), rpt_RetrieveRetention and
// rpt_SetRetention. The traces are rows of tables/rpt_readlog.yaml, which
// record/reads.go writes.
package audit
