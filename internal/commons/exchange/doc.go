// Package exchange keeps records of the organisation and cases of an outside
// system the same: what changes here goes there, and the other way round, until
// the exchange of a case ends. The contract is docs/schemas/case-exchange.yaml.
//
// A counterpart (rpt_counterpart) is such a system, with a mapping (mapping.go)
// that says which records are exchanged, by which fields, and who owns each. A
// record under exchange has a row of rpt_exchangecase.
//
// Outward: a hook writes what follows from a change as rows of
// rpt_exchangeintent, in the change's own transaction. A job a case sends them one
// after another; the row's id is the idempotency key, so that a lost answer does
// no harm. What fails is tried again with growing pauses behind a circuit breaker;
// what is refused waits for a person, and what comes after it waits behind it.
//
// Inward: events come by web hook or by asking, and lie in rpt_exchangeevent, once
// by their id. A job a case applies them in order; a gap is waited for and then
// filled by reading the whole case. What can't be right goes to quarantine, the
// record stays as it is, and a person is told. What was applied is not sent back.
//
// The map:
//
//	service.go    Config, New, the counterparts in force
//	tables.go     definitions of the tables
//	mapping.go    what a mapping says; checking it
//	value.go      values of columns and values of the contract
//	contract.go   what goes over the line
//	secret.go     tokens and signing secrets; hooks of counterparts
//	hook.go       what follows from changes of records
//	note.go       what follows from changes of notes
//	open.go       when an exchange begins and ends
//	intent.go     writing intents in order
//	send.go       the job that sends
//	request.go    requests of the contract
//	tell.go       telling people
//	receive.go    taking events in
//	take.go       the job that applies events
//	fill.go       gaps: taking a whole case over
//	apply.go      what an event changes
//	poll.go       asking for changes
//	compare.go    both sides field by field
//	repair.go     settling differences, replaying, mending
//	actions.go    what people and programs can ask for
//	errors.go     codes
//
// Jobs: exchange.send, exchange.take, exchange.poll, exchange.compare. Tables of
// its own: exchangesecret, exchangecursor (migration 0079).
package exchange
