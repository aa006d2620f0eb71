package exchange

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Difference is a part of a case that is not the same on both sides.
type Difference struct {
	Part   string `json:"part"`   // @case, @status, @note:id, @document:id, or the name of a field
	Label  string `json:"label"`  // for people
	Ours   any    `json:"ours"`   // nil: nothing
	Theirs any    `json:"theirs"` // nil: nothing
	Owner  string `json:"owner"`  // ours, theirs or both
}

const (
	partCase     = "@case"
	partStatus   = "@status"
	partNote     = "@note:"
	partDocument = "@document:"

	compareBatch = 20
	mostDiffers  = 200
)

// comparing is the payload of the job that compares.
type comparing struct {
	about
	After id.ID `json:"after,omitzero"` // exchanged case behind which to go on
	Once  bool  `json:"once,omitempty"` // on demand: the next time is as far away as ever
}

// runCompare compares the open cases of a counterpart, some at a time.
func (s *Service) runCompare(ctx context.Context, j *job.Job) error {
	var a comparing
	if err := json.Unmarshal(j.Payload, &a); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "exchange.job", "the job can't be read"))
	}
	ctx = s.system(ctx, "compare")
	cp := s.byID(a.Counterpart)
	if cp == nil {
		return nil
	}
	again := func(wait bool, payload comparing) error {
		return s.c.Store.Write(ctx, func(tx *record.Tx) error {
			due := s.c.Clock.Now()
			if wait {
				due = due.Add(s.c.Compare)
			}
			return j.Again(tx.SQL(), due, payload)
		})
	}
	page, err := s.c.Store.Find(ctx, query.Query{Table: tableCase, Where: query.And{eq("rpt_counterpartid", cp.id), eq("statecode", caseOpen), query.Compare{Left: query.Path{"rpt_exchangecaseid"}, Op: query.Gt, Value: a.After}},
		Order: []query.Order{{Column: "rpt_exchangecaseid"}}, Limit: compareBatch})
	if err != nil {
		return err
	}
	for _, link := range page.Rows {
		if wait, open := s.circuits.Open(cp.id); open {
			return s.c.Store.Write(ctx, func(tx *record.Tx) error { return j.Again(tx.SQL(), s.c.Clock.Now().Add(wait), a) })
		}
		_, err := s.compare(ctx, cp, link)
		var no refusal
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil, errors.Is(err, ErrBusy), errors.As(err, &no), errs.Has(err, errs.NotFound):
		default:
			return err // tried again, from here on
		}
		a.After = link.ID("rpt_exchangecaseid")
	}
	if len(page.Rows) == compareBatch {
		return again(false, a)
	}
	return again(true, comparing{about: a.about})
}

// compare compares one case field by field and keeps what differs. ErrBusy means
// that changes are on their way, so that nothing can be said yet.
func (s *Service) compare(ctx context.Context, cp *counterpart, link record.Row) ([]Difference, error) {
	if busy, err := s.pending(ctx, s.c.Store, link); err != nil || busy {
		return nil, errors.Join(err, ErrBusy)
	}
	row, subject, err := s.rows(ctx, s.c.Store, cp, link)
	if err != nil {
		return nil, err
	}
	got, err := s.getCase(ctx, cp, link.ID("rpt_recordid").String())
	var no refusal
	missing := errs.Has(err, errs.NotFound)
	s.circuits.Note(cp.id, err == nil || missing || errors.As(err, &no))
	var out []Difference
	switch {
	case missing:
		out = []Difference{{Part: partCase, Label: row.Text(cp.m.cases.Title), Ours: row.Text(cp.m.cases.Title), Owner: ours}}
	case err != nil:
		return nil, err
	case got.Sequence > link.Int("rpt_lastin"):
		// Events were missed, or are on their way: the whole case says the same.
		if err := s.adopt(ctx, cp, link, got, nil); err != nil {
			return nil, err
		}
		if link, err = s.c.Store.Get(ctx, tableCase, link.ID("rpt_exchangecaseid"), nil, nil); err != nil {
			return nil, err
		}
		if row, subject, err = s.rows(ctx, s.c.Store, cp, link); err != nil {
			return nil, err
		}
		fallthrough
	default:
		if out, err = s.differences(ctx, cp, link, row, subject, got); err != nil {
			return nil, err
		}
	}
	return out, s.keepDifferences(ctx, cp, link, row, subject, got, out)
}

