package metadata

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Catalog is every table of one epoch. It never changes once made; a change of
// definitions makes a new one by With, which shares all that is as it was.
type Catalog struct {
	tables   map[string]*Table
	sets     map[string]*Table
	declared map[string]*Table // as they were given
	names    []string
	choices  map[string]*Choice
	computed map[string]bool // tables with formulas or roll-ups
}

// Change is what one epoch has other than the one before it.
type Change struct {
	Put  []*Table // as declared: new tables, and those in place of the ones of their name
	Drop []string // logical names
	// Epochs are those of tables that have got another shape.
	Epochs map[string]int64

	PutChoices  []*Choice // global choices beside those that tables declare
	DropChoices []string
}

// NewCatalog checks the tables, adds system columns and relations, and brings
// them together.
func NewCatalog(tables ...*Table) (*Catalog, error) {
	seen := make(map[string]bool, len(tables))
	for _, t := range tables {
		if seen[t.Name] {
			return nil, errs.New(errs.Invalid, "metadata.table", "table %s stands twice", t.Name)
		}
		seen[t.Name] = true
	}
	return (&Catalog{}).With(Change{Put: tables})
}

// With gives the catalog after a change. The work grows with the change, and
// with the number of tables only as far as an index of names is copied.
func (c *Catalog) With(change Change) (*Catalog, error) {
	n := &Catalog{tables: cloned(c.tables), sets: cloned(c.sets), declared: cloned(c.declared), names: slices.Clone(c.names), choices: cloned(c.choices), computed: cloned(c.computed)}
	b := builder{Catalog: n, old: c, fresh: map[string]bool{}}
	if err := b.widen(&change); err != nil {
		return nil, err
	}
	for _, name := range change.Drop {
		if slices.ContainsFunc(change.Put, func(t *Table) bool { return t.Name == name }) {
			return nil, errs.New(errs.Invalid, "metadata.table", "table %s can't be dropped and put at once", name)
		}
		if err := b.drop(name); err != nil {
			return nil, err
		}
	}
	for _, t := range change.Put {
		if err := b.put(t); err != nil {
			return nil, err
		}
	}
	if err := b.relate(change); err != nil {
		return nil, err
	}
	for name, epoch := range change.Epochs {
		if n.tables[name] != nil {
			b.own(name).Epoch = epoch
		}
	}
	if err := b.compute(change); err != nil {
		return nil, err
	}
	for name := range b.fresh {
		n.tables[name].buildShape()
	}
	return n, nil
}

// cloned is a copy that can be written to, of nil too.
func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// Table gives a table by logical name.
func (c *Catalog) Table(name string) (*Table, bool) {
	t, ok := c.tables[name]
	return t, ok
}

// Set gives a table by its entity set name.
func (c *Catalog) Set(name string) (*Table, bool) {
	t, ok := c.sets[name]
	return t, ok
}

// Declared gives a copy of a table as it was declared, without what the
// platform adds: to be changed and given to With.
func (c *Catalog) Declared(name string) (*Table, bool) {
	t, ok := c.declared[name]
	if !ok {
		return nil, false
	}
	return t.Clone(), true
}

// Changed lists the tables that are other than in an earlier catalog, those
// that are gone among them, sorted.
func (c *Catalog) Changed(since *Catalog) []string {
	var out []string
	for name, t := range c.tables {
		if since.tables[name] != t {
			out = append(out, name)
		}
	}
	for name := range since.tables {
		if c.tables[name] == nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Names lists the logical names of all tables, sorted. Do not change it.
func (c *Catalog) Names() []string { return c.names }

// QueryTable implements query.Schema.
func (c *Catalog) QueryTable(name string) (*query.Table, bool) {
	t, ok := c.tables[name]
	if !ok {
		return nil, false
	}
	return t.shape, true
}
