package changelog

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Log writes and reads the change log of one database.
type Log struct {
	db       *sqldb.DB
	tailer   *Tailer
	insert   string
	insertAt string
	many     sync.Map // the statement that writes so many rows, by their number
}

// New gives the change log of a database.
func New(db *sqldb.DB) *Log {
	l := &Log{db: db, insert: insertAt(db.Dialect(), false), insertAt: insertAt(db.Dialect(), true)}
	l.tailer = newTailer(l)
	return l
}

// written are the columns that a writer gives, with what PostgreSQL calls their types.
const written = "at, tablename, recordid, version, op, actorid, onbehalfof, origin, before, after, channel, address, salt"

var writtenColumns = strings.Split(written, ", ")

var writtenTypes = []string{"timestamptz", "text", "uuid", "bigint", "bigint", "uuid", "uuid", "text", "text", "text", "text", "text", "uuid"}

// args gives a row's values in the order of written.
func (e *encoder) args(c Change, more int) []any {
	out := make([]any, 0, len(writtenTypes)+more)
	return e.appendArgs(out, c)
}

func (e *encoder) appendArgs(out []any, c Change) []any {
	return append(out, e.put(query.Time, c.At), c.Table, e.put(query.ID, c.Record), c.Version, int64(c.Op), e.put(query.ID, c.Actor), e.put(query.ID, orNil(c.OnBehalfOf)),
		c.Origin, text(c.Before), text(c.After), orEmpty(string(c.Channel)), orEmpty(c.Address), e.put(query.ID, newSalt()))
}

// newSalt makes the salt of a row's digest: without it nobody can tell by trying
// whether an erased value was a certain one.
func newSalt() (salt id.ID) {
	rand.Read(salt[:]) // ends the program if the system has no randomness
	return salt
}

func orEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Tailer gives the node's tailer, which the application starts and stops.
func (l *Log) Tailer() *Tailer { return l.tailer }

// Append writes the row of a change in the transaction that made it.
func (l *Log) Append(tx *sqldb.Tx, c Change) error {
	e := encoder{d: tx.Dialect()}
	args := e.args(c, 0)
	if e.err != nil {
		return e.err
	}
	_, last, err := tx.Insert(l.insert, args...)
	if err == nil {
		l.appended(tx, last, c)
	}
	return err
}

// appended tells the tailer of changes once they are committed.
func (l *Log) appended(tx *sqldb.Tx, last int64, changes ...Change) {
	for i := range changes {
		changes[i].At = changes[i].At.UTC().Truncate(time.Microsecond) // as it is read
	}
	tx.AfterCommit(func() { l.tailer.offer(last, changes) })
}

// AppendAt is Append by a writer that holds the table's definitions of an
// epoch: it writes nothing and gives false where the table is at another epoch
// by now. The statement looks after the caller's own writes have taken their
// locks, so a change of the table is either seen here or waits for this
// transaction: see package customise.
func (l *Log) AppendAt(tx *sqldb.Tx, c Change, epoch int64) (bool, error) {
	e := encoder{d: tx.Dialect()}
	args := append(e.args(c, 2), c.Table, epoch)
	if e.err != nil {
		return false, e.err
	}
	n, last, err := tx.Insert(l.insertAt, args...)
	if err != nil || n == 0 {
		return false, err
	}
	l.appended(tx, last, c)
	return true, nil
}

// insertAt is the text of Append, and with an epoch that of AppendAt. PostgreSQL
// wants to be told the types of what a SELECT is made of.
func insertAt(d sqldb.Dialect, epoch bool) string {
	marks := make([]string, len(writtenTypes))
	for i, t := range writtenTypes {
		marks[i] = d.Next(i + 1)
		if d == sqldb.Postgres {
			marks[i] += "::" + t
		}
	}
	out := "INSERT INTO changelog (" + written + ") SELECT " + strings.Join(marks, ", ")
	if !epoch {
		return out
	}
	return out + " WHERE COALESCE((SELECT epoch FROM schemaepoch WHERE tablename = " + d.Next(len(marks)+1) + "), 0) = " + d.Next(len(marks)+2)
}

// encoder collects the first error of several encodings.
type encoder struct {
	d      sqldb.Dialect
	copied bool // for COPY
	err    error
}

func (e *encoder) put(k query.Kind, v any) any {
	encode := query.Encode
	if e.copied {
		encode = query.EncodeCopy
	}
	out, err := encode(e.d, k, v)
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
