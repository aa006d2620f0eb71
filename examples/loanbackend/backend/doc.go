// Package backend is a lender's back-end: cases over HTTP as
// docs/schemas/case-exchange.yaml describes, kept in SQLite, decided on after a
// while, with faults that can be switched on. It shares no code with the product.
//
// The map: backend.go (opening, running), store.go (what is kept), serve.go (the
// contract), change.go (what requests do), underwrite.go (decisions), events.go
// (web hooks and /changes), faults.go (misbehaviour, administration).
package backend
