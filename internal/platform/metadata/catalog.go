package metadata

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Catalog is every table of one epoch. It never changes once made; a change of
// definitions makes a new one.
type Catalog struct {
	tables map[string]*Table
	sets   map[string]*Table
	names  []string
}

// NewCatalog checks the tables, adds system columns and relations, and brings
// them together.
func NewCatalog(tables ...*Table) (*Catalog, error) {
	c := &Catalog{tables: make(map[string]*Table, len(tables)), sets: make(map[string]*Table, len(tables))}
	for _, t := range tables {
		if c.tables[t.Name] != nil || c.sets[t.Set] != nil {
			return nil, errs.New(errs.Invalid, "metadata.table", "table %s or its set %s stands twice", t.Name, t.Set)
		}
		if err := t.build(); err != nil {
			return nil, err
		}
		t.relations = make(map[string]query.Relation)
		c.tables[t.Name], c.sets[t.Set] = t, t
	}
	c.names = slices.Sorted(maps.Keys(c.tables))
	for _, name := range c.names {
		if err := c.relate(c.tables[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range c.names {
		c.tables[name].buildShape()
	}
	return c, nil
}

// relate derives both ends of every relation from the table's lookups.
func (c *Catalog) relate(t *Table) error {
	for _, col := range t.Columns {
		if !col.IsLookup() {
			continue
		}
		for _, target := range col.Targets {
			other := c.tables[target]
			if other == nil {
				return errs.New(errs.Invalid, "metadata.relation", "lookup %s.%s leads to the unknown table %q", t.Name, col.Name, target)
			}
			nav, collection, onType := col.NavTo(target), col.collectionOn(other, t), ""
			if col.Polymorphic() {
				onType = target
			}
			if err := addRelation(t, query.Relation{Name: nav, Table: target, From: col.Name, To: other.ID, OnType: onType}); err != nil {
				return err
			}
			if err := addRelation(other, query.Relation{Name: collection, Table: t.Name, From: other.ID, To: col.Name, Many: true, OnType: onType}); err != nil {
				return err
			}
		}
	}
	return nil
}

func addRelation(t *Table, r query.Relation) error {
	if _, twice := t.relations[r.Name]; twice {
		return errs.New(errs.Invalid, "metadata.relation", "table %s has two relations named %s", t.Name, r.Name)
	}
	t.relations[r.Name] = r
	return nil
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
