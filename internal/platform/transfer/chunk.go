package transfer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// tally counts what became of rows.
type tally struct {
	created, updated, unchanged, failed int64
}

// chunk writes some rows of a file in one transaction.
type chunk struct {
	ctx     context.Context // of the person who imports
	tx      *record.Tx
	plan    *plan
	lookups *resolver
	file    id.ID
	dry     *rehearsal // nil where rows are written for good

	hits    map[string][]hit
	pending []newRow
	keys    map[string]bool // of pending rows
	tally   tally
	faults  []operation.Fault
}

// newRow is a row that will be made with others at once.
type newRow struct {
	row    *row
	values record.Row
	key    string
}

// write deals with all rows. An error is about the transaction; what is wrong
// with single rows stands in faults.
func (c *chunk) write(given []row) error {
	rows := make([]row, len(given)) // the transaction may run again: what it was given stays as it is
	for i, r := range given {
		r.values, r.bad = maps.Clone(r.values), slices.Clip(r.bad)
		rows[i] = r
	}
	if err := c.lookups.resolve(c.ctx, c.tx, rows, c.dry); err != nil {
		return err
	}
	var err error
	if c.hits, err = c.plan.matches(c.ctx, c.tx, rows); err != nil {
		return err
	}
	c.keys = map[string]bool{}
	for i := range rows {
		if err := c.one(&rows[i]); err != nil {
			return err
		}
	}
	return c.flush()
}

// one deals with a row: it is refused, changes a record, or waits to be made.
func (c *chunk) one(r *row) error {
	if len(r.refs) > 0 && len(c.pending) > 0 && c.selfish(r) {
		// A row of the same portion may be what it looks for.
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.lookups.resolve(c.ctx, c.tx, []row{*r}, c.dry); err != nil {
			return err
		}
		c.lookups.fill(r, c.dry)
	}
	r.missing()
	if len(r.bad) > 0 {
		c.refuse(r, errs.InvalidFields("import.row", "the row can't be used", r.bad))
		return nil
	}
	key := c.plan.keyOf(r.values)
	if len(c.plan.match) > 0 && key == "" {
		c.refuse(r, errs.New(errs.Invalid, "import.key_empty", "a column by which records are found is empty"))
		return nil
	}
	if key != "" && c.keys[key] {
		if err := c.flush(); err != nil { // an earlier row of the portion is about the same record
			return err
		}
	}
	hits := c.hits[key]
	if key != "" && len(hits) == 0 && c.dry != nil && c.dry.matched(c.plan.table, key) {
		c.tally.updated++ // what an earlier row would have made
		return nil
	}
	switch {
	case key == "" || len(hits) == 0 && c.plan.m.mode() == Upsert:
		c.pending = append(c.pending, newRow{r, c.given(r), key})
		if key != "" {
			c.keys[key] = true
		}
		return nil
	case len(hits) == 0:
		c.refuse(r, errs.New(errs.NotFound, "import.no_match", "there is no such record that you may see"))
		return nil
	case len(hits) > 1:
		c.refuse(r, errs.New(errs.Conflict, "import.ambiguous", "several records match this row"))
		return nil
	}
	return c.change(r, key, hits[0])
}

// selfish tells whether one of a row's lookups leads to the table itself.
func (c *chunk) selfish(r *row) bool {
	for _, ref := range r.refs {
		for _, t := range targets(ref.field.column, ref.field.lookup) {
			if t == c.plan.table.Name {
				return true
			}
		}
	}
	return false
}

// given gives a row's values without the marks of assumed lookups.
func (c *chunk) given(r *row) record.Row {
	out := make(record.Row, len(r.values))
	for name, v := range r.values {
		if !strings.HasPrefix(name, assumedMark) {
			out[name] = v
		}
	}
	return out
}

// change writes a row to the record that it matches.
func (c *chunk) change(r *row, key string, h hit) error {
	values := c.given(r)
	delete(values, c.plan.table.ID)
	var now record.Row
	err := c.tx.SQL().Nested(func() (err error) {
		now, err = c.tx.Update(c.ctx, c.plan.table.Name, h.key, values, record.Match{})
		return err
	})
	switch {
	case err != nil && !operation.AboutRow(err):
		return err
	case err != nil:
		c.refuse(r, err)
	case now.Version() == h.version:
		c.tally.unchanged++
	default:
		c.tally.updated++
		c.hits[key][0].version = now.Version()
	}
	return nil
}

// retries is how often the rest of a portion is tried as a whole after one of
// its rows was refused; then its rows are written one by one.
const retries = 3

// flush makes the pending rows.
func (c *chunk) flush() error {
	list := c.pending
	c.pending, c.keys = nil, map[string]bool{}
	if c.dry != nil {
		list = c.unique(list)
	}
	for try := 0; len(list) > 0; try++ {
		if try >= retries {
			for i := range list {
				if _, err := c.make(list[i : i+1]); err != nil {
					return err
				}
			}
			return nil
		}
		at, err := c.make(list)
		if err != nil || at < 0 {
			return err
		}
		list = append(list[:at:at], list[at+1:]...)
	}
	return nil
}

// unique refuses rows of a dry run whose alternate keys earlier rows would have.
func (c *chunk) unique(list []newRow) []newRow {
	out := list[:0]
	for _, n := range list {
		if c.dry.taken(c.plan.table, n.values) {
			c.refuse(n.row, record.ErrDuplicateKey)
		} else {
			out = append(out, n)
		}
	}
	return out
}

// make makes rows, all or none. refused is the place of the one that was to
// blame, and -1 where all have been made.
func (c *chunk) make(list []newRow) (refused int, err error) {
	in := make([]record.Row, len(list))
	for i, n := range list {
		in[i] = n.values
	}
	var made []record.Row
	err = c.tx.SQL().Nested(func() (err error) {
		made, err = c.tx.CreateMany(c.ctx, c.plan.table.Name, in)
		return err
	})
	if err == nil {
		for i, row := range made {
			c.made(list[i], row)
		}
		return -1, nil
	}
	at, known := record.FailedAt(err)
	if !known && len(list) == 1 {
		at, known = 0, true
	}
	if !operation.AboutRow(err) {
		return 0, err
	}
	if !known { // all share the reason, such as a privilege that is lacking
		for _, n := range list {
			c.refuse(n.row, err)
		}
		return -1, nil
	}
	if c.dry != nil && onlyAssumed(err, assumed(list[at].row)) {
		c.made(list[at], list[at].values)
	} else {
		c.refuse(list[at].row, err)
	}
	return at, nil
}

func assumed(r *row) map[string]bool {
	out := map[string]bool{}
	for name := range r.values {
		if column, ok := strings.CutPrefix(name, assumedMark); ok {
			out[column] = true
		}
	}
	return out
}

func (c *chunk) made(n newRow, row record.Row) {
	c.tally.created++
	if n.key != "" {
		c.hits[n.key] = []hit{{row.ID(c.plan.table.ID), row.Version()}}
	}
	if c.dry != nil {
		c.dry.made(c.plan, row)
	}
}

// refuse notes why a row is not imported.
func (c *chunk) refuse(r *row, err error) {
	c.tally.failed++
	f := operation.Fault{File: c.file, Line: r.line, Code: errs.CodeOf(err), Reason: message(err), Data: r.record}
	if e, ok := errors.AsType[*errs.Error](err); ok && len(e.Fields) > 0 {
		f.Code, f.Reason = e.Fields[0].Code, read.Reasons(e.Fields)
	}
	c.faults = append(c.faults, f)
}
