package changelog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Fault is something in the chain or the log that is not as it was sealed.
type Fault struct {
	Kind    string `json:"kind"`            // changed, removed, inserted, erased, unordered, seal, signature, chain, anchor
	Seal    int64  `json:"seal,omitempty"`  // the seal that tells
	Seq     int64  `json:"seq,omitempty"`   // the row
	Table   string `json:"table,omitempty"` // of the row, if it is there
	Record  id.ID  `json:"record,omitzero"` // of the row, if it is there
	Message string `json:"message"`
}

// Report is what a walk along a part of the chain has found.
type Report struct {
	Seals  int64   `json:"seals"`
	Rows   int64   `json:"rows"`   // that are as they were sealed
	Cut    int64   `json:"cut"`    // that retention has let go, as the chain says
	Erased int64   `json:"erased"` // that are without values, as the chain says
	Next   int64   `json:"next"`   // the seal to go on with; 0 at the end of the chain
	Head   string  `json:"head"`   // hash of the last seal that was looked at
	Number int64   `json:"number"` // its number
	Open   int64   `json:"open"`   // rows behind the last seal, at the end of the chain
	Faults []Fault `json:"faults"` // in the order of the chain; the first is the first bad row
}

// Anchor gives the last seal that was looked at, as it is noted elsewhere.
func (r *Report) Anchor() string { return fmt.Sprintf("%d:%s", r.Number, r.Head) }

// faultsMost bounds a report.
const faultsMost = 100

// VerifyOptions say what part of the chain to walk and by which key.
type VerifyOptions struct {
	Keys *secret.Box // checks signatures; nil leaves them alone
	From int64       // the first seal to look at; 0 means the first there is
	Most int         // how many seals to look at; 0 means all
}

// Verify walks along the chain and compares the rows with it. It takes as long
// as the log is; Report.Next lets it be done in parts.
func (l *Log) Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	v := &verifier{l: l, o: o, out: Report{Faults: []Fault{}}}
	from := max(o.From, 1)
	if from > 1 {
		before, err := l.seals(ctx, l.db.Query, "WHERE number = "+l.db.Dialect().Placeholder(1), from-1)
		if err != nil {
			return v.out, err
		}
		if len(before) > 0 {
			v.previous = &before[0]
		}
		if _, err := l.db.QueryRow(ctx, "SELECT COALESCE(MAX(lastseq), 0) FROM changeseal WHERE kind = 1 AND number < "+l.db.Dialect().Placeholder(1), []any{from}, &v.through); err != nil {
			return v.out, err
		}
	}
	for next := from; ; {
		n := sealPage
		if o.Most > 0 {
			n = min(n, o.Most-int(v.out.Seals))
		}
		if n <= 0 {
			v.out.Next = next
			return v.out, nil
		}
		list, err := l.seals(ctx, l.db.Query, "WHERE number >= "+l.db.Dialect().Placeholder(1)+" ORDER BY number LIMIT "+l.db.Dialect().Placeholder(2), next, n)
		if err != nil {
			return v.out, err
		}
		if len(list) == 0 {
			return v.out, v.end(ctx)
		}
		for i := range list {
			if err := v.seal(ctx, &list[i]); err != nil || len(v.out.Faults) >= faultsMost {
				return v.out, err
			}
			next = list[i].Number + 1
		}
	}
}

const sealPage = 50

type verifier struct {
	l        *Log
	o        VerifyOptions
	previous *Seal
	through  int64 // rows up to here have been looked at
	out      Report
}

func (v *verifier) fault(kind string, s *Seal, row *logged, seq int64, format string, args ...any) {
	f := Fault{Kind: kind, Seal: s.Number, Seq: seq, Message: fmt.Sprintf(format, args...)}
	if row != nil {
		f.Table, f.Record = row.Table, row.Record
	}
	v.out.Faults = append(v.out.Faults, f)
}

// seal looks at one seal and at what it covers.
func (v *verifier) seal(ctx context.Context, s *Seal) error {
	v.out.Seals++
	v.out.Head, v.out.Number = s.Hash, s.Number
	v.link(s)
	if s.Kind != SealRows {
		return nil
	}
	if s.First != v.through {
		v.fault("chain", s, nil, 0, "seal %d begins behind row %d, the one before ends at row %d", s.Number, s.First, v.through)
	}
	if err := v.rows(ctx, s); err != nil {
		return err
	}
	v.through = max(v.through, s.Last)
	return nil
}

