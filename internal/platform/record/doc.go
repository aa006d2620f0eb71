// Package record reads and writes records. It alone applies access control,
// validation, hooks, optimistic concurrency and the change log, for every table
// and every caller: there is no side door.
//
// A write goes: find the table → hold the privilege → read and lock the row →
// check values → hooks before → lock the parents that lookups name → write →
// change row → hooks after; all in one transaction of package sqldb.
//
// What follows from a row's values (derive.go) is worked out before it is written:
// automatic numbers (number.go), amounts in the base currency (money.go), formulas
// (formula.go), the place in a tree (tree.go), content taken up (content.go). What
// follows from other rows comes later, by the change log (deriver.go, rollup.go).
// What happens to a row may happen to those that look up to it (cascade.go), as a
// job where they are many (cascade_job.go).
//
// What is deleted goes to the recycle bin (bin.go, binlist.go) and comes back with
// what went along (restore.go). Reads of audited columns and exports leave a trace
// (reads.go).
//
// The map: associate.go (N:N relations), api.go (rows, pages, conditions), store.go (the store and its
// transactions), read.go and expand.go (reading), create.go, update.go,
// delete.go, upsert.go (writing), values.go and state.go (checking values),
// owner.go and parent.go (owners and lookups), base.go (tables that extend
// another), change.go (the change row), hook.go (hooks), sqltext.go (statements).
package record
