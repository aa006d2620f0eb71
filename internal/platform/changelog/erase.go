package changelog

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

var errAnchor = errs.New(errs.Invalid, "changelog.anchor", "an anchor is the number of a seal, a colon and its hash")

// Content is what an erasure may take from a row.
type Content struct {
	Before, After json.RawMessage
	Address       string
}

// Eraser replaces what change rows say of a person.
type Eraser struct {
	Log     *Log
	Erasure id.ID       // names the erasure, in the rows and in the chain
	Keys    *secret.Box // signs the seal; nil where there is no key
	Now     time.Time

	done []int64
}

// Record goes through all changes of one record, in the transaction given, and
// replaces the content of those of which rewrite says so. What is put in their
// place is up to rewrite: the images without some columns, or none at all.
// It tells how many rows it has replaced. Finish is called once at the end, in
// the same transaction.
//
// The digest of the old content stays and its salt goes, so that the chain still
// verifies and nobody can tell by trying what the values were.
func (e *Eraser) Record(tx *sqldb.Tx, table string, record id.ID, rewrite func(Change) (Content, bool)) (n int, err error) {
	key, err := query.Encode(tx.Dialect(), query.ID, record)
	if err != nil {
		return 0, err
	}
	p := tx.Dialect().Placeholder
	for after := int64(0); ; {
		rows, err := e.Log.erasable(tx, "c.recordid = "+p(1)+" AND c.tablename = "+p(2)+" AND c.pos > "+p(3)+" ORDER BY c.pos LIMIT 500", key, table, after)
		if err != nil || len(rows) == 0 {
			return n, err
		}
		after = rows[len(rows)-1].pos
		did, err := e.replace(tx, rows, rewrite)
		if n += did; err != nil {
			return n, err
		}
	}
}

// At does the same for single rows by their positions, which History and At give.
func (e *Eraser) At(tx *sqldb.Tx, positions []int64, rewrite func(Change) (Content, bool)) (n int, err error) {
	for _, pos := range positions {
		rows, err := e.Log.erasable(tx, "c.pos = "+tx.Dialect().Placeholder(1), pos)
		if err != nil {
			return n, err
		}
		did, err := e.replace(tx, rows, rewrite)
		if n += did; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (e *Eraser) replace(tx *sqldb.Tx, rows []logged, rewrite func(Change) (Content, bool)) (n int, err error) {
	p := tx.Dialect().Placeholder
	enc := encoder{d: tx.Dialect()}
	for i := range rows {
		r := &rows[i]
		to, wanted := rewrite(r.Change)
		if !wanted {
			continue
		}
		digest := r.digest
		if r.Erasure == id.Nil {
			sum := contentDigest(r.salt, &r.Change)
			digest = hex.EncodeToString(sum[:])
		}
		args := []any{text(to.Before), text(to.After), orEmpty(to.Address), digest, enc.put(query.ID, e.Erasure), r.pos}
		if enc.err != nil {
			return n, enc.err
		}
		if _, err := tx.Exec("UPDATE changelog SET before = "+p(1)+", after = "+p(2)+", address = "+p(3)+", salt = NULL, digest = "+p(4)+", erasure = "+p(5)+" WHERE pos = "+p(6), args...); err != nil {
			return n, err
		}
		e.done = append(e.done, r.pos)
		n++
	}
	return n, nil
}

// Finish writes into the chain what has been erased, in the transaction that
// did it.
func (e *Eraser) Finish(ctx context.Context, tx *sqldb.Tx) error {
	if len(e.done) == 0 {
		return nil
	}
	slices.Sort(e.done)
	list := slices.Compact(e.done)
	last, err := e.Log.lockChain(ctx, tx)
	if err != nil {
		return err
	}
	s := Seal{Kind: SealErased, First: list[0], Last: list[len(list)-1], Count: int64(len(list)), Table: e.Erasure.String(), At: e.Now.UTC().Truncate(time.Microsecond), entries: packNumbers(list)}
	s.finish(last, e.Keys)
	e.done = nil
	tx.AfterCommit(e.Log.tailer.recent.forget)
	return putSeal(tx, &s)
}

// erasable reads rows with what their digests are made of, in the transaction.
// Seq is the position, as in History.
func (l *Log) erasable(tx *sqldb.Tx, where string, args ...any) ([]logged, error) {
	rows, err := tx.Query("SELECT c.pos, "+columns+", c.pos, c.salt, c.digest FROM changelog c WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	return l.scanLogged(rows)
}
