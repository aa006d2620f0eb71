package customise

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// Edit is a wish: a definition to be as given, or to be gone.
type Edit struct {
	Name
	Body     string
	Solution string // "" keeps the one it has, or means the default
	Remove   bool
}

// plan is what a change of definitions means.
type plan struct {
	before, after *layer
	edits         []Edit
	rows          []*Definition // as they will be stored; removed ones hiding
	same          bool          // nothing is to be done
	add, drop     []schema.Object
	later         []schema.Object // indexes that are built beside the work
	background    bool            // and by the job alone
	touched       []string        // tables that get another shape, dropped ones among them
}

// plan works out what edits mean, and refuses what can't be.
func (s *Service) plan(ctx context.Context, before *layer, edits []Edit) (*plan, error) {
	p := &plan{before: before}
	for _, e := range edits {
		if err := p.edit(e); err != nil {
			return nil, err
		}
	}
	p.removeParts()
	p.same = len(p.rows) == 0
	if p.same {
		return p, nil
	}
	if err := p.dependants(); err != nil {
		return nil, err
	}
	var err error
	if p.after, err = before.with(p.rows, nil, before.epoch); err != nil {
		return nil, err
	}
	if err := s.examine(p); err != nil {
		return nil, err
	}
	if err := p.shapes(s.o.DB.Dialect()); err != nil {
		return nil, err
	}
	return p, s.aside(ctx, p)
}

// Examiner has an opinion on a view or chart of a catalog that is to be.
type Examiner func(catalog *metadata.Catalog, n Name) error

// Examine makes the service refuse changes of which f complains.
func (s *Service) Examine(f Examiner) { s.examiner = f }

// examine asks the examiner about the views and charts that come or change.
func (s *Service) examine(p *plan) error {
	if s.examiner == nil {
		return nil
	}
	for _, d := range p.rows {
		if d.State != Active || d.Kind != KindView && d.Kind != KindChart {
			continue
		}
		if err := s.examiner(p.after.catalog, d.Name); err != nil {
			return within(err, d)
		}
	}
	return nil
}

// Preview gives the catalog as it would be after some edits.
func (s *Service) Preview(ctx context.Context, edits ...Edit) (*metadata.Catalog, error) {
	if _, err := s.Refresh(ctx); err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, s.now.Load(), edits)
	if err != nil {
		return nil, err
	}
	if p.same {
		return p.before.catalog, nil
	}
	return p.after.catalog, nil
}

// edit adds one edit, unless things are so already.
func (p *plan) edit(e Edit) error {
	old := p.before.find(e.Name)
	if old != nil && old.State == Adding {
		return errs.New(errs.Conflict, "customise.adding", "%s is still being added; wait until it is active", e.Name)
	}
	there := old != nil && old.State == Active
	switch {
	case e.Remove && !there:
		return errs.New(errs.NotFound, "customise.unknown", "there is no customised %s", e.Name)
	case e.Remove:
		gone := *old
		gone.State = Hiding
		p.rows = append(p.rows, &gone)
	default:
		if err := p.before.checkName(e); err != nil {
			return err
		}
		body, err := p.before.canonical(e)
		if err != nil {
			return err
		}
		d := definition(e.Name, body, e.Solution, Active)
		if d.Solution == "" {
			d.Solution = DefaultSolution
			if there {
				d.Solution = old.Solution
			}
		}
		if !there && body == "" {
			return nil // nothing other than what ships
		}
		if there && old.Body == d.Body && old.Solution == d.Solution {
			return nil
		}
		p.rows = append(p.rows, d)
	}
	p.edits = append(p.edits, e)
	return nil
}

// removeParts lets what belongs to a table that is removed go with it.
func (p *plan) removeParts() {
	going := map[Name]bool{}
	for _, d := range p.rows {
		going[d.Name] = true
	}
	for _, d := range slices.Clone(p.rows) {
		if d.Kind != KindTable || d.State != Hiding {
			continue
		}
		if _, ships := p.before.shipped.Table(d.Table); ships {
			continue
		}
		for _, part := range p.before.defs[d.Table] {
			if part.State == Active && !going[part.Name] {
				gone := *part
				gone.State = Hiding
				p.rows = append(p.rows, &gone)
				going[part.Name] = true
			}
		}
	}
}

// maxColumns is how many columns a table may have in the database: PostgreSQL
// takes 1,600, and each keeps its place when it is dropped.
const maxColumns = 1500

// shapes compares the tables before and after.
func (p *plan) shapes(d sqldb.Dialect) error {
	cosmetic := map[string]bool{}
	for _, r := range p.rows {
		if r.Kind == KindView || r.Kind == KindForm || r.Kind == KindChart {
			if _, known := cosmetic[r.Table]; !known {
				cosmetic[r.Table] = true
			}
		} else {
			cosmetic[r.Table] = false
		}
	}
	for _, name := range p.after.catalog.Changed(p.before.catalog) {
		from, _ := p.before.catalog.Table(name)
		to, _ := p.after.catalog.Table(name)
		steps, err := schema.Diff(d, from, to)
		if err != nil {
			return err
		}
		if to != nil && len(to.Shape().AllNames) > maxColumns {
			return invalid("too_many", "table %s would have more than %d columns", name, maxColumns)
		}
		p.add = append(p.add, steps.Add...)
		p.drop = append(p.drop, steps.Drop...)
		if !cosmetic[name] || len(steps.Add)+len(steps.Drop) > 0 {
			p.touched = append(p.touched, name)
		}
	}
	return nil
}

