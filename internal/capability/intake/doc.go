// Package intake turns what arrives on the topic "leads" into leads, or keeps
// it in quarantine with every reason.
//
// The way: clean (types, then normal forms) → rules → score → decision → the
// flow "Lead upsert". The pure part knows no database:
//
//	lead.go        Event, Lead, Fault
//	canonical.go   event data → columns of the lead; the rest is kept in rpt_extra
//	convert.go     one value → what its column takes
//	text.go        white space, control characters, depth
//	name.go        names and places: proper case, only where there is none
//	email.go       addresses and the match key
//	phone.go       numbers to E.164
//	country.go     names and codes to ISO 3166-1 alpha-2
//	postal.go      postal codes by country
//	number.go      numbers as people type them
//	require.go     what a lead must have
//	rules.go       what conditions can read; the shipped rules (rules/*.yaml)
//	score.go       points → propensity → score, grade
//	model.go       the score of a trained model in place of the rules' points
//	decide.go      rules and score → reasons and next action, on the lead
//
// Around it:
//
//	ports.go       what it needs of others: flows, records
//	consumer.go    events in; the start of the flow, or a row in quarantine
//	actions.go     rpt_ReplayQuarantine, rpt_RehearseRules, rpt_ValidateRule; the check of rules
//	rehearse.go    a draft of the rules on past leads
//	metrics.go     counts
//	errors.go      codes
//	tables.go      definitions of the tables rpt_rule and rpt_quarantine
//	flows.go       the shipped flow (flows/*.yaml)
//
// Tables: rpt_rule, rpt_quarantine. Events in: lead.created. Events out: none;
// the records that the flow writes are in the change log.
//
// What a person or a machine sent is text, and stays text: nothing here is
// executed, and formulas or mark-up are kept as they are, for the places that
// show or export them to escape. Columns that the platform decides (score,
// state, owner, lookups) can't be set by an event; such fields go to rpt_extra.
package intake
