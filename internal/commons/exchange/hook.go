package exchange

import (
	"context"
	"reflect"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// cameFrom marks, in a context, what a counterpart has just said, so that it is not
// told what it said itself.
type cameFrom struct {
	counterpart id.ID
	columns     map[string]bool // table.column
}

type cameFromKey struct{}

func withFrom(ctx context.Context, from cameFrom) context.Context {
	return context.WithValue(ctx, cameFromKey{}, from)
}

// said tells whether the counterpart itself has just set a column.
func said(ctx context.Context, cp *counterpart, table, column string) bool {
	from, ok := ctx.Value(cameFromKey{}).(cameFrom)
	return ok && from.counterpart == cp.id && from.columns[table+"."+column]
}

// Hooks check counterparts when they are written.
func (s *Service) Hooks() []record.Hook { return []record.Hook{s.keep()} }

// Follow gives, for a table, the hook by which counterparts are told of what
// changes in it.
func (s *Service) Follow(table string) record.Hook {
	if table == tableNote {
		return record.Hook{Table: table,
			AfterCreate:  func(ctx context.Context, tx *record.Tx, row record.Row) error { return s.noted(ctx, tx, nil, row) },
			AfterUpdate:  s.noted,
			AfterDelete:  func(ctx context.Context, tx *record.Tx, old record.Row) error { return s.noted(ctx, tx, old, nil) },
			AfterRestore: func(ctx context.Context, tx *record.Tx, row record.Row) error { return s.noted(ctx, tx, nil, row) }}
	}
	return record.Hook{Table: table,
		AfterCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return s.changed(ctx, tx, table, nil, row)
		},
		AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			return s.changed(ctx, tx, table, old, row)
		}}
}

// changed writes what counterparts are to be told of a record that is written.
func (s *Service) changed(ctx context.Context, tx *record.Tx, table string, old, row record.Row) error {
	for _, cp := range s.of(table) {
		if err := s.tellOf(s.system(ctx, "change"), tx, cp, table, old, row); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellOf(ctx context.Context, tx *record.Tx, cp *counterpart, table string, old, row record.Row) error {
	m := cp.m
	key := row.ID(m.subjects.ID)
	if table == m.Case {
		key = row.ID(m.cases.ID)
	}
	links, err := s.links(ctx, tx, cp, table, key)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		if table == m.subjects.Name && m.opensNow(row) {
			return s.begin(ctx, tx, cp, row)
		}
		return nil
	}
	if old == nil {
		return nil
	}
	for _, link := range links {
		if err := s.tellCase(ctx, tx, cp, table, old, row, link.ID("rpt_exchangecaseid")); err != nil {
			return err
		}
	}
	return nil
}

// links finds the exchanged cases of a record, closed ones among them where it is
// a subject, as for these no second one is opened.
func (s *Service) links(ctx context.Context, from record.Reader, cp *counterpart, table string, key id.ID) ([]record.Row, error) {
	var any query.Or
	if table == cp.m.Case {
		any = append(any, eq("rpt_recordid", key))
	}
	if table == cp.m.Subject {
		any = append(any, eq("rpt_subjectid", key))
	}
	page, err := from.Find(ctx, query.Query{Table: tableCase, Where: query.And{eq("rpt_counterpartid", cp.id), any}, Order: []query.Order{{Column: "createdon"}}, Limit: 100})
	return page.Rows, err
}

// tellCase writes what follows from a change for one exchanged case.
func (s *Service) tellCase(ctx context.Context, tx *record.Tx, cp *counterpart, table string, old, row record.Row, key id.ID) error {
	changed := cp.m.changedFields(ctx, cp, table, old, row)
	status, moved := cp.m.movedStatus(ctx, cp, table, old, row)
	ends := table == cp.m.subjects.Name && cp.m.ends(row)
	if len(changed) == 0 && !moved && !ends {
		return nil
	}
	link, err := lock(ctx, tx, key)
	if err != nil || link.Int("statecode") != caseOpen {
		return err
	}
	var list []intent
	p := progressOf(link)
	if len(changed) > 0 {
		out := wireFields{Fields: map[string]any{}, Versions: map[string]int64{}}
		names, err := namesOf(ctx, tx, cp.m, row, changed)
		if err != nil {
			return err
		}
		for _, f := range changed {
			out.Fields[f.Name] = f.outward(row[f.Column], names)
			if f.Owner == both {
				p.Versions[f.Name]++
				out.Versions[f.Name] = p.Versions[f.Name]
			}
		}
		list = append(list, intent{kindFields, out})
	}
	if moved {
		list = append(list, intent{kindStatus, wireStatus{Status: status}})
	}
	text, err := p.text()
	if err != nil {
		return err
	}
	change := record.Row{"rpt_progress": text}
	if ends {
		list = append(list, intent{kindStatus, wireStatus{Status: cp.m.Close.Status, Closed: true}})
		change["statecode"] = caseClosed
	}
	return s.add(ctx, tx, link, change, list...)
}

// changedFields lists fields of ours, and of both, that a write has changed.
func (m *mapping) changedFields(ctx context.Context, cp *counterpart, table string, old, row record.Row) []*Field {
	var out []*Field
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Owner != theirs && m.table(f.On).Name == table && !reflect.DeepEqual(old[f.Column], row[f.Column]) && !said(ctx, cp, table, f.Column) {
			out = append(out, f)
		}
	}
	return out
}

// movedStatus gives the status that the counterpart is told of.
func (m *mapping) movedStatus(ctx context.Context, cp *counterpart, table string, old, row record.Row) (string, bool) {
	if table != m.Case || old["statuscode"] == row["statuscode"] || said(ctx, cp, table, "statuscode") {
		return "", false
	}
	return m.ourStatus(row)
}

func (m *mapping) ourStatus(row record.Row) (string, bool) {
	for name, option := range m.Status.Ours {
		if row.Int("statuscode") == option {
			return name, true
		}
	}
	return "", false
}

// namesOf finds the names of rows to which lookups among the fields lead.
func namesOf(ctx context.Context, tx namer, m *mapping, row record.Row, fields []*Field) (map[id.ID]string, error) {
	out := map[id.ID]string{}
	for _, f := range fields {
		c, ok := m.table(f.On).Column(f.Column)
		key := row.ID(f.Column)
		if !ok || !c.IsLookup() || key == id.Nil {
			continue
		}
		table := c.Targets[0]
		if c.Polymorphic() {
			table = row.Text(typeColumn(f.Column))
		}
		names, err := tx.Names(ctx, table, []id.ID{key})
		if err != nil {
			return nil, err
		}
		out[key] = names[key]
	}
	return out, nil
}

// namer is the store, or a transaction.
type namer interface {
	record.Reader
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
}