// link looks at the seal itself.
func (v *verifier) link(s *Seal) {
	switch p := v.previous; {
	case p == nil && (s.Number != 1 || s.Previous != ""):
		v.fault("chain", s, nil, 0, "seal %d is the first there is, but not the first of the chain", s.Number)
	case p != nil && s.Number != p.Number+1:
		v.fault("chain", s, nil, 0, "seals %d to %d are missing", p.Number+1, s.Number-1)
	case p != nil && s.Previous != p.Hash:
		v.fault("chain", s, nil, 0, "seal %d does not continue seal %d", s.Number, p.Number)
	}
	v.previous = s
	sum := sha256.Sum256(s.entries)
	if s.entries != nil && hex.EncodeToString(sum[:]) != s.digest || s.hashed() != s.Hash {
		v.fault("seal", s, nil, 0, "seal %d has been changed", s.Number)
	}
	if v.o.Keys == nil {
		return
	}
	signature, err := hex.DecodeString(s.Signature)
	switch {
	case s.KeyID == "":
		v.fault("signature", s, nil, 0, "seal %d is not signed", s.Number)
	case !v.o.Keys.Has(s.KeyID):
		v.fault("signature", s, nil, 0, "seal %d was signed with another key (%s)", s.Number, s.KeyID)
	case err != nil || !v.o.Keys.Signed(signing, []byte(s.Hash), signature):
		v.fault("signature", s, nil, 0, "the signature of seal %d is wrong", s.Number)
	}
}

// rows compares the rows that a seal covers with its entries.
func (v *verifier) rows(ctx context.Context, s *Seal) error {
	rows, err := v.l.rowsOf(ctx, s.First, s.Last, SealBatch+faultsMost)
	if err != nil {
		return err
	}
	if s.entries == nil {
		return v.emptied(ctx, s, rows)
	}
	entries, err := unpackEntries(s.First, s.entries)
	if err != nil {
		v.fault("seal", s, nil, 0, "the entries of seal %d can't be read", s.Number)
		return nil
	}
	if err := v.erasures(ctx, s, rows); err != nil {
		return err
	}
	cut, err := v.cuts(ctx, s, missing(entries, rows))
	if err != nil {
		return err
	}
	i := 0
	for _, e := range entries {
		for ; i < len(rows) && rows[i].Seq < e.seq; i++ {
			v.fault("inserted", s, &rows[i], rows[i].Seq, "row %d (%s %s) was not there when it was sealed", rows[i].Seq, rows[i].Table, rows[i].Record)
		}
		if i >= len(rows) || rows[i].Seq > e.seq {
			if cut[e.seq] {
				v.out.Cut++
			} else {
				v.fault("removed", s, nil, e.seq, "row %d has been removed", e.seq)
			}
			continue
		}
		if rows[i].sum() != e.sum {
			v.fault("changed", s, &rows[i], e.seq, "row %d (%s %s) has been changed", e.seq, rows[i].Table, rows[i].Record)
		} else {
			v.out.Rows++
		}
		i++
	}
	for ; i < len(rows); i++ {
		v.fault("inserted", s, &rows[i], rows[i].Seq, "row %d (%s %s) was not there when it was sealed", rows[i].Seq, rows[i].Table, rows[i].Record)
	}
	return nil
}

// missing lists the rows of a seal that are not there.
func missing(entries []entry, rows []logged) []int64 {
	there := make(map[int64]bool, len(rows))
	for i := range rows {
		there[rows[i].Seq] = true
	}
	var out []int64
	for _, e := range entries {
		if !there[e.seq] {
			out = append(out, e.seq)
		}
	}
	return out
}

// emptied looks at a seal whose rows have all been cut.
func (v *verifier) emptied(ctx context.Context, s *Seal, rows []logged) error {
	for i := range rows {
		v.fault("inserted", s, &rows[i], rows[i].Seq, "row %d (%s %s) stands where all rows have been cut", rows[i].Seq, rows[i].Table, rows[i].Record)
	}
	all, err := v.covering(ctx, SealCut, s.First+1, s.Last)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, c := range all {
		for _, r := range c {
			n += max(0, min(r.last, s.Last)-max(r.first, s.First+1)+1)
		}
	}
	if n != s.Count {
		v.fault("removed", s, nil, s.First+1, "%d rows of seal %d are gone, %d of them by a cut", s.Count, s.Number, n)
	}
	v.out.Cut += n
	return nil
}

