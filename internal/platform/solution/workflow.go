package solution

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// draftEnd ends the names of files whose definition is not in force.
const draftEnd = ".draft.yaml"

// automation is a business rule, process or flow of a bundle.
type automation struct {
	kind  workflow.Kind
	file  string
	text  string
	state int64
	said  workflow.Definition
}

func (a *automation) String() string { return a.kind.Called + " " + a.said.Name }

// automation takes a file of one of the kinds' folders in, and tells whether it is one.
func (c *content) automation(kinds []workflow.Kind, name string, text []byte) bool {
	i := slices.IndexFunc(kinds, func(k workflow.Kind) bool { return k.Folder == path.Dir(name) })
	if i < 0 || !strings.HasSuffix(name, ".yaml") {
		return false
	}
	a := &automation{kind: kinds[i], file: name, text: string(text), state: workflow.Activated}
	if strings.HasSuffix(name, draftEnd) {
		a.state = workflow.Draft
	}
	c.automations = append(c.automations, a)
	return true
}

// needed adds the edits that the bundle's automations need and that neither the
// bundle nor another solution brings.
func (m *Manager) needed(c *content) error {
	named := map[customise.Name]bool{}
	for _, e := range c.edits {
		named[e.Name] = true
	}
	for _, a := range c.automations {
		if a.kind.Needs == nil {
			continue
		}
		edits, err := a.kind.Needs(a.text, m.Customs.Shipped())
		if err != nil {
			return errs.Within(err, a.file)
		}
		for _, e := range edits {
			if d, there := m.Customs.Stored(e.Name); named[e.Name] || there && d.Solution != c.manifest.Name {
				continue
			}
			e.Solution, named[e.Name] = c.manifest.Name, true
			c.edits = append(c.edits, e)
		}
	}
	return nil
}

// flows is what an import makes of the automations that are there.
type flows struct {
	put    []*automation
	rows   map[string]record.Row // those that are there, by unique name
	gone   []record.Row
	report customise.Report
}

// planAutomations checks the automations of a bundle by the catalog that is to
// be, and tells what is to be done.
func (m *Manager) planAutomations(ctx context.Context, name string, list []*automation, after *metadata.Catalog) (*flows, error) {
	there, err := m.automations(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &flows{rows: map[string]record.Row{}}
	for _, a := range list {
		if a.said, err = a.kind.Read(a.text, after); err != nil {
			return nil, errs.Within(err, a.file)
		}
		if out.rows[a.said.Name] != nil {
			return nil, errs.New(errs.Invalid, "solution.twice", "%s: the bundle defines the %s twice", a.file, a)
		}
		row, err := m.Store.GetByKey(ctx, workflow.Table, map[string]any{"uniquename": a.said.Name}, nil, nil)
		switch {
		case errors.Is(err, record.ErrNotFound):
			row = record.Row{}
			out.report.Added = append(out.report.Added, a.String())
			out.put = append(out.put, a)
		case err != nil:
			return nil, err
		case !a.kind.Has(row):
			return nil, errs.New(errs.Conflict, "solution.other_kind", "%s: there is something else of the name %s", a.file, a.said.Name)
		case row.Text("clientdata") != a.text || row.Int("statecode") != a.state || row.Text("rpt_solution") != name:
			out.report.Changed = append(out.report.Changed, a.String())
			out.put = append(out.put, a)
		}
		out.rows[a.said.Name] = row
	}
	for _, row := range there {
		if out.rows[row.Text("uniquename")] != nil && row.Text("uniquename") != "" {
			continue
		}
		out.gone = append(out.gone, row)
		out.report.Removed = append(out.report.Removed, m.called(row)+" "+cmp.Or(row.Text("uniquename"), row.Text("name")))
	}
	return out, nil
}

// automations reads the rows of a solution that are of the kinds known here.
func (m *Manager) automations(ctx context.Context, name string) ([]record.Row, error) {
	if len(m.Kinds) == 0 {
		return nil, nil
	}
	var out []record.Row
	q := query.Query{Table: workflow.Table, Where: query.Compare{Left: query.Path{"rpt_solution"}, Value: name}, Order: []query.Order{{Column: "workflowid"}}}
	for {
		page, err := m.Store.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			if m.kindOf(row) >= 0 {
				out = append(out, row)
			}
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}

func (m *Manager) kindOf(row record.Row) int {
	return slices.IndexFunc(m.Kinds, func(k workflow.Kind) bool { return k.Has(row) })
}

func (m *Manager) called(row record.Row) string { return m.Kinds[m.kindOf(row)].Called }

// removeAutomations takes rows away. It comes before the data model changes, as
// they speak of it.
func (m *Manager) removeAutomations(ctx context.Context, rows []record.Row) error {
	if len(rows) == 0 {
		return nil
	}
	return m.Store.Write(ctx, func(tx *record.Tx) error {
		for _, row := range rows {
			if err := tx.Delete(ctx, workflow.Table, row.ID("workflowid"), record.Match{}); err != nil && !errors.Is(err, record.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// putAutomations writes what is new or other than it was, all or none.
func (m *Manager) putAutomations(ctx context.Context, solution string, f *flows) error {
	if len(f.put) == 0 {
		return nil
	}
	return m.Store.Write(ctx, func(tx *record.Tx) error {
		for _, a := range f.put {
			key := f.rows[a.said.Name].ID("workflowid")
			if key == id.Nil {
				key = id.Derive("workflow", a.said.Name)
			}
			row := record.Row{"name": a.said.Title, "category": a.kind.Category, "clientdata": a.text, "statecode": a.state, "rpt_solution": solution}
			if _, _, err := tx.Upsert(ctx, workflow.Table, key, row, record.Match{}); err != nil {
				return errs.Within(err, a.file)
			}
		}
		return nil
	})
}

// exportAutomations gives the files of a solution's automations. A draft that
// says no name of its own can't be in a bundle.
func (m *Manager) exportAutomations(ctx context.Context, name string, out map[string][]byte) error {
	rows, err := m.automations(ctx, name)
	if err != nil {
		return err
	}
	for _, row := range rows {
		unique := row.Text("uniquename")
		if unique == "" {
			continue
		}
		end := ".yaml"
		if row.Int("statecode") == workflow.Draft {
			end = draftEnd
		}
		out[m.Kinds[m.kindOf(row)].Folder+"/"+unique+end] = []byte(row.Text("clientdata"))
	}
	return nil
}

// join brings two reports together.
func join(a, b customise.Report) customise.Report {
	return customise.Report{Added: slices.Concat(a.Added, b.Added), Changed: slices.Concat(a.Changed, b.Changed), Removed: slices.Concat(a.Removed, b.Removed), Losses: slices.Concat(a.Losses, b.Losses)}
}
