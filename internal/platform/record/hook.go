package record

import "context"

// Hook lets a capability take part in the writing of its tables, in the same
// transaction. A hook may change the values that are about to be written,
// refuse the write with an error, and write further records through tx.
// Values that a hook puts in must be canonical; they are checked for type
// like all others, but may set read-only columns.
type Hook struct {
	Table string // logical name; AllTables for every one
	// BeforeCreate sees the values of a row to be made, defaults filled in.
	BeforeCreate func(ctx context.Context, tx *Tx, row Row) error
	// BeforeUpdate sees the whole row as it is, and the values that will change.
	BeforeUpdate func(ctx context.Context, tx *Tx, old, change Row) error
	// AfterCreate and AfterUpdate see rows as written.
	AfterCreate func(ctx context.Context, tx *Tx, row Row) error
	AfterUpdate func(ctx context.Context, tx *Tx, old, row Row) error
	// BeforeDelete sees the row that is about to go, AfterDelete the one that has gone.
	BeforeDelete func(ctx context.Context, tx *Tx, row Row) error
	AfterDelete  func(ctx context.Context, tx *Tx, row Row) error
}

// AllTables is the Table of a hook that takes part in the writing of every table.
const AllTables = "*"

// AddHook adds a hook. Hooks of a table run in the order they were added, those
// of every table after them.
func (s *Store) AddHook(h Hook) { s.hooks[h.Table] = append(s.hooks[h.Table], h) }

// hooksOf gives the hooks of a table.
func (s *Store) hooksOf(table string) []Hook {
	own, all := s.hooks[table], s.hooks[AllTables]
	if len(all) == 0 {
		return own
	}
	return append(own[:len(own):len(own)], all...)
}
