// Package document has people asked for documents that records of any table need,
// takes the files in, and keeps what became of them.
//
// A checklist (rpt_documentchecklist) is data: for a table, items with names,
// conditions on the record, the stages of a business process at which they are
// needed, and what files they take. When a record reaches such a stage its items
// become rows of rpt_documentrequest; they follow the record as it changes, and
// what nobody has touched is withdrawn when it is needed no more. Staff ask for
// more in words, accept, refuse with a reason, waive, and note what came another
// way. Whether all that is required is there stands in a column of the record
// itself, for gates of the process; the platform alone writes it.
//
// Files (rpt_documentfile) come from members of the portal, in one piece or
// resumably, and lie in the store of package files. A contact reaches what is
// asked of itself and nothing else, whatever permissions of tables say.
//
// The map:
//
//	service.go     Config, New, the lists in force
//	definition.go  what a checklist says
//	follow.go      records: hooks, items that become rows, the roll-up
//	request.go     one request: its statuses and rows
//	actions.go     what staff can do
//	member.go      what a member sees and does
//	take.go        a file is taken in: limits, content, scan
//	inspect.go     what files may hold
//	upload.go      resumable uploads
//	tell.go        who is told of what
//	tables.go      definitions of the tables; statuses
//	errors.go      codes
//
// Table of its own: documentupload (migration 0076).
package document
