package exchange

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// appliedStatus is the name under which progress keeps the status.
const appliedStatus = "@status"

// locked is an exchanged case with its records, all of them locked.
type locked struct {
	s       *Service
	cp      *counterpart
	row     record.Row
	subject record.Row
	link    record.Row
	p       progress
}

// content is a document that was fetched before the transaction; nil where there is
// nothing to fetch.
type content struct{ info files.Info }

// prepare fetches the document that an event is about.
func (s *Service) prepare(ctx context.Context, cp *counterpart, link record.Row, e *event) (*content, error) {
	if e.Type != typeDocument {
		return nil, nil
	}
	if !cp.m.Files || s.c.Files == nil {
		return nil, nonsense("documents are not exchanged")
	}
	if is, err := s.ourNote(ctx, s.c.Store, e.Document.ID, link); err != nil || is {
		return nil, err
	}
	body, err := s.getContent(ctx, cp, link.ID("rpt_recordid").String(), e.Document)
	var no refusal
	if errors.As(err, &no) {
		return nil, nonsense("the content of document %s can't be fetched: %s", e.Document.ID, no.why)
	}
	if err != nil {
		return nil, err
	}
	info, err := s.c.Files.Stage(ctx, tableNote, "documentbody", e.Document.Name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return &content{info}, nil
}

// ourNote tells whether an id is that of a note that was made here, about the case.
func (s *Service) ourNote(ctx context.Context, from record.Reader, given string, link record.Row) (bool, error) {
	key, err := id.Parse(given)
	if err != nil {
		return false, nil // theirs
	}
	row, err := from.Get(ctx, tableNote, key, []string{"objectid", "rpt_outsideid"}, nil)
	if errs.Has(err, errs.NotFound) {
		return false, nil
	}
	about := row.ID("objectid")
	return err == nil && row.Text("rpt_outsideid") == "" && (about == link.ID("rpt_recordid") || about == link.ID("rpt_subjectid")), err
}

// apply changes the records as an event says.
func (l *locked) apply(ctx context.Context, tx *record.Tx, e *event, d *content) error {
	switch e.Type {
	case typeStatus:
		return l.applyStatus(ctx, tx, e)
	case typeFields:
		return l.applyFields(ctx, tx, e)
	case typeNote:
		n := *e.Note
		n.at = e.Sequence
		return l.applyNote(ctx, tx, &n, nil)
	case typeDocument:
		n := wireNote{ID: e.Document.ID, Subject: e.Document.Subject, Text: e.Document.Text, Author: e.Document.Author}
		n.at = e.Sequence
		return l.applyNote(ctx, tx, &n, d)
	case typeNoteGone, typeDocumentGone:
		return l.applyRemoval(ctx, tx, e)
	}
	return nonsense("the type %q is not known", clip(e.Type, 60))
}

func (l *locked) applyStatus(ctx context.Context, tx *record.Tx, e *event) error {
	st := l.cp.m.Status
	if st.Column == "" || l.p.Applied[appliedStatus] >= e.Sequence {
		return nil
	}
	option, ok := st.Values[e.Status]
	if !ok {
		return nonsense("the status %q is not known", clip(e.Status, 60))
	}
	change := record.Row{st.Column: option}
	if st.Reason != "" {
		change[st.Reason] = clip(e.Reason, 2000)
		if c, ok := l.cp.m.cases.Column(st.Reason); ok && c.Max > 0 {
			change[st.Reason] = clip(e.Reason, c.Max)
		}
	}
	l.p.Applied[appliedStatus] = e.Sequence
	return l.write(ctx, tx, onCase, change)
}

func (l *locked) applyFields(ctx context.Context, tx *record.Tx, e *event) error {
	m := l.cp.m
	changes := map[string]record.Row{onCase: {}, onSubject: {}}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		f := m.field(name)
		if f == nil {
			return nonsense("the field %q is not known", clip(name, 100))
		}
		if f.Owner == ours {
			return nonsense("the field %s is ours: it can't be changed from there", name)
		}
		v, err := m.inward(f, e.Fields[name])
		if err != nil {
			return err
		}
		if l.p.Applied[name] >= e.Sequence {
			continue // something newer has been applied
		}
		if f.Owner == both {
			version, given := e.Versions[name]
			if !given {
				return nonsense("the field %s belongs to both and comes without its version", name)
			}
			if version < l.p.Versions[name] {
				continue // ours is the last
			}
			l.p.Versions[name] = version
		}
		l.p.Applied[name] = e.Sequence
		changes[f.On][f.Column] = v
	}
	for _, on := range []string{onSubject, onCase} {
		if len(changes[on]) > 0 {
			if err := l.write(ctx, tx, on, changes[on]); err != nil {
				return err
			}
		}
	}
	return nil
}

// write changes the case or its subject, marked as what the counterpart has said.
func (l *locked) write(ctx context.Context, tx *record.Tx, on string, change record.Row) error {
	t, row := l.cp.m.cases, l.row
	if on == onSubject {
		t, row = l.cp.m.subjects, l.subject
	}
	if row == nil {
		return nonsense("the case has no subject")
	}
	from := cameFrom{l.cp.id, map[string]bool{}}
	for column := range change {
		from.columns[t.Name+"."+column] = true
	}
	written, err := tx.Update(withFrom(ctx, from), t.Name, row.ID(t.ID), change, record.Match{})
	if err != nil {
		return err
	}
	if on == onSubject {
		l.subject = written
	} else {
		l.row = written
	}
	return nil
}

