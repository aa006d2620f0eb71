package changelog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// SealKind is what a seal is about.
type SealKind int64

// The kinds of seals.
const (
	SealRows   SealKind = 1 // rows that have been written
	SealCut    SealKind = 2 // rows that retention has let go
	SealErased SealKind = 3 // rows whose values an erasure has taken away
)

// Seal is a link of the chain: it names what it covers by digests, and the seal
// before it by its hash.
type Seal struct {
	Number      int64
	Kind        SealKind
	First, Last int64 // of rows: above First and up to Last; of a cut: the first and the last Seq; of an erasure: of the positions
	Count       int64
	Table       string    // of a cut; of an erasure its id
	CutBefore   time.Time // of a cut: rows sealed until then went
	At          time.Time
	Previous    string // hash of the seal before; "" of the first
	Hash        string
	KeyID       string // the key that signed; "" where there was none
	Signature   string

	entries []byte // nil once all rows are cut
	digest  string // of the entries
}

// SealBatch is how many rows a seal covers at most.
const SealBatch = 1000

// signing is the place of signatures; see package secret.
const signing = "change log seal"

// hashed gives the hash of the seal's content.
func (s *Seal) hashed() string {
	d := newDigester("rapport change seal 1")
	for _, n := range []int64{s.Number, int64(s.Kind), s.First, s.Last, s.Count, s.At.UnixMicro()} {
		d.int(n)
	}
	if s.Kind != SealRows {
		d.text(s.Table)
	}
	if s.Kind == SealCut {
		d.int(s.CutBefore.UnixMicro())
	}
	d.text(s.digest)
	d.text(s.Previous)
	sum := d.sum()
	return hex.EncodeToString(sum[:])
}

func (s *Seal) finish(previous *Seal, keys *secret.Box) {
	s.Number = 1
	if previous != nil {
		s.Number, s.Previous = previous.Number+1, previous.Hash
	}
	sum := sha256.Sum256(s.entries)
	s.digest = hex.EncodeToString(sum[:])
	s.Hash = s.hashed()
	if keys != nil {
		s.KeyID, s.Signature = keys.KeyID(), hex.EncodeToString(keys.Sign(signing, []byte(s.Hash)))
	}
}

// entry is a row in a seal.
type entry struct {
	seq int64
	sum [digestSize]byte
}

// packEntry adds the entry of a row to those of a seal; after is the Seq of the
// row before it.
func packEntry(out []byte, after int64, row *logged) []byte {
	out = binary.AppendUvarint(out, uint64(row.Seq-after))
	sum := row.sum()
	return append(out, sum[:]...)
}

var errEntries = errors.New("the entries of the seal can't be read")

func unpackEntries(after int64, raw []byte) (out []entry, err error) {
	for len(raw) > 0 {
		step, n := binary.Uvarint(raw)
		if n <= 0 || len(raw) < n+digestSize || step == 0 || step > 1<<62 {
			return nil, errEntries
		}
		after += int64(step)
		e := entry{seq: after}
		copy(e.sum[:], raw[n:])
		raw = raw[n+digestSize:]
		out = append(out, e)
	}
	return out, nil
}

// Seal seals one batch of what is committed and not sealed yet, and tells how
// many rows that were; 0 when there is nothing left, or another node is at it.
// Keys may be nil: the chain then stands without signatures.
func (l *Log) Seal(ctx context.Context, keys *secret.Box, now time.Time) (int, error) {
	last, err := l.lastSeal(ctx, l.db.Query)
	if err != nil {
		return 0, err
	}
	sealed, err := l.sealedThrough(ctx)
	if err != nil {
		return 0, err
	}
	s := Seal{Kind: SealRows, First: sealed, Last: sealed, At: now.UTC().Truncate(time.Microsecond)}
	// Rows are packed as they come: a batch of large ones need not be in memory.
	err = l.eachOf(ctx, sealed, 1<<62, SealBatch, func(row logged) {
		s.entries = packEntry(s.entries, s.Last, &row)
		s.Last, s.Count = row.Seq, s.Count+1
	})
	if err != nil || s.Count == 0 {
		return 0, err
	}
	s.finish(last, keys)
	written := false
	err = l.db.Write(ctx, func(tx *sqldb.Tx) error {
		written = false
		current, err := l.lockChain(ctx, tx)
		if err != nil || number(current) != number(last) {
			return err // another node has sealed, or cut, in the meantime
		}
		written = true
		return putSeal(tx, &s)
	})
	if err != nil || !written {
		return 0, err
	}
	return int(s.Count), nil
}

