package privacy

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// plan finds a person and decides what becomes of each row: as its table's
// policy says, but for rows under a hold or to be kept for some years.
func (s *Service) plan(ctx context.Context, who Who) (*Subject, error) {
	sub, err := s.locate(ctx, who)
	if err != nil {
		return nil, err
	}
	holds, err := s.holds(ctx)
	if err != nil {
		return nil, err
	}
	for i := range sub.Persons {
		p := &sub.Persons[i]
		t, _ := s.o.Catalog().Table(p.Table)
		p.Way, p.Kept = t.Way(), holds[p.ID]
	}
	for _, list := range [][]Ref{sub.Linked, sub.Mentions} {
		for i := range list {
			list[i].Kept = holds[list[i].ID]
		}
		if err := s.keepRetained(ctx, list); err != nil {
			return nil, err
		}
	}
	return sub, s.keepRunning(ctx, sub)
}

// keepRetained marks the rows that the law, or the organisation, wants kept.
func (s *Service) keepRetained(ctx context.Context, list []Ref) error {
	at := map[Ref]int{}
	for i, r := range list {
		at[Ref{Table: r.Table, ID: r.ID}] = i
	}
	for table, keys := range byTable(list) {
		t, ok := s.o.Catalog().Table(table)
		if !ok || t.Privacy == nil || t.Privacy.Retain == nil {
			continue
		}
		err := s.rows(ctx, t, keys, []string{t.ID, "createdon"}, func(row record.Row) {
			if i := at[Ref{Table: table, ID: row.ID(t.ID)}]; list[i].Kept == "" {
				list[i].Kept = s.retained(t, row)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keepRunning marks runs of flows that are under way: they would write what is
// taken away anew. Erasing again once they have ended takes them.
func (s *Service) keepRunning(ctx context.Context, sub *Subject) error {
	t, ok := s.o.Catalog().Table("rpt_flowrun")
	if !ok {
		return nil
	}
	for _, list := range [][]Ref{sub.Linked, sub.Mentions} {
		var keys []id.ID
		for _, r := range list {
			if r.Table == t.Name {
				keys = append(keys, r.ID)
			}
		}
		running := map[id.ID]bool{}
		err := s.rows(ctx, t, keys, []string{t.ID, "rpt_status"}, func(row record.Row) {
			if st := row.Int("rpt_status"); st == 0 || st == 3 {
				running[row.ID(t.ID)] = true
			}
		})
		if err != nil {
			return err
		}
		for i, r := range list {
			if r.Table == t.Name && running[r.ID] {
				list[i].Kept = "the run is under way: erase again when it has ended"
			}
		}
	}
	return nil
}

// rows reads rows by id.
func (s *Service) rows(ctx context.Context, t *metadata.Table, keys []id.ID, columns []string, each func(record.Row)) error {
	for some := range slices.Chunk(keys, 500) {
		values := make([]any, len(some))
		for i, k := range some {
			values[i] = k
		}
		page, err := s.o.Store.Find(ctx, query.Query{Table: t.Name, Select: columns, Where: query.In{Left: query.Path{t.ID}, Values: values}, Limit: 500})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			each(row)
		}
	}
	return nil
}

// frozen refuses the erasure of a person who is under a legal hold himself.
func (sub *Subject) frozen() error {
	for _, p := range sub.Persons {
		if p.Kept != "" {
			return errs.New(errs.Conflict, "privacy.hold", "this person must not be erased: %s", p.Kept)
		}
	}
	return nil
}

// nobody tells whether nothing at all was found in the records.
func (sub *Subject) nobody() bool {
	return len(sub.Persons)+len(sub.Linked)+len(sub.Mentions)+len(sub.Binned) == 0
}

// preview tells what an erasure would do to the records.
func (sub *Subject) preview() Report {
	var out Report
	done := map[metadata.Erasing]string{metadata.Anonymise: "anonymised", metadata.Remove: "deleted", metadata.KeepRow: "kept", "": "redacted"}
	for _, list := range [][]Ref{sub.Persons, sub.Linked, sub.Mentions} {
		for _, r := range list {
			if r.Kept != "" {
				out.add("records", r.Table, "kept", r.Kept, 1, r.ID)
			} else {
				out.add("records", r.Table, done[r.Way], "", 1, r.ID)
			}
		}
	}
	out.add("bin", "", "deleted", "", len(sub.Binned))
	return out
}
