// Package worklist tells a person what to work on next: the open records that are
// theirs, in the order in which they should be worked, each with its due next step
// and why it stands where it does.
//
// A table takes part by what its definition says under work (metadata.Work): what
// ranks its records, which columns are deadlines, and which one marks a record that
// stays too long in a stage. Steps are open activities of the person about the
// record, and deadlines that are not met. Everything is read in the name of whoever
// asks.
//
// Overdue records come first, the best of them before the others; then what is due
// today, by time; what stalls; what nothing is planned for, by rank and trend; and
// what is due later.
//
// The map: list.go (which records), step.go (their next steps), order.go (their
// order), done.go (a step done, and the one after it), actions.go.
package worklist
