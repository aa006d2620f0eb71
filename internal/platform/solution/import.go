package solution

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// Manager brings solutions in and out.
type Manager struct {
	Store interface {
		Store
		record.Reader
	}
	Customs  *customise.Service
	Kinds    []workflow.Kind // of definitions that are rows of workflow; none leaves them out
	Clock    clock.Clock
	Progress func(what string) // told of each file; may be nil
}

// content is what a bundle brings.
type content struct {
	manifest    Manifest
	edits       []customise.Edit
	automations []*automation
	others      map[string]string // roles, records and the rest, by path
}

// read reads a bundle. Nothing is written.
func (m *Manager) read(files fs.FS) (*content, error) {
	manifest, err := ReadManifest(files)
	if err != nil {
		return nil, err
	}
	c := &content{manifest: manifest, others: map[string]string{}}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == ManifestFile {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > maxFile || len(c.others)+len(c.automations) > maxFiles {
			return errs.New(errs.TooLarge, "solution.file", "the file %s is too large, or one too many", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if c.automation(m.Kinds, name, text) {
			return nil
		}
		if err := c.file(m.Customs, name, text); err != nil {
			return errs.Within(err, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range c.edits {
		c.edits[i].Solution = manifest.Name
	}
	return c, m.needed(c)
}

func (c *content) file(customs *customise.Service, name string, text []byte) error {
	switch dir, yamlFile := path.Dir(name), strings.HasSuffix(name, ".yaml"); {
	case dir == "tables" && yamlFile:
		edits, err := customs.ReadTable(text)
		c.edits = append(c.edits, edits...)
		return err
	case dir == "choices" && yamlFile:
		e, err := customise.ReadChoice(text)
		c.edits = append(c.edits, e)
		return err
	case name == "roles.yaml", dir == "records" && yamlFile:
		c.others[name] = string(text)
	case dir == "events", name == "organization.yaml", name == "README.md":
		// Sample events are published, the name and colours of a sample's organisation
		// are taken when it is put in first; people read the rest.
	default:
		return errs.New(errs.Invalid, "solution.file", "a bundle has no such file")
	}
	return nil
}

// Import brings a bundle in, or a new version of one that is there: what the
// new version lacks is removed. Importing again what is there changes nothing.
func (m *Manager) Import(ctx context.Context, files fs.FS, how customise.How) (customise.Report, error) {
	c, err := m.read(files)
	if err != nil {
		return customise.Report{}, err
	}
	before, err := m.stored(ctx, c.manifest.Name)
	if err != nil {
		return customise.Report{}, err
	}
	kept := map[customise.Name]bool{}
	for _, e := range c.edits {
		if kept[e.Name] {
			return customise.Report{}, errs.New(errs.Invalid, "solution.twice", "the bundle defines the %s twice", e.Name)
		}
		kept[e.Name] = true
	}
	edits := c.edits
	for _, d := range m.Customs.Of(c.manifest.Name) {
		if !kept[d.Name] {
			edits = append(edits, customise.Edit{Name: d.Name, Remove: true})
		}
	}
	automations, err := m.weigh(ctx, c, edits)
	if err != nil {
		return customise.Report{}, err
	}
	gone, err := m.goneRows(ctx, c.manifest.Name, before.others, c.others)
	if err != nil {
		return customise.Report{}, err
	}
	anew, err := m.renewed(ctx, c.manifest.Name, before.others, c.others)
	if err != nil {
		return customise.Report{}, err
	}
	report, err := m.plan(ctx, edits, gone, how)
	report = join(report, automations.report)
	if err != nil || how.DryRun {
		return m.dry(report, before, c), err
	}
	if !before.there || before.manifest != c.manifest || !maps.Equal(before.others, c.others) {
		if err := m.register(ctx, c); err != nil {
			return report, err
		}
	}
	if err := m.removeAutomations(ctx, automations.gone); err != nil {
		return report, err
	}
	if len(edits) > 0 {
		if _, err := m.Customs.Change(ctx, customise.How{Confirm: true}, edits...); err != nil {
			return report, err
		}
	}
	if err := m.putAutomations(ctx, c.manifest.Name, automations); err != nil {
		return report, err
	}
	if err := m.deleteRows(ctx, gone); err != nil {
		return report, err
	}
	report = m.dry(report, before, c)
	if maps.Equal(before.others, c.others) && before.there {
		return report, nil
	}
	a := m.applier()
	a.renewed = anew
	for _, name := range anew.fresh {
		report.Added = append(report.Added, "draft of "+name+", as the one that has been in force stays")
	}
	return report, a.Apply(ctx, Bundle{Name: c.manifest.Name, Files: others(c.others)})
}

// weigh tells what becomes of the automations once the edits are made.
func (m *Manager) weigh(ctx context.Context, c *content, edits []customise.Edit) (*flows, error) {
	after := m.Customs.Catalog()
	if len(c.automations) > 0 && len(edits) > 0 {
		var err error
		if after, err = m.Customs.Preview(ctx, edits...); err != nil {
			return nil, err
		}
	}
	return m.planAutomations(ctx, c.manifest.Name, c.automations, after)
}

// dry completes a report by the files beside definitions.
func (m *Manager) dry(r customise.Report, before *installed, c *content) customise.Report {
	switch {
	case !before.there:
		r.Added = append(r.Added, "file "+ManifestFile)
	case before.manifest != c.manifest:
		r.Changed = append(r.Changed, "file "+ManifestFile)
	}
	for _, name := range slices.Sorted(maps.Keys(c.others)) {
		old, there := before.others[name]
		switch {
		case !there:
			r.Added = append(r.Added, "file "+name)
		case old != c.others[name]:
			r.Changed = append(r.Changed, "file "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.others)) {
		if _, still := c.others[name]; !still {
			r.Removed = append(r.Removed, "file "+name)
		}
	}
	return r
}

// plan tells what edits and removals would do, and refuses to lose data unasked.
func (m *Manager) plan(ctx context.Context, edits []customise.Edit, gone []row, how customise.How) (customise.Report, error) {
	var report customise.Report
	if len(edits) > 0 {
		var err error
		if report, err = m.Customs.Change(ctx, customise.How{DryRun: true}, edits...); err != nil {
			return report, err
		}
	}
	var held int64
	for _, r := range gone {
		if _, err := m.Store.Get(ctx, r.table, r.id, nil, nil); err == nil {
			report.Removed = append(report.Removed, "row "+r.table+":"+r.key)
			held++
		} else if !errors.Is(err, record.ErrNotFound) && !errs.Has(err, errs.NotFound) {
			return report, err
		}
	}
	if held > 0 {
		report.Losses = append(report.Losses, customise.Loss{What: "records of the solution", Rows: held})
	}
	if len(report.Losses) > 0 && !how.Confirm && !how.DryRun {
		return report, customise.Refuse(report.Losses)
	}
	return report, nil
}

func (m *Manager) applier() *Applier {
	return &Applier{Store: m.Store, Catalog: m.Customs.Catalog, Progress: m.Progress}
}

func others(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// row is a record that a bundle brought.
type row struct {
	table, key string
	id         id.ID
}

// goneRows lists the rows of the old files that the new ones lack, last first.
// Those that have been in force are left out: they stay.
func (m *Manager) goneRows(ctx context.Context, bundle string, old, fresh map[string]string) ([]row, error) {
	before, err := rowsOf(bundle, old)
	if err != nil {
		return nil, err
	}
	after, err := rowsOf(bundle, fresh)
	if err != nil {
		return nil, err
	}
	keep := map[id.ID]bool{}
	for _, r := range after {
		keep[r.id] = true
	}
	var out []row
	for _, r := range slices.Backward(before) {
		if keep[r.id] {
			continue
		}
		if t, ok := m.Customs.Catalog().Table(r.table); ok {
			stays, err := m.frozen(ctx, t, r.id)
			if err != nil {
				return nil, err
			}
			if stays {
				continue
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func rowsOf(bundle string, files map[string]string) ([]row, error) {
	var out []row
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) != "records" {
			continue
		}
		var list []file
		if err := yaml.UnmarshalWithOptions([]byte(files[name]), &list, yaml.DisallowUnknownField()); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "solution.records", "the file %s can't be read", name)
		}
		for _, f := range list {
			for _, raw := range f.Rows {
				if key, _ := raw["key"].(string); key != "" {
					out = append(out, row{f.Table, key, RowID(bundle, f.Table, key)})
				}
			}
		}
	}
	return out, nil
}

func (m *Manager) deleteRows(ctx context.Context, rows []row) error {
	for _, r := range rows {
		if t, ok := m.Customs.Catalog().Table(r.table); !ok || t.Intersect {
			continue // gone with its table, or with the rows that it ties
		}
		err := m.Store.Write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, r.table, r.id, record.Match{}) })
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
	}
	return nil
}

// installed is a solution as it is there.
type installed struct {
	there    bool
	id       id.ID
	manifest Manifest
	others   map[string]string
}

func (m *Manager) stored(ctx context.Context, name string) (*installed, error) {
	out := &installed{id: id.Derive("solution", name), others: map[string]string{}}
	s, err := m.Store.GetByKey(ctx, "solution", map[string]any{"uniquename": name}, nil, nil)
	if errors.Is(err, record.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.there, out.id = true, s.ID("solutionid")
	out.manifest = Manifest{Name: s.Text("uniquename"), Title: s.Text("friendlyname"), Version: Version(s.Text("version")), Description: s.Text("description")}
	if files := s.Text("rpt_files"); files != "" {
		if err := json.Unmarshal([]byte(files), &out.others); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "solution.files", "the files of the solution %s can't be read", name)
		}
	}
	if key := s.ID("publisherid"); key != id.Nil {
		p, err := m.Store.Get(ctx, "publisher", key, nil, nil)
		if err != nil {
			return nil, err
		}
		out.manifest.Publisher = Publisher{Name: p.Text("uniquename"), Title: p.Text("friendlyname"), Prefix: p.Text("customizationprefix"), OptionPrefix: p.Int("customizationoptionvalueprefix")}
	}
	return out, nil
}

// register writes the rows of the solution and its publisher.
func (m *Manager) register(ctx context.Context, c *content) error {
	files, err := json.Marshal(c.others)
	if err != nil {
		return err
	}
	p := c.manifest.Publisher
	return m.Store.Write(ctx, func(tx *record.Tx) error {
		publisher := record.Row{"friendlyname": p.Title, "customizationprefix": p.Prefix}
		if p.OptionPrefix != 0 {
			publisher["customizationoptionvalueprefix"] = p.OptionPrefix
		}
		made, _, err := tx.UpsertByKey(ctx, "publisher", map[string]any{"uniquename": p.Name}, publisher, record.Match{})
		if err != nil {
			return err
		}
		_, _, err = tx.UpsertByKey(ctx, "solution", map[string]any{"uniquename": c.manifest.Name}, record.Row{"friendlyname": c.manifest.Title, "version": string(c.manifest.Version),
			"description": c.manifest.Description, "publisherid": made.ID("publisherid"), "rpt_files": string(files), "installedon": m.Clock.Now()}, record.Match{})
		return err
	})
}
