package record

import "context"

// Hook lets a capability take part in the writing of its tables, in the same
// transaction. A hook may change the values that are about to be written,
// refuse the write with an error, and write further records through tx.
// Values that a hook puts in must be canonical; they are checked for type
// like all others, but may set read-only columns.
type Hook struct {
	Table string // logical name
	// Alone tells whether, for this write, BeforeCreate looks at other rows of the
	// table: then several are made one by one. Nil means never.
	Alone func(ctx context.Context) bool
	// BeforeCreate sees the values of a row to be made, defaults filled in.
	BeforeCreate func(ctx context.Context, tx *Tx, row Row) error
	// BeforeUpdate sees the whole row as it is, and the values that will change.
	BeforeUpdate func(ctx context.Context, tx *Tx, old, change Row) error
	// AfterCreateMany sees rows as written that were made together, one or several,
	// in place of AfterCreate: a hook that writes a row for each can write them
	// together too. An error that is about one of them says so by AtRow.
	AfterCreateMany func(ctx context.Context, tx *Tx, rows []Row) error
	// AfterCreate and AfterUpdate see rows as written.
	AfterCreate func(ctx context.Context, tx *Tx, row Row) error
	AfterUpdate func(ctx context.Context, tx *Tx, old, row Row) error
	// BeforeDelete sees the row that is about to go, AfterDelete the one that has gone.
	BeforeDelete func(ctx context.Context, tx *Tx, row Row) error
	AfterDelete  func(ctx context.Context, tx *Tx, row Row) error
	// AfterRestore sees a row that has come back from the recycle bin. The hooks of
	// creation do not: what they set going has been set going once.
	AfterRestore func(ctx context.Context, tx *Tx, row Row) error
}

// AddHook adds a hook. Hooks of a table run in the order they were added, those
// made for every table after them.
func (s *Store) AddHook(h Hook) { s.hooks[h.Table] = append(s.hooks[h.Table], h) }

// AddHooks adds a maker of hooks, which is asked once for every table, those
// that come while the system runs among them.
func (s *Store) AddHooks(make func(table string) Hook) { s.makers = append(s.makers, make) }

// hooksOf gives the hooks of a table.
func (s *Store) hooksOf(table string) []Hook {
	if len(s.makers) == 0 {
		return s.hooks[table]
	}
	if known, ok := s.made.Load(table); ok {
		list, _ := known.([]Hook)
		return list
	}
	list := append([]Hook{}, s.hooks[table]...)
	for _, make := range s.makers {
		list = append(list, make(table))
	}
	s.made.Store(table, list)
	return list
}