func (s *Service) differences(ctx context.Context, cp *counterpart, link, row, subject record.Row, got remoteCase) ([]Difference, error) {
	var out []Difference
	m := cp.m
	for i := range m.Fields {
		f := &m.Fields[i]
		of := row
		if f.On == onSubject {
			of = subject
		}
		if of == nil {
			continue
		}
		names, err := namesOf(ctx, s.c.Store, m, of, []*Field{f})
		if err != nil {
			return nil, err
		}
		mine, its := f.outward(of[f.Column], names), got.Fields[f.Name]
		if !same(mine, its) && !m.equal(f, of[f.Column], its) {
			out = append(out, Difference{f.Name, m.table(f.On).Name + "." + f.Column, mine, its, f.Owner})
		}
	}
	if st := m.Status; st.Column != "" {
		if option, known := st.Values[got.Status]; !known || row[st.Column] != option {
			out = append(out, Difference{partStatus, m.Case + "." + st.Column, statusOf(st.Values, row[st.Column]), got.Status, theirs})
		}
	}
	notes, err := s.notes(ctx, s.c.Store, cp, link)
	if err != nil {
		return nil, err
	}
	return append(out, differingNotes(m, notes, got)...), nil
}

// equal compares by what the column would hold, as texts of moments and numbers
// may be written in several ways.
func (m *mapping) equal(f *Field, mine, its any) bool {
	c, ok := m.table(f.On).Column(f.Column)
	if !ok || c.IsLookup() {
		return false
	}
	v, err := m.inward(f, its)
	return err == nil && v == mine
}

func statusOf(values map[string]int64, v any) any {
	for name, option := range values {
		if v == option {
			return name
		}
	}
	return nil
}

// differingNotes compares which notes and documents are there.
func differingNotes(m *mapping, notes []record.Row, got remoteCase) []Difference {
	var out []Difference
	there, files := map[string]bool{}, map[string]bool{}
	for _, n := range got.Notes {
		there[n.ID] = true
	}
	for _, d := range got.Documents {
		files[d.ID] = true
	}
	if !m.Notes {
		return nil
	}
	here := map[string]bool{}
	for _, row := range notes {
		key, owner := outsideID(row), ours
		if row.Text("rpt_outsideid") != "" {
			owner = both // it can be removed here, or written there again
		}
		here[key] = true
		switch {
		case row.ID("documentbody") != id.Nil && m.Files && !files[key]:
			out = append(out, Difference{partDocument + key, row.Text("filename"), row.Text("filename"), nil, owner})
		case row.ID("documentbody") == id.Nil && !there[key]:
			out = append(out, Difference{partNote + key, row.Text("subject"), clip(plain(row.Text("notetext")), 200), nil, owner})
		}
	}
	for _, n := range got.Notes {
		if !here[n.ID] {
			out = append(out, Difference{partNote + n.ID, n.Subject, nil, clip(n.Text, 200), both})
		}
	}
	for _, d := range got.Documents {
		if m.Files && !here[d.ID] {
			out = append(out, Difference{partDocument + d.ID, d.Name, nil, d.Name, both})
		}
	}
	return out
}

// keepDifferences writes down what differs, unless something moved meanwhile.
func (s *Service) keepDifferences(ctx context.Context, cp *counterpart, link, row, subject record.Row, got remoteCase, list []Difference) error {
	if list == nil {
		list = []Difference{}
	}
	text, err := json.Marshal(list[:min(len(list), mostDiffers)])
	if err != nil {
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		l, err := s.locked(ctx, tx, cp, link)
		if err != nil {
			return err
		}
		busy, err := s.pending(ctx, tx, l.link)
		if err != nil {
			return err
		}
		if busy || l.link.Int("rpt_lastout") != link.Int("rpt_lastout") || l.link.Int("rpt_lastin") != link.Int("rpt_lastin") || l.row.Version() != row.Version() || subject != nil && l.subject.Version() != subject.Version() {
			return ErrBusy
		}
		change := record.Row{"rpt_differing": int64(len(list)), "rpt_differences": string(text), "rpt_comparedon": s.c.Clock.Now()}
		if got.Version > 0 {
			change["rpt_theirversion"] = got.Version
		}
		_, err = tx.Update(ctx, tableCase, link.ID("rpt_exchangecaseid"), change, record.Match{})
		return err
	})
}