// applyNote makes the note of a counterpart, or changes it. One that was made here
// and comes back is left alone.
func (l *locked) applyNote(ctx context.Context, tx *record.Tx, n *wireNote, d *content) error {
	if !l.cp.m.Notes {
		return nonsense("notes are not exchanged")
	}
	if is, err := l.s.ourNote(ctx, tx, n.ID, l.link); err != nil || is {
		return err
	}
	if l.p.isRemoved(n.ID, n.at) {
		return nil
	}
	key := noteID(l.cp, l.link, n.ID)
	subject := n.Subject
	if subject == "" {
		subject = n.Author
	}
	in := record.Row{"subject": clip(subject, 500), "notetext": clip(shown(n.Text), 100_000)}
	if d != nil {
		in["documentbody"] = d.info.ID
	}
	ctx = withFrom(ctx, cameFrom{l.cp.id, map[string]bool{tableNote + "." + key.String(): true}})
	_, err := tx.Get(ctx, tableNote, key, []string{"annotationid"}, nil)
	if err == nil {
		_, err = tx.Update(ctx, tableNote, key, in, record.Match{})
		return err
	}
	if !errs.Has(err, errs.NotFound) {
		return err
	}
	in["annotationid"], in["rpt_outsideid"], in["objectid"], in[typeColumn("objectid")] = key, n.ID, l.row.ID(l.cp.m.cases.ID), l.cp.m.Case
	if owner := l.row.ID("ownerid"); owner != id.Nil {
		in["ownerid"], in[typeColumn("ownerid")] = owner, l.row.Text(typeColumn("ownerid"))
	}
	_, err = tx.Create(ctx, tableNote, in)
	return err
}

// applyRemoval removes a note, or document, of the counterpart's own. One of ours
// stays: whoever wrote it removes it.
func (l *locked) applyRemoval(ctx context.Context, tx *record.Tx, e *event) error {
	if !l.cp.m.Notes || e.Type == typeDocumentGone && !l.cp.m.Files {
		return nonsense("notes and documents are not exchanged")
	}
	is, err := l.s.ourNote(ctx, tx, e.Removed, l.link)
	if err != nil {
		return err
	}
	if is {
		return nonsense("the note %s was written here: it can't be removed from there", clip(e.Removed, 100))
	}
	return l.drop(ctx, tx, e.Removed, e.Sequence)
}

// drop removes a note of the counterpart, of which it is not told.
func (l *locked) drop(ctx context.Context, tx *record.Tx, given string, number int64) error {
	l.p.remove(given, number)
	key := noteID(l.cp, l.link, given)
	err := tx.Delete(withFrom(ctx, cameFrom{l.cp.id, map[string]bool{tableNote + "." + key.String(): true}}), tableNote, key, record.Match{})
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	return err
}

// dropMissing removes the notes and documents of the counterpart that a case has no
// more. Nothing goes while changes of ours are on their way, as they may be about it.
func (l *locked) dropMissing(ctx context.Context, tx *record.Tx, got remoteCase) error {
	waits, err := l.s.first(ctx, tx, l.link.ID("rpt_exchangecaseid"))
	if err != nil || waits != nil {
		return err
	}
	rows, err := l.s.notes(ctx, tx, l.cp, l.link)
	if err != nil {
		return err
	}
	for _, row := range rows {
		given := row.Text("rpt_outsideid")
		if given == "" || row.ID("annotationid") != noteID(l.cp, l.link, given) || got.has(given) {
			continue
		}
		if of := row.ID("documentbody"); of == id.Nil && got.Notes == nil || of != id.Nil && (got.Documents == nil || !l.cp.m.Files) {
			continue // an answer that does not speak of them says nothing
		}
		if err := l.drop(ctx, tx, given, got.Sequence); err != nil {
			return err
		}
	}
	return nil
}

// keep writes down how far the case is now.
func (l *locked) keep(ctx context.Context, tx *record.Tx, number, version int64) error {
	// The row may have changed since it was locked: what was applied may have had changes of ours follow.
	now, err := lock(ctx, tx, l.link.ID("rpt_exchangecaseid"))
	if err != nil {
		return err
	}
	change := record.Row{"rpt_lastin": max(number, now.Int("rpt_lastin"))}
	mine, before := progressOf(now), progressOf(l.link)
	for name, v := range mine.Versions {
		l.p.Versions[name] = max(v, l.p.Versions[name])
	}
	for given, number := range mine.Removed {
		if _, known := before.Removed[given]; !known {
			l.p.remove(given, number)
		}
	}
	text, err := l.p.text()
	if err != nil {
		return err
	}
	change["rpt_progress"] = text
	if version > now.Int("rpt_theirversion") {
		change["rpt_theirversion"] = version
	}
	_, err = tx.Update(ctx, tableCase, l.link.ID("rpt_exchangecaseid"), change, record.Match{})
	return err
}
