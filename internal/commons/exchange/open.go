package exchange

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func typeColumn(lookup string) string { return metadata.TypeColumn(lookup) }

// opensNow tells whether a case is to be opened for a subject as it is.
func (m *mapping) opensNow(row record.Row) bool {
	if m.opens == nil || len(m.stages) > 0 && !slices.Contains(m.stages, row.ID("stageid")) {
		return false
	}
	holds, err := m.opens.Match(row)
	return holds && err == nil && !m.ends(row)
}

// ends tells whether the exchange of a subject is over.
func (m *mapping) ends(row record.Row) bool {
	if m.closes == nil {
		return false
	}
	holds, err := m.closes.Match(row)
	return holds && err == nil
}

// begin opens a case for a subject and has it sent.
func (s *Service) begin(ctx context.Context, tx *record.Tx, cp *counterpart, subject record.Row) error {
	m := cp.m
	if m.Subject == "" {
		return s.open(ctx, tx, cp, subject, nil)
	}
	in := record.Row{m.Lookup: subject.ID(m.subjects.ID)}
	if c, ok := m.cases.Column(m.Lookup); ok && c.Polymorphic() {
		in[typeColumn(m.Lookup)] = m.Subject
	}
	for to, from := range m.Open.Copy {
		if v := subject[from]; v != nil {
			in[to] = v
			if c, ok := m.cases.Column(to); ok && c.Polymorphic() {
				in[typeColumn(to)] = subject[typeColumn(from)]
				if kind, typed := in[typeColumn(to)].(string); !typed || kind == "" {
					if was, has := m.subjects.Column(from); has && len(was.Targets) == 1 {
						in[typeColumn(to)] = was.Targets[0]
					}
				}
			}
		}
	}
	for name, v := range m.Open.Values {
		if n, whole := v.(float64); whole && n == float64(int64(n)) {
			v = int64(n)
		}
		in[name] = v
	}
	if owner := subject.ID("ownerid"); owner != id.Nil && in["ownerid"] == nil {
		in["ownerid"], in[typeColumn("ownerid")] = owner, subject.Text(typeColumn("ownerid"))
	}
	made, err := tx.Create(ctx, m.Case, in)
	if err != nil {
		return errs.Within(err, "the case for "+cp.title)
	}
	return s.open(ctx, tx, cp, made, subject)
}

// open begins the exchange of a case that is there.
func (s *Service) open(ctx context.Context, tx *record.Tx, cp *counterpart, row, subject record.Row) error {
	m := cp.m
	key := row.ID(m.cases.ID)
	in := record.Row{"rpt_name": clip(row.Text(m.cases.Title), 300), "rpt_counterpartid": cp.id, "rpt_recordtable": m.Case, "rpt_recordid": key}
	if subject != nil {
		in["rpt_subjecttable"], in["rpt_subjectid"] = m.Subject, subject.ID(m.subjects.ID)
	}
	p := progressOf(record.Row{})
	whole, err := s.whole(ctx, tx, cp, row, subject, &p)
	if err != nil {
		return err
	}
	if in["rpt_progress"], err = p.text(); err != nil {
		return err
	}
	link, err := tx.Create(ctx, tableCase, in)
	if err != nil {
		return err
	}
	list := []intent{{kindCase, whole}}
	if status, known := m.ourStatus(row); known {
		list = append(list, intent{kindStatus, wireStatus{Status: status}})
	}
	more, err := s.notesOf(ctx, tx, cp, link)
	if err != nil {
		return err
	}
	return s.add(ctx, tx, link, nil, append(list, more...)...)
}

// whole gives a case with all fields that the counterpart is told.
func (s *Service) whole(ctx context.Context, from namer, cp *counterpart, row, subject record.Row, p *progress) (wireFields, error) {
	out := wireFields{Kind: cp.m.Kind, Title: clip(row.Text(cp.m.cases.Title), 400), Fields: map[string]any{}, Versions: map[string]int64{}}
	for i := range cp.m.Fields {
		f := &cp.m.Fields[i]
		of := row
		if f.On == onSubject {
			of = subject
		}
		if f.Owner == theirs || of == nil {
			continue
		}
		names, err := namesOf(ctx, from, cp.m, of, []*Field{f})
		if err != nil {
			return out, err
		}
		out.Fields[f.Name] = f.outward(of[f.Column], names)
		if f.Owner == both {
			p.Versions[f.Name]++
			out.Versions[f.Name] = p.Versions[f.Name]
		}
	}
	return out, nil
}

// rows reads the records of an exchanged case: the case and its subject, which is
// nil where there is none.
func (s *Service) rows(ctx context.Context, from record.Reader, cp *counterpart, link record.Row) (row, subject record.Row, err error) {
	if key := link.ID("rpt_subjectid"); key != id.Nil && cp.m.Subject != "" {
		if subject, err = from.Get(ctx, cp.m.Subject, key, nil, nil); err != nil {
			return nil, nil, err
		}
	}
	row, err = from.Get(ctx, cp.m.Case, link.ID("rpt_recordid"), nil, nil)
	return row, subject, err
}

// find finds the exchanged case of a record.
func (s *Service) find(ctx context.Context, from record.Reader, cp *counterpart, key id.ID) (record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableCase, Where: query.And{eq("rpt_counterpartid", cp.id), eq("rpt_recordid", key)}, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return page.Rows[0], nil
}
