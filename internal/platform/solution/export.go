package solution

import (
	"context"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// Export gives the files of a solution as it is now, by path: definitions as
// they stand, roles and records as they came. The solution Default holds what
// was made outside of any.
func (m *Manager) Export(ctx context.Context, name string) (map[string][]byte, error) {
	if err := m.Customs.Allow(ctx); err != nil {
		return nil, err
	}
	s, err := m.stored(ctx, name)
	if err != nil {
		return nil, err
	}
	if !s.there && name != customise.DefaultSolution {
		return nil, errs.New(errs.NotFound, "solution.unknown", "there is no solution %s", name)
	}
	if !s.there {
		s.manifest = Manifest{Name: name, Title: name, Version: "1.0", Publisher: Publisher{Name: name, Title: name, Prefix: "new"}}
	}
	out := map[string][]byte{}
	if out[ManifestFile], err = yaml.Marshal(s.manifest); err != nil {
		return nil, err
	}
	for file, text := range s.others {
		out[file] = []byte(text)
	}
	tables := map[string][]customise.Definition{}
	for _, d := range m.Customs.Of(name) {
		if d.Kind == customise.KindChoice {
			out["choices/"+d.Name.Name+".yaml"] = []byte(customise.WithName(d))
			continue
		}
		tables[d.Table] = append(tables[d.Table], d)
	}
	if err := m.exportAutomations(ctx, name, out); err != nil {
		return nil, err
	}
	for table, defs := range tables {
		if out["tables/"+table+".yaml"], err = customise.WriteTable(table, defs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Keep is the hook that keeps the row of a solution while anything of it is
// there: taking the row away would leave the rest to nobody.
func (m *Manager) Keep() record.Hook {
	return record.Hook{Table: "solution", BeforeDelete: func(ctx context.Context, tx *record.Tx, row record.Row) error {
		name := row.Text("uniquename")
		left := len(m.Customs.Of(name)) > 0
		if !left {
			page, err := tx.Find(access.AsSystem(ctx, "solution"), query.Query{Table: workflow.Table, Where: query.Compare{Left: query.Path{"rpt_solution"}, Value: name}, Limit: 1})
			if err != nil {
				return err
			}
			left = len(page.Rows) > 0
		}
		if left {
			return errs.New(errs.Conflict, "solution.in_use", "the solution %s still has definitions: take it out with DELETE /api/solutions/%s", name, name)
		}
		return nil
	}}
}

// Remove takes a solution out: its definitions, the records that it brought,
// and the solution itself. The publisher stays.
func (m *Manager) Remove(ctx context.Context, name string, how customise.How) (customise.Report, error) {
	s, err := m.stored(ctx, name)
	if err != nil {
		return customise.Report{}, err
	}
	if !s.there {
		return customise.Report{}, errs.New(errs.NotFound, "solution.unknown", "there is no solution %s", name)
	}
	var edits []customise.Edit
	for _, d := range m.Customs.Of(name) {
		edits = append(edits, customise.Edit{Name: d.Name, Remove: true})
	}
	automations, err := m.planAutomations(ctx, name, nil, m.Customs.Catalog())
	if err != nil {
		return customise.Report{}, err
	}
	gone, err := m.goneRows(ctx, name, s.others, nil)
	if err != nil {
		return customise.Report{}, err
	}
	report, err := m.plan(ctx, edits, gone, how)
	report = join(report, automations.report)
	if err != nil || how.DryRun {
		return report, err
	}
	if err := m.deleteRows(ctx, gone); err != nil {
		return report, err
	}
	if err := m.removeAutomations(ctx, automations.gone); err != nil {
		return report, err
	}
	if len(edits) > 0 {
		if _, err := m.Customs.Change(ctx, customise.How{Confirm: true}, edits...); err != nil {
			return report, err
		}
	}
	return report, m.Store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, "solution", s.id, record.Match{}) })
}
