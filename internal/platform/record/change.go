package record

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// unlogged are columns that a change row holds elsewhere, or that say nothing.
var unlogged = []string{"createdon", "createdby", "modifiedon", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "versionnumber"}

// changed writes the change row: of a create all values, of an update the
// changed columns before and after, of a delete all values before.
func (tx *Tx) changed(ctx context.Context, t *metadata.Table, op changelog.Op, old, change Row) error {
	if op != changelog.Create {
		tx.parents = nil // a row that lookups lead to may have another owner, or be gone
	}
	if t.NoTrack {
		return tx.current(t)
	}
	c, err := tx.change(ctx, access.From(ctx), t, op, old, change)
	if err != nil {
		return err
	}
	if ok, err := tx.o.Log.AppendAt(tx.sql, c, t.Epoch); err != nil || ok {
		return err
	}
	return stale(t)
}

// change gives the change row of a write.
func (tx *Tx) change(ctx context.Context, p access.Principal, t *metadata.Table, op changelog.Op, old, change Row) (changelog.Change, error) {
	c := changelog.Change{At: tx.o.Clock.Now(), Table: t.Name, Op: op, Actor: p.ID, Origin: changelog.Origin(ctx), Source: changelog.SourceOf(ctx)}
	if p.Delegate != id.Nil {
		c.Actor, c.OnBehalfOf = p.Delegate, p.ID
	}
	if p.Kind == access.Member {
		c.Actor = access.SystemUser
		c.Origin = strings.TrimSpace("member " + p.ID.String() + " " + c.Origin)
	}
	if p.Kind == access.System {
		if c.Origin == "" {
			c.Origin = p.Reason
		}
		if c.Channel == "" {
			c.Channel = changelog.Platform
		}
	}
	var err error
	switch op {
	case changelog.Create:
		c.Record, c.Version = change.ID(t.ID), change.Version()
		c.After, err = image(change, nil)
	case changelog.Update:
		c.Record, c.Version = old.ID(t.ID), change.Version()
		if c.Before, err = image(old, change); err == nil {
			c.After, err = image(change, change)
		}
	case changelog.Delete:
		c.Record, c.Version = old.ID(t.ID), old.Version()+1
		c.Before, err = image(old, nil)
	}
	return c, err
}

// current makes sure that the table is at the epoch of the definitions in hand,
// where no change row does.
func (tx *Tx) current(t *metadata.Table) error {
	var epoch int64
	if _, err := tx.sql.QueryRow("SELECT epoch FROM schemaepoch WHERE tablename = "+tx.sql.Dialect().Placeholder(1), []any{t.Name}, &epoch); err != nil {
		return err
	}
	if epoch != t.Epoch {
		return stale(t)
	}
	return nil
}

// stale is the error of a write by definitions of the past. It is of kind
// Unavailable, so that those who try again do; Store.Write does by itself.
func stale(t *metadata.Table) error {
	return errs.New(errs.Unavailable, codeStale, "the definition of the table %s has just changed; try again", t.Name)
}

const codeStale = "record.stale"

// image gives the row's values as JSON. With only, columns outside it are left
// out and empty ones are kept as null; without, empty ones are left out.
func image(row, only Row) (json.RawMessage, error) {
	out := make(map[string]any, len(row))
	add := func(name string) {
		if slices.Contains(unlogged, name) {
			return
		}
		if v := row[name]; v != nil || only != nil {
			out[name] = v
		}
	}
	names := only
	if names == nil {
		names = row
	}
	for name := range names {
		add(name)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "record.image", "the change could not be recorded")
	}
	return b, nil
}
