package exchange

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// replay has an intent that was given up tried again, in its old place.
func (s *Service) replay(ctx context.Context, tx *record.Tx, key id.ID) error {
	return s.revive(ctx, tx, key, record.Row{"statecode": intentWaiting, "rpt_attempts": int64(0), "rpt_settledon": nil})
}

// discard takes an intent that was given up, or waits, out of the line.
func (s *Service) discard(ctx context.Context, tx *record.Tx, key id.ID) error {
	return s.revive(ctx, tx, key, record.Row{"statecode": intentDiscarded, "rpt_settledon": s.c.Clock.Now()})
}

func (s *Service) revive(ctx context.Context, tx *record.Tx, key id.ID, change record.Row) error {
	in, err := tx.Get(ctx, tableIntent, key, nil, nil)
	if err != nil {
		return err
	}
	link, err := lock(ctx, tx, in.ID("rpt_caseid"))
	if err != nil {
		return err
	}
	if in, err = tx.Get(ctx, tableIntent, key, nil, nil); err != nil {
		return err
	}
	if in.Int("statecode") != intentDead {
		return ErrState
	}
	if _, err := tx.Update(ctx, tableIntent, key, change, record.Match{}); err != nil {
		return err
	}
	return s.goOn(tx, link)
}

// resend sends a whole case again: itself, its notes and its documents.
func (s *Service) resend(ctx context.Context, tx *record.Tx, cp *counterpart, link record.Row) error {
	l, err := s.locked(ctx, tx, cp, link)
	if err != nil {
		return err
	}
	if l.link.Int("statecode") != caseOpen {
		return ErrClosed
	}
	whole, err := s.whole(ctx, tx, cp, l.row, l.subject, &l.p)
	if err != nil {
		return err
	}
	text, err := l.p.text()
	if err != nil {
		return err
	}
	notes, err := s.notesOf(ctx, tx, cp, l.link)
	if err != nil {
		return err
	}
	return s.add(ctx, tx, l.link, record.Row{"rpt_progress": text}, append([]intent{{kindCase, whole}}, notes...)...)
}

// takeOurs sends what differs again as it is here; part "" means everything that
// can be ours.
func (s *Service) takeOurs(ctx context.Context, tx *record.Tx, cp *counterpart, link record.Row, part string) error {
	l, err := s.locked(ctx, tx, cp, link)
	if err != nil {
		return err
	}
	if l.link.Int("statecode") != caseOpen {
		return ErrClosed
	}
	if part == "" || part == partCase {
		return s.resend(ctx, tx, cp, link)
	}
	noteKey, isNote := strings.CutPrefix(part, partNote)
	if !isNote {
		noteKey, isNote = strings.CutPrefix(part, partDocument)
	}
	if isNote {
		return s.resendNote(ctx, tx, l, part, noteKey)
	}
	f := cp.m.field(part)
	if f == nil || f.Owner == theirs {
		return errs.New(errs.Invalid, "exchange.owner", "this belongs to the counterpart: only its value can be taken")
	}
	of := l.row
	if f.On == onSubject {
		of = l.subject
	}
	names, err := namesOf(ctx, tx, cp.m, of, []*Field{f})
	if err != nil {
		return err
	}
	out := wireFields{Fields: map[string]any{f.Name: f.outward(of[f.Column], names)}, Versions: map[string]int64{}}
	if f.Owner == both {
		l.p.Versions[f.Name]++
		out.Versions[f.Name] = l.p.Versions[f.Name]
	}
	text, err := l.p.text()
	if err != nil {
		return err
	}
	return s.add(ctx, tx, l.link, record.Row{"rpt_progress": text}, intent{kindFields, out})
}

// resendNote sends a note, or document, again; one that is not here is removed there.
func (s *Service) resendNote(ctx context.Context, tx *record.Tx, l *locked, part, given string) error {
	rows, err := s.notes(ctx, tx, l.cp, l.link)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if outsideID(row) != given {
			continue
		}
		list, err := s.noteIntents(ctx, tx, l.cp, row)
		if err != nil {
			return err
		}
		return s.addNote(ctx, tx, l.link.ID("rpt_exchangecaseid"), given, false, list)
	}
	kind := kindNoteGone
	if strings.HasPrefix(part, partDocument) {
		kind = kindDocumentGone
	}
	return s.addNote(ctx, tx, l.link.ID("rpt_exchangecaseid"), given, true, []intent{{kind, removedPayload{given}}})
}