func number(s *Seal) int64 {
	if s == nil {
		return 0
	}
	return s.Number
}

// lockChain lets one transaction at a time add to the chain, and gives its end.
func (l *Log) lockChain(ctx context.Context, tx *sqldb.Tx) (*Seal, error) {
	if err := tx.Lock("changelog.seal"); err != nil {
		return nil, err
	}
	return l.lastSeal(ctx, func(_ context.Context, text string, args ...any) (*sqldb.Rows, error) { return tx.Query(text, args...) })
}

func putSeal(tx *sqldb.Tx, s *Seal) error {
	e := encoder{d: tx.Dialect()}
	args := []any{s.Number, int64(s.Kind), s.First, s.Last, s.Count, s.entries, s.digest, s.Table, nil, s.Previous, s.Hash, e.put(query.Time, s.At), s.KeyID, s.Signature}
	if s.Kind == SealCut {
		args[8] = e.put(query.Time, s.CutBefore)
	}
	if e.err != nil {
		return e.err
	}
	text := "INSERT INTO changeseal (number, kind, firstseq, lastseq, count, entries, entriesdigest, tablename, cutbefore, previous, hash, at, keyid, signature) VALUES ("
	for i := range args {
		if i > 0 {
			text += ", "
		}
		text += tx.Dialect().Placeholder(i + 1)
	}
	_, err := tx.Exec(text+")", args...)
	return err
}

type querier func(ctx context.Context, text string, args ...any) (*sqldb.Rows, error)

const sealColumns = "number, kind, firstseq, lastseq, count, entries, entriesdigest, tablename, cutbefore, previous, hash, at, keyid, signature"

func (l *Log) lastSeal(ctx context.Context, ask querier) (*Seal, error) {
	list, err := l.seals(ctx, ask, "ORDER BY number DESC LIMIT 1")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// LastSeal gives the end of the chain; found is false where nothing is sealed.
func (l *Log) LastSeal(ctx context.Context) (s Seal, found bool, err error) {
	last, err := l.lastSeal(ctx, l.db.Query)
	if err != nil || last == nil {
		return Seal{}, false, err
	}
	return *last, true, nil
}

// sealedThrough gives the Seq up to which rows are sealed.
func (l *Log) sealedThrough(ctx context.Context) (seq int64, err error) {
	_, err = l.db.QueryRow(ctx, "SELECT COALESCE(MAX(lastseq), 0) FROM changeseal WHERE kind = 1", nil, &seq)
	return seq, err
}

func (l *Log) seals(ctx context.Context, ask querier, rest string, args ...any) ([]Seal, error) {
	rows, err := ask(ctx, "SELECT "+sealColumns+" FROM changeseal "+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Seal
	for rows.Next() {
		var s Seal
		var cut, at any
		if err := rows.Scan(&s.Number, &s.Kind, &s.First, &s.Last, &s.Count, &s.entries, &s.digest, &s.Table, &cut, &s.Previous, &s.Hash, &at, &s.KeyID, &s.Signature); err != nil {
			return nil, err
		}
		d := decoder{d: l.db.Dialect()}
		s.At, s.CutBefore = as[time.Time](&d, query.Time, at), as[time.Time](&d, query.Time, cut)
		if d.err != nil {
			return nil, d.err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// rowsOf reads rows above and up to positions with what their digests are made of.
func (l *Log) rowsOf(ctx context.Context, after, through int64, limit int) (out []logged, err error) {
	err = l.eachOf(ctx, after, through, limit, func(row logged) { out = append(out, row) })
	return out, err
}

func (l *Log) eachOf(ctx context.Context, after, through int64, limit int, fn func(logged)) error {
	p := l.db.Dialect().Placeholder
	from, seq := "changelog c", "c.pos"
	if l.db.Dialect() == sqldb.Postgres {
		from, seq = "changeorder o JOIN changelog c ON c.pos = o.pos", "o.seq"
	}
	rows, err := l.db.Query(ctx, "SELECT "+seq+", "+columns+", c.pos, c.salt, c.digest FROM "+from+" WHERE "+seq+" > "+p(1)+" AND "+seq+" <= "+p(2)+" ORDER BY "+seq+" LIMIT "+p(3), after, through, limit)
	if err != nil {
		return err
	}
	return l.eachLogged(rows, fn)
}
