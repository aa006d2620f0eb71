package exchange

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const mostNotes = 1000 // of one case

// noteID gives the note that a note, or document, of a counterpart becomes; its ids
// are unique within a case.
func noteID(cp *counterpart, link record.Row, theirID string) id.ID {
	return id.Derive("exchange note", cp.id.String(), link.ID("rpt_recordid").String(), theirID)
}

// outsideID gives the id by which the counterpart knows a note.
func outsideID(row record.Row) string {
	if given := row.Text("rpt_outsideid"); given != "" {
		return given
	}
	return row.ID("annotationid").String()
}

// noted writes what counterparts are to be told of a note: of a new one where old is
// nil, of one that is gone where row is nil.
func (s *Service) noted(ctx context.Context, tx *record.Tx, old, row record.Row) error {
	if old != nil && row != nil && old["notetext"] == row["notetext"] && old["subject"] == row["subject"] && old["documentbody"] == row["documentbody"] && old["objectid"] == row["objectid"] {
		return nil
	}
	key := row.ID("annotationid")
	if row == nil {
		key = old.ID("annotationid")
	}
	for _, cp := range s.of(tableNote) {
		if said(ctx, cp, tableNote, key.String()) {
			continue
		}
		if err := s.tellNote(s.system(ctx, "note"), tx, cp, old, row); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellNote(ctx context.Context, tx *record.Tx, cp *counterpart, old, row record.Row) error {
	were, err := s.linksOfNote(ctx, tx, cp, old)
	if err != nil {
		return err
	}
	are, err := s.linksOfNote(ctx, tx, cp, row)
	if err != nil {
		return err
	}
	var sent []intent
	if len(are) > 0 {
		if sent, err = s.noteIntents(ctx, tx, cp, row); err != nil {
			return err
		}
	}
	for _, key := range are {
		list := sent
		if slices.Contains(were, key) && (old.ID("documentbody") == id.Nil) != (row.ID("documentbody") == id.Nil) {
			list = append(removal(cp, old), sent...) // a note became a document, or the other way round
		}
		if err := s.addNote(ctx, tx, key, outsideID(row), false, list); err != nil {
			return err
		}
	}
	for _, key := range were {
		if slices.Contains(are, key) {
			continue
		}
		if err := s.addNote(ctx, tx, key, outsideID(old), true, removal(cp, old)); err != nil {
			return err
		}
	}
	return nil
}

// linksOfNote finds the exchanged cases that a note is about.
func (s *Service) linksOfNote(ctx context.Context, tx *record.Tx, cp *counterpart, row record.Row) (out []id.ID, err error) {
	about, key := row.Text(typeColumn("objectid")), row.ID("objectid")
	if key == id.Nil || about == "" || about != cp.m.Case && about != cp.m.Subject {
		return nil, nil
	}
	links, err := s.links(ctx, tx, cp, about, key)
	for _, link := range links {
		out = append(out, link.ID("rpt_exchangecaseid"))
	}
	return out, err
}

// addNote adds what is sent of one note, and remembers whether it is gone.
func (s *Service) addNote(ctx context.Context, tx *record.Tx, key id.ID, given string, gone bool, list []intent) error {
	if len(list) == 0 {
		return nil
	}
	link, err := lock(ctx, tx, key)
	if err != nil || link.Int("statecode") != caseOpen {
		return err
	}
	p := progressOf(link)
	if gone {
		p.remove(given, removedHere)
	} else {
		delete(p.Removed, given)
	}
	text, err := p.text()
	if err != nil {
		return err
	}
	return s.add(ctx, tx, link, record.Row{"rpt_progress": text}, list...)
}

// removedPayload names a note, or document, that is gone.
type removedPayload struct {
	ID string `json:"id"`
}

// removal gives what is sent of a note that is gone.
func removal(cp *counterpart, row record.Row) []intent {
	p := removedPayload{outsideID(row)}
	switch {
	case row.ID("documentbody") == id.Nil:
		return []intent{{kindNoteGone, p}}
	case cp.m.Files:
		return []intent{{kindDocumentGone, p}}
	}
	return nil
}

// noteIntents gives what is sent of a note: its text, or the document that it holds.
func (s *Service) noteIntents(ctx context.Context, from namer, cp *counterpart, row record.Row) ([]intent, error) {
	if file := row.ID("documentbody"); file != id.Nil {
		if !cp.m.Files {
			return nil, nil
		}
		p := documentPayload{row.ID("annotationid"), file}
		return []intent{{kindDocument, p}, {kindContent, p}}, nil
	}
	names, err := from.Names(ctx, "systemuser", []id.ID{row.ID("createdby")})
	if err != nil {
		return nil, err
	}
	n := wireNote{ID: outsideID(row), Subject: row.Text("subject"), Text: clip(plain(row.Text("notetext")), 100_000), Author: clip(names[row.ID("createdby")], 200)}
	if at, ok := row["createdon"].(time.Time); ok {
		n.CreatedOn = at.Format(time.RFC3339)
	}
	return []intent{{kindNote, n}}, nil
}

// notes reads the notes of a case and of its subject.
func (s *Service) notes(ctx context.Context, from record.Reader, cp *counterpart, link record.Row) ([]record.Row, error) {
	if !cp.m.Notes {
		return nil, nil
	}
	keys := []any{link.ID("rpt_recordid")}
	if key := link.ID("rpt_subjectid"); key != id.Nil {
		keys = append(keys, key)
	}
	page, err := from.Find(ctx, query.Query{Table: tableNote, Where: query.In{Left: query.Path{"objectid"}, Values: keys}, Order: []query.Order{{Column: "createdon"}}, Limit: mostNotes})
	return page.Rows, err
}

// notesOf gives what is sent of all notes of a case that are not the counterpart's own.
func (s *Service) notesOf(ctx context.Context, from namer, cp *counterpart, link record.Row) (out []intent, err error) {
	rows, err := s.notes(ctx, from, cp, link)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Text("rpt_outsideid") != "" {
			continue
		}
		list, err := s.noteIntents(ctx, from, cp, row)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}
