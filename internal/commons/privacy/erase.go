package privacy

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// step is a part of an erasure. It can be done twice with the same effect: after
// a kill the one that was under way is done again.
type step struct {
	name string // in rpt_step; its lines in the report belong to the stores named
	of   []string
	do   func(context.Context, id.ID, *work) error
}

// steps in their order. Records come before the change log, which would hold
// them anew otherwise; the change log before what follows it: search and lake.
func (s *Service) steps() []step {
	return []step{
		{"records", []string{"records"}, s.eraseRecords},
		{"changes", []string{"changes", "bin", "merges", "jobs", "inbox", "imports", "signin"}, s.eraseLog},
		{"letters", []string{"letters"}, s.eraseLetters},
		{"files", []string{"files", "uploads"}, s.eraseFiles},
		{"search", []string{"search"}, s.eraseSearch},
		{"stream", []string{"stream"}, s.eraseStream},
		{"lake", []string{"lake"}, s.eraseLake},
		{"database", []string{"database"}, s.scrub},
		{"verify", []string{"verify", "folder", "names"}, s.verify},
	}
}

// erase does what is left of an erasure.
func (s *Service) erase(ctx context.Context, request id.ID, w *work) error {
	ctx = changelog.WithOrigin(ctx, "erasure "+request.String())
	if w.Subject == nil {
		sub, err := s.plan(ctx, w.Who)
		if err != nil {
			return err
		}
		if err := sub.frozen(); err != nil {
			return err
		}
		w.Subject = sub
		if err := s.note(ctx, request, w, "records"); err != nil {
			return err
		}
	}
	list := s.steps()
	for w.Step < len(list) {
		now := list[w.Step]
		for _, store := range now.of {
			w.Report.without(store)
		}
		if err := now.do(ctx, request, w); err != nil {
			return err
		}
		w.Step++
		next := ""
		if w.Step < len(list) {
			next = list[w.Step].name
		}
		if err := s.note(ctx, request, w, next); err != nil {
			return err
		}
		if s.after != nil {
			if err := s.after(now.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// note keeps how far the work is.
func (s *Service) note(ctx context.Context, request id.ID, w *work, next string) error {
	return s.o.Store.Write(ctx, func(tx *record.Tx) error {
		if err := s.save(tx.SQL(), request, w); err != nil {
			return err
		}
		_, err := tx.Update(ctx, "rpt_personrequest", request, record.Row{"statuscode": statusRunning, "rpt_step": next}, record.Match{})
		return err
	})
}

// touched lists the rows that an erasure changes or removes, by what happens to
// them; those that stay are left out.
func (sub *Subject) touched() []Ref {
	var out []Ref
	for _, list := range [][]Ref{sub.Persons, sub.Linked, sub.Mentions} {
		for _, r := range list {
			if r.Kept == "" {
				out = append(out, r)
			}
		}
	}
	return out
}

// own tells which refs are the person's rather than somebody's who names him.
func (sub *Subject) own() map[Ref]bool {
	out := map[Ref]bool{}
	for _, list := range [][]Ref{sub.Persons, sub.Linked} {
		for _, r := range list {
			out[Ref{Table: r.Table, ID: r.ID}] = true
		}
	}
	return out
}

// tableOf gives a table and what it tells of persons; nil if it is no more.
func (s *Service) tableOf(name string) (*metadata.Table, []string) {
	t, ok := s.o.Catalog().Table(name)
	if !ok {
		return nil, nil
	}
	return t, telling(t)
}
