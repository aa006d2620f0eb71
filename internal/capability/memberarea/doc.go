// Package memberarea is what a member of the portal sees: a contact who has
// signed in looks at his own applications and requests, answers what is asked of
// him, writes with the staff and looks after his account. Pages are made on the
// server, need no script, and nothing from any other place.
//
//	area.go       Options, Area: the parts put together
//	visit.go      Visit: who looks, in which language, with which form token
//	view.go       View: what members see of a table, as data (rpt_memberview)
//	home.go       the overview of what is the member's
//	record.go     one record: progress, fields, sections, what happened
//	section.go    Section, the port by which others add to a record's page
//	progress.go   the stages of the business process in the member's words
//	value.go      values as people read them
//	words.go      texts, English and German
//	page.go       Page: HTML and its security policy
//
// # To plug in
//
// A package that has something to show on the page of a record implements
// Section and is handed to Area.Add where the product is wired. Show gives HTML
// for the place between the fields and the messages; Serve answers every request
// below /member/r/{table}/{id}/{name}/, of any method. When Serve is called, the
// member has been let in: the context holds the member as principal, so that the
// record store gives the member's rows and no others; the record has been read
// with the member's rights; and a request that changes something has shown its
// token, in one of three ways: the input Record.Token names in a form
// (application/x-www-form-urlencoded, at most 64 KiB), the header X-CSRF-Token,
// or, for multipart forms and whatever else has a body of its own, the token in
// the address, which Record.Action writes and which holds for that address
// alone. Only a urlencoded body has been read when Serve is called (r.PostForm).
//
// A form without script posts to Record.Action("upload") and Serve ends with
// Record.Back, which leads the member back to the page. An error that Serve
// returns is shown on a page of its own, in the words of the error; its message
// should be in Record.Lang.
//
// The classes of the layout that sections may use: card, row, field, button,
// button quiet, list, hint, error, good, tag. Text is put into HTML by
// html/template and never by hand.
package memberarea