// aside moves the indexes on large tables out of the transaction, on
// PostgreSQL, which can build them while others write.
func (s *Service) aside(ctx context.Context, p *plan) error {
	if s.o.DB.Dialect() != sqldb.Postgres {
		return nil
	}
	large := map[string]bool{}
	for _, o := range p.add {
		if _, known := large[o.Table]; known || !o.IsIndex() {
			continue
		}
		if _, there := p.before.catalog.Table(o.Table); !there {
			large[o.Table] = false
			continue
		}
		found, err := s.o.DB.QueryRow(ctx, "SELECT 1 FROM "+s.o.DB.Dialect().Quote(o.Table)+" OFFSET $1 LIMIT 1", []any{s.o.InlineRows}, new(int))
		if err != nil {
			return err
		}
		large[o.Table] = found
	}
	var now []schema.Object
	for _, o := range p.add {
		if o.IsIndex() && large[o.Table] {
			p.later = append(p.later, o)
		} else {
			now = append(now, o)
		}
	}
	p.add = now
	return nil
}

// beside leaves all indexes on tables that are there for later.
func (p *plan) beside() {
	p.add = slices.DeleteFunc(p.add, func(o schema.Object) bool {
		_, there := p.before.catalog.Table(o.Table)
		if there && o.IsIndex() {
			p.later = append(p.later, o)
		}
		return there && o.IsIndex()
	})
}

// tables lists the touched tables that are there before and after.
func (p *plan) standing() []string {
	var out []string
	for _, name := range p.touched {
		_, before := p.before.catalog.Table(name)
		_, after := p.after.catalog.Table(name)
		if before && after {
			out = append(out, name)
		}
	}
	return out
}

// dependants refuses to remove what other definitions name.
func (p *plan) dependants() error {
	going := map[Name]bool{}
	for _, d := range p.rows {
		if d.State == Hiding {
			going[d.Name] = true
		}
	}
	var bad []errs.Field
	for n := range maps.Keys(going) {
		if n.Kind != KindColumn {
			continue
		}
		t, ok := p.before.catalog.Table(n.Table)
		if c, has := column(t, ok, n.Name); !has || going[Table(n.Table)] || p.before.ships(n.Table, c.Name) {
			continue
		}
		for _, user := range users(t, n.Name) {
			if !going[user] && !p.replaces(user) {
				bad = append(bad, errs.Field{Name: user.String(), Code: "needs", Message: "uses the column " + n.Name})
			}
		}
	}
	slices.SortFunc(bad, func(a, b errs.Field) int { return strings.Compare(a.Name, b.Name) })
	if len(bad) == 0 {
		return nil
	}
	var names []string
	for _, f := range bad {
		names = append(names, f.Name)
	}
	return &errs.Error{Kind: errs.Conflict, Code: "customise.in_use", Message: "what is to be removed is used by " + strings.Join(names, ", ") + "; change those first", Fields: bad}
}

// replaces tells whether the plan defines something anew; it is then checked by itself.
func (p *plan) replaces(n Name) bool {
	return slices.ContainsFunc(p.rows, func(d *Definition) bool { return d.Name == n && d.State == Active })
}

func column(t *metadata.Table, ok bool, name string) (*metadata.Column, bool) {
	if !ok {
		return nil, false
	}
	return t.Column(name)
}

// ships tells whether a column comes with the product.
func (l *layer) ships(table, name string) bool {
	t, ok := l.shipped.Table(table)
	_, has := column(t, ok, name)
	return has
}

// users lists what of a table names one of its columns.
func users(t *metadata.Table, name string) []Name {
	var out []Name
	if t.Title == name {
		out = append(out, Table(t.Name))
	}
	for _, k := range t.Keys {
		if slices.Contains(k.Columns, name) {
			out = append(out, Name{KindKey, t.Name, k.Name})
		}
	}
	for _, x := range t.Indexes {
		if slices.Contains(x.Columns, name) {
			out = append(out, Name{KindIndex, t.Name, x.Name})
		}
	}
	for _, v := range t.Views {
		if slices.Contains(v.Columns, name) || mentions(v.Filter, name) || mentions(v.Order, name) {
			out = append(out, Name{KindView, t.Name, v.Name})
		}
	}
	for _, f := range t.Forms {
		used := slices.Contains(f.Header, name)
		for _, tab := range f.Tabs {
			for _, s := range tab.Sections {
				used = used || slices.Contains(s.Columns, name)
			}
		}
		if used {
			out = append(out, Name{KindForm, t.Name, f.Name})
		}
	}
	for _, c := range t.Charts {
		if c.Uses(name) || mentions(c.Filter, name) {
			out = append(out, Name{KindChart, t.Name, c.Name})
		}
	}
	for _, c := range t.Columns {
		if c.Name != name && mentions(c.Formula, name) {
			out = append(out, Column(t.Name, c.Name))
		}
	}
	return out
}

// mentions tells whether a text has the name as a word; the name of a lookup's
// value on the wire counts, too.
func mentions(text, name string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		if word == name || word == "_"+name+"_value" {
			return true
		}
	}
	return false
}
