// Package operation is what an import and a bulk change have in common: a row
// that tells how far long work has got, wishes to pause and to cancel, the rows
// that could not be dealt with, and undoing all of it.
//
// The map: status.go (what an operation can be at, and what people may ask of
// it), begin.go (pause, resume, cancel, ending), fault.go (rows that failed: table
// transferfault), undo.go (changes taken back by the change log, as a job).
//
// An operation's row has the columns rpt_status, rpt_wish, rpt_error,
// rpt_startedon, rpt_finishedon, rpt_undone, rpt_kept, rpt_first and rpt_last.
// Every part of the work writes the row under the version that it read: a second
// runner, which has taken the job over, makes the first one fail. So a part
// happens exactly once, whoever dies in between.
//
// An undo reads the change log by the origin that the operation's changes
// carry, and so takes back what hooks and cascades did in its name, too. It is
// possible as long as the change rows are kept.
package operation
