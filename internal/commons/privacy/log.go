package privacy

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// eraseLog takes the person out of the change log, whose chain keeps on
// verifying, and out of what else keeps former values beside the records.
func (s *Service) eraseLog(ctx context.Context, request id.ID, w *work) error {
	sub := w.Subject
	n := sub.needles()
	own := sub.own()
	kept := map[Ref]bool{}
	for _, list := range [][]Ref{sub.Linked, sub.Mentions} {
		for _, r := range list {
			if r.Kept != "" {
				kept[Ref{Table: r.Table, ID: r.ID}] = true
			}
		}
	}
	for some := range slices.Chunk(slices.Concat(sub.touched(), s.binnedWays(sub, kept)), part) {
		count := map[string]int{}
		err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			clear(count)
			e := &changelog.Eraser{Log: s.o.Log, Erasure: request, Keys: s.o.Keys, Now: s.o.Clock.Now()}
			for _, r := range some {
				done, err := e.Record(tx, r.Table, r.ID, s.rewrite(r, n, own[Ref{Table: r.Table, ID: r.ID}]))
				if err != nil {
					return err
				}
				count[r.Table] += done
			}
			return e.Finish(ctx, tx)
		})
		if err != nil {
			return err
		}
		for table, c := range count {
			w.Report.add("changes", table, "redacted", "", c)
		}
	}
	if err := s.eraseElsewhere(ctx, request, w, n, kept); err != nil {
		return err
	}
	return s.eraseBin(ctx, w, n, kept)
}

// binnedWays says what becomes of the history of rows in the recycle bin.
func (s *Service) binnedWays(sub *Subject, kept map[Ref]bool) (out []Ref) {
	for _, r := range sub.Binned {
		if t, _ := s.tableOf(r.Table); t != nil && !kept[r] && (t.Privacy != nil && t.Privacy.Person || t.Way() == metadata.Remove) {
			out = append(out, Ref{Table: r.Table, ID: r.ID, Way: metadata.Remove})
		}
	}
	return out
}

// rewrite says what is to stand in the change rows of a record.
func (s *Service) rewrite(r Ref, n *needles, own bool) func(changelog.Change) (changelog.Content, bool) {
	_, columns := s.tableOf(r.Table)
	if r.Way == "" {
		columns = nil
	}
	return func(c changelog.Change) (changelog.Content, bool) {
		out := changelog.Content{Address: c.Address}
		if r.Way != metadata.Remove {
			out.Before, out.After = stripped(c.Before, columns, n, own), stripped(c.After, columns, n, own)
		}
		if own {
			out.Address = "" // of a form, it would be the person's
		}
		return out, !equalJSON(out.Before, c.Before) || !equalJSON(out.After, c.After) || out.Address != c.Address
	}
}

func equalJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || len(x) != len(y) {
		return false
	}
	for k, v := range x {
		if string(v) != string(y[k]) {
			return false
		}
	}
	return true
}

// eraseElsewhere looks through the whole log for addresses of the person: in
// rows of records that no longer name him, or that are gone.
func (s *Service) eraseElsewhere(ctx context.Context, request id.ID, w *work, n *needles, kept map[Ref]bool) error {
	d := s.o.DB.Dialect()
	const images = "(COALESCE(before, '') || ' ' || COALESCE(after, ''))"
	find := like(d, images, slices.Concat(n.emails, n.visitors))
	if find.text == "" {
		return nil
	}
	l, err := s.looking(ctx, w.Who.Thorough)
	if err != nil {
		return err
	}
	parts, err := l.changes(ctx, n, len(find.args)+1)
	if err != nil {
		return err
	}
	type hit struct {
		pos int64
		ref Ref
	}
	var hits []hit
	see := func(text string, args []any) error {
		rows, err := s.o.DB.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var h hit
			var raw any
			var found string
			if err := rows.Scan(&h.pos, &h.ref.Table, &raw, &found); err != nil {
				return err
			}
			v, err := query.Decode(d, query.ID, 0, raw)
			if err != nil {
				return err
			}
			h.ref.ID, _ = v.(id.ID)
			if !kept[h.ref] && n.named(found) {
				hits = append(hits, h)
			}
		}
		return rows.Err()
	}
	for _, p := range parts {
		if err := see("SELECT pos, tablename, recordid, "+images+" FROM changelog WHERE ("+find.text+")"+p.text, slices.Concat(find.args, p.args)); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(hits, part) {
		err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			e := &changelog.Eraser{Log: s.o.Log, Erasure: request, Keys: s.o.Keys, Now: s.o.Clock.Now()}
			for _, h := range some {
				ref := h.ref
				if t, _ := s.tableOf(ref.Table); t == nil || t.Privacy != nil && (t.Privacy.Person || t.Privacy.Copy) {
					ref.Way = metadata.Remove // of a row that is gone
				}
				if _, err := e.At(tx, []int64{h.pos}, s.rewrite(ref, n, false)); err != nil {
					return err
				}
			}
			return e.Finish(ctx, tx)
		})
		if err != nil {
			return err
		}
		for _, h := range some {
			w.Report.add("changes", h.ref.Table, "redacted", "", 1)
			if !slices.ContainsFunc(w.Subject.Mentions, func(r Ref) bool { return r.Table == h.ref.Table && r.ID == h.ref.ID }) {
				w.Subject.Mentions = append(w.Subject.Mentions, Ref{Table: h.ref.Table, ID: h.ref.ID}) // the lake has it, too
			}
		}
	}
	return nil
}