// cuts tells which missing rows retention has let go.
func (v *verifier) cuts(ctx context.Context, s *Seal, gone []int64) (map[int64]bool, error) {
	if len(gone) == 0 {
		return nil, nil
	}
	all, err := v.covering(ctx, SealCut, gone[0], gone[len(gone)-1])
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	for _, seq := range gone {
		for _, r := range all {
			out[seq] = out[seq] || r.has(seq)
		}
	}
	return out, nil
}

// erasures makes sure that rows without values are in a seal of an erasure.
func (v *verifier) erasures(ctx context.Context, s *Seal, rows []logged) error {
	by := map[id.ID][]*logged{}
	for i := range rows {
		if rows[i].Erasure != id.Nil {
			by[rows[i].Erasure] = append(by[rows[i].Erasure], &rows[i])
		}
	}
	for erasure, list := range by {
		first, last := list[0].pos, list[0].pos
		for _, r := range list {
			first, last = min(first, r.pos), max(last, r.pos)
		}
		all, err := v.coveringOf(ctx, SealErased, first, last, erasure.String())
		if err != nil {
			return err
		}
		for _, r := range list {
			known := false
			for _, e := range all {
				known = known || e.has(r.pos)
			}
			if known {
				v.out.Erased++
			} else {
				v.fault("erased", s, r, r.Seq, "row %d (%s %s) is without its values, and no erasure says why", r.Seq, r.Table, r.Record)
			}
		}
	}
	return nil
}

func (v *verifier) covering(ctx context.Context, kind SealKind, first, last int64) ([]runs, error) {
	return v.coveringOf(ctx, kind, first, last, "")
}

// coveringOf reads what seals of a kind say of a range of numbers. Seals that
// have been tampered with say nothing.
func (v *verifier) coveringOf(ctx context.Context, kind SealKind, first, last int64, of string) ([]runs, error) {
	p := v.l.db.Dialect().Placeholder
	where, args := "WHERE kind = "+p(1)+" AND lastseq >= "+p(2)+" AND firstseq <= "+p(3), []any{int64(kind), first, last}
	if of != "" {
		where, args = where+" AND tablename = "+p(4), append(args, of)
	}
	list, err := v.l.seals(ctx, v.l.db.Query, where+" ORDER BY number", args...)
	if err != nil {
		return nil, err
	}
	var out []runs
	for i := range list {
		sum := sha256.Sum256(list[i].entries)
		if hex.EncodeToString(sum[:]) != list[i].digest || list[i].hashed() != list[i].Hash {
			continue
		}
		r, err := unpackNumbers(list[i].entries)
		if err != nil {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// end looks at what is behind the last seal, and at rows that stand where no
// seal looks: before the first position, or on PostgreSQL outside the order.
func (v *verifier) end(ctx context.Context) error {
	p := v.l.db.Dialect().Placeholder
	open, outside := "SELECT COUNT(*) FROM changelog WHERE pos > "+p(1), "SELECT COALESCE(MIN(pos), 0), COUNT(*) FROM changelog WHERE pos < 1"
	if v.l.db.Dialect() == sqldb.Postgres {
		open = "SELECT COUNT(*) FROM changeorder WHERE seq > " + p(1)
		outside = "SELECT COALESCE(MIN(c.pos), 0), COUNT(*) FROM changelog c LEFT JOIN changeorder o ON o.pos = c.pos WHERE c.tid < (SELECT below FROM changehorizon) AND COALESCE(o.seq, 0) < 1"
	}
	if _, err := v.l.db.QueryRow(ctx, open, []any{v.through}, &v.out.Open); err != nil {
		return err
	}
	var pos, n int64
	if _, err := v.l.db.QueryRow(ctx, outside, nil, &pos, &n); err != nil {
		return err
	}
	if n > 0 {
		v.out.Faults = append(v.out.Faults, Fault{Kind: "unordered", Message: fmt.Sprintf("%d rows stand outside the order, the first at position %d", n, pos)})
	}
	return nil
}

// Anchored tells whether the chain still holds a seal that was noted elsewhere
// as "number:hash": a chain that was cut off and grown anew does not.
func (l *Log) Anchored(ctx context.Context, anchor string) (bool, error) {
	var number int64
	var hash string
	if _, err := fmt.Sscanf(strings.Replace(anchor, ":", " ", 1), "%d %s", &number, &hash); err != nil {
		return false, errAnchor
	}
	var have string
	found, err := l.db.QueryRow(ctx, "SELECT hash FROM changeseal WHERE number = "+l.db.Dialect().Placeholder(1), []any{number}, &have)
	return found && have == hash, err
}
