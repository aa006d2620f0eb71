// Package privacy gives a person what is kept of him, and takes it away: over
// the records of all tables, the change log, the recycle bin, the event stream,
// dead letters, quarantine, runs of flows, files, the lake and the search index.
//
// What a table holds of persons, and what becomes of its rows, is said in its
// definition (metadata.Privacy). A person is known by the e-mail addresses of the
// rows that are about him; a number alone is no proof, as households and
// companies share them, and neither is a name.
//
// Work is a row of rpt_personrequest and a job. What the job needs to know of the
// person lies in the table personwork until it ends, so that it goes on after a
// restart; each step can be done twice. Rows under a legal hold (rpt_legalhold),
// and those that must be kept for some years (retain), stay, and the report says
// so; so it does of whatever the last look finds anywhere.
//
// The map:
//
//	subject.go   who is meant: the rows about him, by what he is known
//	locate.go    finding those rows, and the rows that hang on them
//	addresses.go which records hold which addresses, kept behind the change log
//	lookup.go    asking for them, instead of looking through all texts
//	mention.go   finding rows that name him in their texts
//	needle.go    matching and redacting texts; whole.go addresses as a whole
//	blank.go     what anonymising empties
//	hold.go      legal holds and times of retention
//	plan.go      what is to be done; the preview
//	report.go    what was done and what stays
//	request.go   requests, their job, their state
//	erase.go     the steps of an erasure; records.go, log.go, stores.go, verify.go
//	export.go    the archive; page.go its page for people
//	letters.go   letters to him, and his account: both ways
//	actions.go   rpt_PreviewErasure, rpt_ErasePerson, rpt_ExportPerson
//	service.go   what it needs of others
//	tables.go    definitions of rpt_personrequest and rpt_legalhold
package privacy
