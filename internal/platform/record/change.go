package record

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// unlogged are columns that a change row holds elsewhere, or that say nothing.
var unlogged = []string{"createdon", "createdby", "modifiedon", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "versionnumber"}

// changed writes the change row: of a create all values, of an update the
// changed columns before and after, of a delete all values before.
func (tx *Tx) changed(ctx context.Context, t *metadata.Table, op changelog.Op, old, change Row) error {
	if op != changelog.Create {
		tx.parents = nil // a row that lookups lead to may have another owner, or be gone
	}
	if f := tx.o.Committed[t.Name]; f != nil {
		tx.sql.AfterCommit(f)
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

// happening gives the change row of a write but for the record and its values.
func (tx *Tx) happening(ctx context.Context, p access.Principal, t *metadata.Table, op changelog.Op) changelog.Change {
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
	return c
}

// change gives the change row of a write.
func (tx *Tx) change(ctx context.Context, p access.Principal, t *metadata.Table, op changelog.Op, old, change Row) (changelog.Change, error) {
	c := tx.happening(ctx, p, t, op)
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
	shown := only
	if shown == nil {
		shown = row
	}
	names := make([]string, 0, len(shown))
	for name := range shown {
		if (only != nil || row[name] != nil) && !slices.Contains(unlogged, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return written(row, names, only != nil)
}

// written gives some of a row's values as JSON, empty ones only where asked for.
func written(row Row, names []string, empty bool) (json.RawMessage, error) {
	b := append(make([]byte, 0, 40*len(names)), '{')
	for _, name := range names {
		v := row[name]
		if v == nil && !empty {
			continue
		}
		var err error
		if b, err = appendMember(b, name, v); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendMember writes a member of an object that has been begun.
func appendMember(b []byte, name string, v any) ([]byte, error) {
	if len(b) > 1 {
		b = append(b, ',')
	}
	b, err := appendJSON(append(appendText(b, name), ':'), v)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "record.image", "the change could not be recorded")
	}
	return b, nil
}

// appendJSON writes a value as encoding/json does; the usual ones without its
// reflection, as a change row is written with every row.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendText(b, x), nil
	case int64:
		return strconv.AppendInt(b, x, 10), nil
	case bool:
		return strconv.AppendBool(b, x), nil
	case id.ID:
		return append(append(append(b, '"'), x.String()...), '"'), nil
	case query.Number:
		return append(b, x.String()...), nil
	case query.Date:
		return appendText(b, string(x)), nil
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// appendText writes a text; encoding/json does where anything in it is escaped.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // of a string it has no error
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