// takeTheirs writes the counterpart's value here; part "" means everything.
func (s *Service) takeTheirs(ctx context.Context, cp *counterpart, link record.Row, part string) error {
	got, err := s.getCase(ctx, cp, link.ID("rpt_recordid").String())
	if err != nil {
		return err
	}
	noteKey, isNote := strings.CutPrefix(part, partNote)
	if key, is := strings.CutPrefix(part, partDocument); is {
		noteKey, isNote = key, true
	}
	for i := range got.Documents {
		if d := &got.Documents[i]; part == "" || part == partDocument+d.ID {
			if err := s.adoptDocument(ctx, cp, link, d, got.Sequence, true); err != nil {
				return err
			}
		}
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		l, err := s.locked(ctx, tx, cp, link)
		if err != nil {
			return err
		}
		for _, e := range got.events(cp.m) {
			if part != "" && !e.concerns(part) {
				continue
			}
			if err := l.force(ctx, tx, &e); err != nil {
				return err
			}
		}
		if isNote && !got.has(noteKey) {
			if err := l.applyRemoval(ctx, tx, &event{Type: typeNoteGone, Removed: noteKey, Sequence: got.Sequence}); err != nil {
				return err
			}
		}
		if part == "" {
			if err := l.dropMissing(ctx, tx, got); err != nil {
				return err
			}
		}
		if f := cp.m.field(part); f != nil && f.Owner == ours {
			return errs.New(errs.Invalid, "exchange.owner", "this is owned here: send it again")
		}
		return l.keep(ctx, tx, 0, got.Version)
	})
}

func (e *event) concerns(part string) bool {
	switch e.Type {
	case typeStatus:
		return part == partStatus
	case typeNote:
		return part == partNote+e.Note.ID
	}
	_, is := e.Fields[part]
	return is
}

// force applies an event whatever has been applied before.
func (l *locked) force(ctx context.Context, tx *record.Tx, e *event) error {
	delete(l.p.Applied, appliedStatus)
	if e.Note != nil {
		delete(l.p.Removed, e.Note.ID)
	}
	for name := range e.Fields {
		delete(l.p.Applied, name)
		if v, is := e.Versions[name]; is && v < l.p.Versions[name] {
			e.Versions[name] = l.p.Versions[name]
		}
	}
	return l.apply(ctx, tx, e, nil)
}

// replayEvent tries an event in quarantine again, with another text where one is given.
func (s *Service) replayEvent(ctx context.Context, key id.ID, text string) error {
	row, err := s.c.Store.Get(ctx, tableEvent, key, nil, nil)
	if err != nil {
		return err
	}
	if row.Int("statecode") != eventQuarantined {
		return ErrState
	}
	cp := s.byID(row.ID("rpt_counterpartid"))
	if cp == nil {
		return ErrDisabled
	}
	if text == "" {
		text = row.Text("rpt_payload")
	}
	e, about, err := readEvent([]byte(text))
	if err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	link, err := s.find(ctx, s.c.Store, cp, about)
	if err != nil {
		return err
	}
	if link == nil {
		return errs.New(errs.NotFound, "exchange.case", "no such case is exchanged with the counterpart")
	}
	row["rpt_payload"], row["rpt_number"], row["rpt_recordid"] = text, e.Sequence, about
	change := record.Row{"rpt_payload": text, "rpt_recordid": about, "rpt_number": e.Sequence, "rpt_kind": e.Type}
	if e.Sequence > link.Int("rpt_lastin") { // its turn has not come
		change["statecode"], change["rpt_reason"], change["rpt_settledon"] = eventWaiting, nil, nil
		return s.c.Store.Write(ctx, func(tx *record.Tx) error {
			if err := inbox(tx, cp.id); err != nil {
				return err
			}
			if err := s.unsettled(ctx, tx, key); err != nil {
				return err
			}
			if _, err := tx.Update(ctx, tableEvent, key, change, record.Match{}); err != nil {
				return err
			}
			return s.takeSoon(tx, cp, about)
		})
	}
	return s.apply(ctx, cp, link, row, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, tableEvent, key, change, record.Match{})
		return err
	})
}

// unsettled refuses an event that is not in quarantine any more.
func (s *Service) unsettled(ctx context.Context, tx *record.Tx, key id.ID) error {
	row, err := tx.Get(ctx, tableEvent, key, []string{"statecode"}, nil)
	if err == nil && row.Int("statecode") != eventQuarantined {
		return ErrState
	}
	return err
}

// counts gives how many rows of a table a counterpart has in each state.
func (s *Service) counts(ctx context.Context, from record.Reader, table string, counterpart id.ID) (map[int64]int64, error) {
	page, err := from.Find(ctx, query.Query{Table: table, Where: eq("rpt_counterpartid", counterpart),
		Group: &query.Group{Keys: []query.Key{{Column: "statecode", Name: "state"}}, Values: []query.Aggregate{{Func: query.CountRows, Name: "n"}}}})
	out := map[int64]int64{}
	for _, row := range page.Rows {
		out[row.Int("state")] = row.Int("n")
	}
	return out, err
}
