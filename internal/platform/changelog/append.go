package changelog

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Log writes and reads the change log of one database.
type Log struct {
	db     *sqldb.DB
	tailer *Tailer
	insert string
}

// New gives the change log of a database.
func New(db *sqldb.DB) *Log {
	p := db.Dialect().Placeholder
	l := &Log{db: db}
	l.tailer = newTailer(l)
	l.insert = "INSERT INTO changelog (at, tablename, recordid, version, op, actorid, onbehalfof, origin, before, after) VALUES (" +
		p(1) + ", " + p(2) + ", " + p(3) + ", " + p(4) + ", " + p(5) + ", " + p(6) + ", " + p(7) + ", " + p(8) + ", " + p(9) + ", " + p(10) + ")"
	return l
}

// Tailer gives the node's tailer, which the application starts and stops.
func (l *Log) Tailer() *Tailer { return l.tailer }

// Append writes the row of a change in the transaction that made it.
func (l *Log) Append(tx *sqldb.Tx, c Change) error {
	e := encoder{d: tx.Dialect()}
	args := []any{
		e.put(query.Time, c.At), c.Table, e.put(query.ID, c.Record), c.Version, int64(c.Op), e.put(query.ID, c.Actor),
		e.put(query.ID, orNil(c.OnBehalfOf)), c.Origin, text(c.Before), text(c.After),
	}
	if e.err != nil {
		return e.err
	}
	if _, err := tx.Exec(l.insert, args...); err != nil {
		return err
	}
	tx.AfterCommit(l.tailer.wake)
	return nil
}

// encoder collects the first error of several encodings.
type encoder struct {
	d   sqldb.Dialect
	err error
}

func (e *encoder) put(k query.Kind, v any) any {
	out, err := query.Encode(e.d, k, v)
	if e.err == nil {
		e.err = err
	}
	return out
}

func orNil(v id.ID) any {
	if v == id.Nil {
		return nil
	}
	return v
}

func text(j json.RawMessage) any {
	if len(j) == 0 {
		return nil
	}
	return string(j)
}

type originKey struct{}

// originMax is how many bytes of an origin are kept.
const originMax = 200

// WithOrigin says in the context what causes the changes to come: "api …",
// "flow …", "event …". It is no secret and carries no personal data: an event is
// named by its place in the stream, as publishers choose their ids themselves.
func WithOrigin(ctx context.Context, origin string) context.Context {
	origin = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, origin), "")
	if len(origin) > originMax {
		origin = strings.ToValidUTF8(origin[:originMax], "") // it may end in half a character
	}
	return context.WithValue(ctx, originKey{}, origin)
}

// Origin gives what WithOrigin said; "" if nothing.
func Origin(ctx context.Context) string {
	s, _ := ctx.Value(originKey{}).(string)
	return s
}
