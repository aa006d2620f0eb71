package metadata

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ManyToMany relates rows of two tables freely, by an intersect table with a
// lookup to each and a key over both. The intersect table is made unless it is
// defined as a table of its own (teammembership is).
type ManyToMany struct {
	Name      string `yaml:"name"`      // schema name of the relationship
	With      string `yaml:"with"`      // logical name of the other table; may be the same
	Intersect string `yaml:"intersect"` // logical name of the intersect table; default is the name in lower case
	Set       string `yaml:"set"`       // its entity set; default is the intersect's name and "set"
	Here      string `yaml:"here"`      // its lookup to this table; default is this table's id column
	There     string `yaml:"there"`     // its lookup to the other; default is the other's id column
	Nav       string `yaml:"nav"`       // collection here; default is the relationship's name
	OtherNav  string `yaml:"other_nav"` // collection there; default is the relationship's name
	System    bool   `yaml:"-"`         // its intersect table was made from this declaration
}

// complete fills the defaults in.
func (m *ManyToMany) complete(t, other *Table) {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	set(&m.Intersect, lower(m.Name))
	set(&m.Set, m.Intersect+"set")
	set(&m.Nav, m.Name)
	if t == other {
		set(&m.Here, t.ID+"one")
		set(&m.There, t.ID+"two")
		set(&m.OtherNav, m.Name+"_referenced")
		return
	}
	set(&m.Here, t.ID)
	set(&m.There, other.ID)
	set(&m.OtherNav, m.Name)
}

// changeIntersects completes the N:N relations of the tables that change, and
// adds to the change the intersect tables that come and go with them.
func (b *builder) changeIntersects(change *Change) error {
	known := cloned(b.tables)
	for _, name := range change.Drop {
		delete(known, name)
	}
	for _, t := range change.Put {
		known[t.Name] = t
	}
	kept, put := map[string]bool{}, slices.Clone(change.Put)
	for _, t := range change.Put {
		for _, m := range t.ManyToMany {
			other := known[m.With]
			if m.Name == "" || other == nil {
				return errs.New(errs.Invalid, "metadata.many_to_many", "relationship %q of table %s has no name or leads to the unknown table %q", m.Name, t.Name, m.With)
			}
			m.complete(t, other)
			kept[m.Intersect] = true
			if x := known[m.Intersect]; x != nil {
				m.System = x.Intersect
				continue
			}
			m.System = true
			x := m.table(t, other)
			known[x.Name] = x
			put = append(put, x)
		}
	}
	drop := slices.Clone(change.Drop)
	old := slices.Clone(change.Drop)
	for _, t := range change.Put {
		old = append(old, t.Name)
	}
	for _, name := range old {
		t := b.old.tables[name]
		if t == nil {
			continue
		}
		for _, m := range t.ManyToMany {
			if m.System && !kept[m.Intersect] && !slices.Contains(drop, m.Intersect) && !slices.ContainsFunc(put, func(p *Table) bool { return p.Name == m.Intersect }) {
				drop = append(drop, m.Intersect)
			}
		}
	}
	change.Put, change.Drop = put, drop
	return nil
}

func (m *ManyToMany) table(t, other *Table) *Table {
	lookup := func(name string, to *Table) *Column {
		return &Column{Name: name, TypeName: "lookup", Targets: []string{to.Name}, Label: to.Label, Required: true, Cascade: Cascade{Delete: CascadeAll}}
	}
	label := t.Label.tied(other.Label)
	return &Table{Name: m.Intersect, Schema: m.Name, Set: m.Set, Label: label, Plural: label, ID: m.Intersect + "id", Title: m.Intersect + "id",
		Ownership: OwnedByOrganization, Intersect: true,
		Columns: []*Column{lookup(m.Here, t), lookup(m.There, other)},
		Keys:    []Key{{Name: "pair", Columns: []string{m.Here, m.There}}}}
}

// tied names a tie between two tables by both their labels, in the languages
// that either of them has.
func (l Label) tied(other Label) Label {
	out := Label{}
	for _, labels := range []Label{l, other} {
		for lang := range labels {
			out[lang] = l.In(lang) + " – " + other.In(lang)
		}
	}
	return out
}

// edges gives both ends of the relation.
func (m *ManyToMany) edges(t, other *Table) []edge {
	if other == nil {
		return nil // dropped; orphans complains
	}
	return []edge{
		{t.Name, query.Relation{Name: m.Nav, Table: other.Name, From: t.ID, To: other.ID, Many: true,
			Via: query.Via{Table: m.Intersect, Here: m.Here, There: m.There, Back: m.OtherNav}}},
		{other.Name, query.Relation{Name: m.OtherNav, Table: t.Name, From: other.ID, To: t.ID, Many: true,
			Via: query.Via{Table: m.Intersect, Here: m.There, There: m.Here, Back: m.Nav}}},
	}
}

// checkMany makes sure that intersect tables which are defined as tables of
// their own have the lookups that the relations name.
func (b *builder) checkMany(t *Table) error {
	for _, m := range t.ManyToMany {
		x := b.tables[m.Intersect]
		for column, to := range map[string]string{m.Here: t.Name, m.There: m.With} {
			if x != nil {
				if col, ok := x.Column(column); ok && col.IsLookup() && slices.Equal(col.Targets, []string{to}) {
					continue
				}
			}
			return errs.New(errs.Invalid, "metadata.many_to_many", "relationship %s: %s.%s is no lookup to %s", m.Name, m.Intersect, column, to)
		}
	}
	return nil
}
