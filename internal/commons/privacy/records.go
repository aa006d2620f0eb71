package privacy

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// part is how many rows one transaction of an erasure deals with.
const part = 100

// eraseRecords deals with the rows: those that hang on others first, the
// person's own last. They go through the record store like any change, so hooks,
// keys of duplicates and live hints follow.
func (s *Service) eraseRecords(ctx context.Context, _ id.ID, w *work) error {
	sub := w.Subject
	n := sub.needles()
	order := slices.Concat(sub.Mentions, reversed(sub.Linked), sub.Persons)
	for some := range slices.Chunk(order, part) {
		var lines Report
		err := s.o.Store.Write(ctx, func(tx *record.Tx) error {
			lines = Report{} // the closure may run again
			for _, r := range some {
				if r.Kept != "" {
					lines.add("records", r.Table, "kept", r.Kept, 1, r.ID)
					continue
				}
				done, err := s.eraseRow(ctx, tx, r, n)
				if err != nil {
					return err
				}
				switch done {
				case "":
				case "refused":
					lines.add("records", r.Table, "remains", "the table's own rules refused the change", 1, r.ID)
				default:
					lines.add("records", r.Table, done, "", 1, r.ID)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, l := range lines.Lines {
			w.Report.Lines = append(w.Report.Lines, l)
		}
	}
	w.Report.merge()
	return nil
}

func reversed(list []Ref) []Ref {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// eraseRow deals with one row and says what became of it; "" where there is
// nothing left to do.
func (s *Service) eraseRow(ctx context.Context, tx *record.Tx, r Ref, n *needles) (string, error) {
	t, _ := s.tableOf(r.Table)
	if t == nil {
		return "", nil
	}
	row, err := tx.Demand(ctx, t.Name, r.ID, access.Read)
	if errs.Has(err, errs.NotFound) {
		if r.Way == metadata.Remove {
			return "deleted", nil // with what it hung on, or before the process was killed
		}
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if r.Way == metadata.Remove {
		err := tx.SQL().Nested(func() error { return tx.Delete(ctx, t.Name, r.ID, record.Match{}) })
		if err == nil {
			return "deleted", nil
		}
		if !refused(err) {
			return "", err
		}
		r.Way = metadata.Anonymise // other rows need it
	}
	change, done := redacted(t, row, n), "redacted"
	if r.Way == metadata.Anonymise {
		change, done = anonymised(t, row, n), "anonymised"
	}
	if len(change) == 0 {
		return done, nil
	}
	err = tx.SQL().Nested(func() error {
		_, err := tx.Update(ctx, t.Name, r.ID, change, record.Match{})
		return err
	})
	if err != nil && refused(err) {
		return "refused", nil
	}
	return done, err
}

func refused(err error) bool {
	return errs.Has(err, errs.Conflict) || errs.Has(err, errs.Invalid) || errs.Has(err, errs.Forbidden)
}

// merge brings lines that say the same together.
func (r *Report) merge() {
	old := r.Lines
	r.Lines = nil
	for _, l := range old {
		i := slices.IndexFunc(r.Lines, func(o Line) bool {
			return o.Store == l.Store && o.Table == l.Table && o.Done == l.Done && o.Reason == l.Reason
		})
		if i < 0 {
			r.Lines = append(r.Lines, l)
			continue
		}
		r.Lines[i].Count += l.Count
		for _, k := range l.IDs {
			if len(r.Lines[i].IDs) < idsMost && !slices.Contains(r.Lines[i].IDs, k) {
				r.Lines[i].IDs = append(r.Lines[i].IDs, k)
			}
		}
	}
}
