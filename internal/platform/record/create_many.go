package record

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// failedAt says which row of several a write failed at.
type failedAt struct {
	n   int
	err error
}

func (e *failedAt) Error() string { return "row " + strconv.Itoa(e.n) + ": " + e.err.Error() }
func (e *failedAt) Unwrap() error { return e.err }

// AtRow says that an error is about one of several rows, by its place from 0.
func AtRow(n int, err error) error { return &failedAt{n, err} }

// FailedAt tells which of several rows an error of CreateMany is about.
func FailedAt(err error) (n int, ok bool) {
	var e *failedAt
	if errors.As(err, &e) {
		return e.n, true
	}
	return 0, false
}

// CreateMany makes rows of one table, all or none: as Create does, with the same
// checks, hooks and change rows, but with few statements for all of them. Hooks
// before the creation of a row do not see the rows before it; where that matters
// to a hook, or rows refer to one another, they are made one by one.
func (tx *Tx) CreateMany(ctx context.Context, table string, in []Row) ([]Row, error) {
	t, err := tx.writable(ctx, table)
	if err != nil {
		return nil, err
	}
	if len(in) < 2 || t.NoTrack || tx.alone(ctx, t) || refersToItself(t, in) {
		return tx.createEach(ctx, table, in)
	}
	ctx, span := tracer.Start(ctx, "create many "+table)
	defer span.End()
	base, err := tx.baseOf(t)
	if err != nil {
		return nil, err
	}
	out, changes, err := tx.createRows(ctx, t, in)
	if err != nil {
		return nil, err
	}
	if base != nil {
		if err := tx.insertMirrors(t, base, out); err != nil {
			return nil, err
		}
	}
	if err := tx.changedMany(t, changes); err != nil {
		return nil, err
	}
	return out, tx.afterCreate(ctx, t, out)
}

// createRows checks rows and writes them; those that are checked are encoded
// while others still are.
func (tx *Tx) createRows(ctx context.Context, t *metadata.Table, in []Row) ([]Row, []changelog.Ready, error) {
	d := tx.sql.Dialect()
	part := partOf(d)
	parts := make(chan []Row, len(in)/part+1) // it takes all of them
	list := (&encoder{d: d, t: t, log: tx.o.Log, is: tx.happening(ctx, access.From(ctx), t, changelog.Create)}).encode(parts)
	// Also where the rows can't be written: nobody is to read them any more.
	defer list.end()
	out, err := tx.check(ctx, t, in, part, parts)
	if err != nil {
		return nil, nil, err
	}
	changes, err := tx.insertMany(t, list)
	return out, changes, err
}

// check has rows begin and gives them over part by part, to the end or the first
// that is refused.
func (tx *Tx) check(ctx context.Context, t *metadata.Table, in []Row, part int, to chan<- []Row) (out []Row, err error) {
	defer close(to)
	out = make([]Row, len(in))
	given := 0
	for i, row := range in {
		if out[i], err = tx.beginCreate(ctx, t, row); err != nil {
			return nil, &failedAt{i, err}
		}
		if i+1-given == part || i+1 == len(in) {
			to <- out[given : i+1]
			given = i + 1
		}
	}
	return out, nil
}

func (tx *Tx) createEach(ctx context.Context, table string, in []Row) ([]Row, error) {
	out := make([]Row, len(in))
	for i, row := range in {
		made, err := tx.Create(ctx, table, row)
		if err != nil {
			return nil, &failedAt{i, err}
		}
		out[i] = made
	}
	return out, nil
}

// alone tells whether a hook of the table wants to see rows made one by one.
func (tx *Tx) alone(ctx context.Context, t *metadata.Table) bool {
	return slices.ContainsFunc(tx.store.hooksOf(t.Name), func(h Hook) bool { return h.Alone != nil && h.Alone(ctx) })
}

// refersToItself tells whether a row looks up to another of the same list.
func refersToItself(t *metadata.Table, in []Row) bool {
	given := map[string]bool{}
	for _, row := range in {
		if v, ok := row[t.ID]; ok {
			given[textOf(v)] = true
		}
	}
	if len(given) == 0 {
		return false
	}
	for _, c := range t.Columns {
		if !c.IsLookup() || c.System || !slices.Contains(c.Targets, t.Name) {
			continue
		}
		for _, row := range in {
			if v, ok := row[c.Name]; ok && given[textOf(v)] {
				return true
			}
		}
	}
	return false
}

func textOf(v any) string {
	switch x := v.(type) {
	case id.ID:
		return x.String()
	case string:
		return strings.ToLower(x)
	}
	return ""
}

// parentKey names a row that lookups lead to.
type parentKey struct {
	table string
	key   id.ID
}

type bypassKey struct{}

// WithoutCustomLogic has writes leave out what customers have put in themselves:
// business rules and their like, not the product's own rules. The caller has made
// sure that this is allowed.
func WithoutCustomLogic(ctx context.Context) context.Context {
	return context.WithValue(ctx, bypassKey{}, true)
}

// CustomLogic tells whether customers' own logic takes part in a write.
func CustomLogic(ctx context.Context) bool {
	off, _ := ctx.Value(bypassKey{}).(bool)
	return !off
}

type bulkKey struct{}

// InBulk says that very many rows are being made, as by an import: what hangs on a
// row and is not needed at once may be made behind it.
func InBulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkKey{}, true) }

// Bulk tells whether very many rows are being made.
func Bulk(ctx context.Context) bool {
	yes, _ := ctx.Value(bulkKey{}).(bool)
	return yes
}
