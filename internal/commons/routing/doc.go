// Package routing says where records of any table go: into which queue, and to
// whom of those who work it. It keeps the rules, the skills and hours of people,
// and the reason of every assignment (tables/*.yaml).
//
// A rule set is one version of the rules of a table: a draft is changed, checked,
// rehearsed on past records, activated, and rolled back. What has been active
// once does not change any more, so that a reason keeps its meaning.
//
// The map: place.go (postal codes, beginnings, ranges), index.go (5,000 of them
// asked in microseconds), rule.go (a rule, out of its row), set.go (many rules
// compiled; which one takes a record), load.go (reading them), check.go and
// never.go (rules that contradict one another, are never reached or never hold),
// people.go (skills, hours, capacity), choose.go (who may take a record, who may
// not and why), present.go (who has come a moment ago), turn.go (whose turn it is), engine.go (routing one record in the
// transaction of the caller), reason.go (what is written down of it), waiting.go
// (records that wait for somebody to come), rehearse.go (what a draft would have
// done), version.go (draft, activate, roll back), hooks.go (keeping versions as
// they were; routing on creation), actions.go.
package routing
