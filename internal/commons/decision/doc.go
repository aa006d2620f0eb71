// Package decision decides on records of any table by decision sets that people
// keep as records: whether somebody is eligible, and why not.
//
// A set (rpt_decision) has versions (rpt_decisionversion), each with a definition
// as package decide reads it. A draft is examined, rehearsed on past records and
// activated; it is in force within its dates, the one activated last where several
// are. Going back retires the one in force. Each decision is a row of
// rpt_decisioncheck with version, inputs, outcome, reasons and what would make it
// pass; people may override it, two of them together.
//
// Services of others (rpt_decisionservice) are asked before the transaction of the
// write, with a time limit and behind a circuit breaker; an input whose service
// did not answer has its fallback, or is missing.
//
// The map:
//
//	service.go    Config, New, what runs in the background
//	tables.go     definitions of the tables
//	source.go     inputs that come from columns of a record
//	ask.go        services of others
//	secret.go     their secrets
//	behind.go     records that are read through lookups, and what their changes outdate
//	version.go    which version is in force; the sets that hooks obey
//	check.go      deciding on a record
//	override.go   asking for an override, and settling it
//	tell.go       who is told of formulas that fail
//	activate.go   examining, activating, rolling back
//	rehearse.go   versions tried on past records
//	hooks.go      what may be written; outcomes that inputs have outdated; guards; jobs that decide
//	actions.go    what people and programs can ask for
//	errors.go     codes
//
// Jobs: decision.check, decision.outdate. Tables of its own: decisionsecret (migration 0070).
package decision
