package exchange

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// fill closes a gap in the events of a case by reading the whole case.
func (s *Service) fill(ctx context.Context, j *job.Job, a about, cp *counterpart, link, row record.Row, then func(*record.Tx) error) error {
	if wait, open := s.circuits.Open(cp.id); open {
		return s.c.Store.Write(ctx, func(tx *record.Tx) error { return j.Again(tx.SQL(), s.c.Clock.Now().Add(wait), a) })
	}
	got, err := s.getCase(ctx, cp, link.ID("rpt_recordid").String())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var no refusal
	s.circuits.Note(cp.id, err == nil || errors.As(err, &no))
	if err == nil && got.Sequence < row.Int("rpt_number") {
		return s.quarantine(ctx, cp, link, row, nonsense("the counterpart's case is at number %d only", got.Sequence), 0, then)
	}
	if err == nil {
		err = s.adopt(ctx, cp, link, got, then)
	}
	if err == nil || retriable(ctx, err) && !errs.Has(err, errs.Unavailable) {
		return err
	}
	if errors.As(err, &no) {
		return s.quarantine(ctx, cp, link, row, err, 0, then)
	}
	s.c.Logger.Info("a gap can't be filled yet", "counterpart", cp.name, "case", a.Case.String(), "error", err)
	return s.c.Store.Write(ctx, func(tx *record.Tx) error { return j.Again(tx.SQL(), s.c.Clock.Now().Add(pause(3)), a) })
}

// adopt takes a whole case of the counterpart over: its status, the fields that it
// owns, those of both where its version is the greater, and notes and documents that
// are missing here. What can't be right is left out, and a person is told.
func (s *Service) adopt(ctx context.Context, cp *counterpart, link record.Row, got remoteCase, then func(*record.Tx) error) error {
	var bad []string
	complain := func(err error) error {
		if err == nil || retriable(ctx, err) {
			return err
		}
		bad = append(bad, reasonOf(err))
		return nil
	}
	for i := range got.Documents {
		if err := complain(s.adoptDocument(ctx, cp, link, &got.Documents[i], got.Sequence, false)); err != nil {
			return err
		}
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		said := slices.Clone(bad) // as this may be done again
		l, err := s.locked(ctx, tx, cp, link)
		if err != nil {
			return err
		}
		for _, e := range got.events(cp.m) {
			err := tx.Nested(func() error {
				if err := e.checkContent(); err != nil {
					return err
				}
				return l.apply(ctx, tx, &e, nil)
			})
			if err != nil && retriable(ctx, err) {
				return err
			}
			if err != nil {
				said = append(said, reasonOf(err))
			}
		}
		if l.link.Int("rpt_lastin") <= got.Sequence { // else it is older than what is here
			if err := l.dropMissing(ctx, tx, got); err != nil {
				return err
			}
		}
		if err := l.keep(ctx, tx, got.Sequence, got.Version); err != nil {
			return err
		}
		if len(said) > 0 {
			if err := s.tell(ctx, tx, cp, link, "A case of "+cp.title+" could not be taken over in full", clip(strings.Join(said, "\n"), 500)); err != nil {
				return err
			}
		}
		if then == nil {
			return nil
		}
		return then(tx)
	})
}

// adoptDocument fetches a document that is missing here. One that was removed here is
// taken by force alone.
func (s *Service) adoptDocument(ctx context.Context, cp *counterpart, link record.Row, d *wireDocument, number int64, force bool) error {
	if err := d.check(); err != nil {
		return err
	}
	if p := progressOf(link); !force && p.isRemoved(d.ID, number) {
		return nil
	}
	_, err := s.c.Store.Get(ctx, tableNote, noteID(cp, link, d.ID), []string{"annotationid"}, nil)
	if err == nil || !errs.Has(err, errs.NotFound) {
		return err
	}
	e := event{Type: typeDocument, Document: d, Sequence: number}
	c, err := s.prepare(ctx, cp, link, &e)
	if err != nil || c == nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		l, err := s.locked(ctx, tx, cp, link)
		if err != nil {
			return err
		}
		if !force {
			return l.apply(ctx, tx, &e, c)
		}
		delete(l.p.Removed, d.ID)
		if err := l.apply(ctx, tx, &e, c); err != nil {
			return err
		}
		return l.keep(ctx, tx, 0, 0)
	})
}

// events gives a case as the events that would lead to it.
func (c remoteCase) events(m *mapping) []event {
	out := []event{{Type: typeStatus, Sequence: c.Sequence, Status: c.Status, Reason: c.Reason}}
	for i := range m.Fields {
		f := &m.Fields[i]
		v, there := c.Fields[f.Name]
		if !there || f.Owner == ours {
			continue
		}
		out = append(out, event{Type: typeFields, Sequence: c.Sequence, Fields: map[string]any{f.Name: v}, Versions: map[string]int64{f.Name: c.Versions[f.Name]}})
	}
	if m.Notes {
		for i := range c.Notes {
			out = append(out, event{Type: typeNote, Sequence: c.Sequence, Note: &c.Notes[i]})
		}
	}
	return out
}

// checkContent is check without the time, which a part of a case does not have.
func (e *event) checkContent() error {
	if e.Type == typeNote {
		return e.Note.check()
	}
	return nil
}

// pending tells whether changes of a case are on their way in either direction.
func (s *Service) pending(ctx context.Context, from record.Reader, link record.Row) (bool, error) {
	in, err := s.first(ctx, from, link.ID("rpt_exchangecaseid"))
	if err != nil || in != nil {
		return true, err
	}
	row, err := s.head(ctx, from, about{link.ID("rpt_counterpartid"), link.ID("rpt_recordid")})
	return row != nil, err
}
