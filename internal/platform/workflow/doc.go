// Package workflow is what the kinds of definitions have in common that are
// rows of the table workflow: business rules, business process flows and flows.
// A kind says how a text is read; the package keeps rows whose text can't be
// used from being activated, takes unique name, table and order from the text,
// and finds the active ones. Bundles (package solution) carry all kinds.
//
// The map: kind.go (a kind, what a text says), row.go (hook, active rows).
package workflow
