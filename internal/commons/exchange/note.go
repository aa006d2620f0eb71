package exchange

import (
	"context"
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

// noted writes what counterparts are to be told of a note.
func (s *Service) noted(ctx context.Context, tx *record.Tx, old, row record.Row) error {
	about, key := row.Text(typeColumn("objectid")), row.ID("objectid")
	if about == "" || key == id.Nil || old != nil && old["notetext"] == row["notetext"] && old["subject"] == row["subject"] && old["documentbody"] == row["documentbody"] && old["objectid"] == row["objectid"] {
		return nil
	}
	for _, cp := range s.of(tableNote) {
		if about != cp.m.Case && about != cp.m.Subject || said(ctx, cp, tableNote, row.ID("annotationid").String()) {
			continue
		}
		system := s.system(ctx, "note")
		links, err := s.links(system, tx, cp, about, key)
		if err != nil {
			return err
		}
		for _, found := range links {
			list, err := s.noteIntents(system, tx, cp, row)
			if err != nil {
				return err
			}
			link, err := lock(system, tx, found.ID("rpt_exchangecaseid"))
			if err != nil {
				return err
			}
			if link.Int("statecode") != caseOpen || len(list) == 0 {
				continue
			}
			if err := s.add(system, tx, link, nil, list...); err != nil {
				return err
			}
		}
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
