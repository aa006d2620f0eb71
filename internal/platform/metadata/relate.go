package metadata

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// builder makes a catalog out of the one before it.
type builder struct {
	*Catalog
	old   *Catalog
	fresh map[string]bool // tables that are not those of the old catalog, and may be written to

	currencies bool // the table of currencies is among the tables
}

// widen adds to a change what follows from it: the intersect tables of new N:N
// relations come, those of old ones go, and tables whose global choices change
// are made anew.
func (b *builder) widen(change *Change) error {
	if err := b.changeChoices(change); err != nil {
		return err
	}
	if err := b.changeIntersects(change); err != nil {
		return err
	}
	b.currencies = b.tables[CurrencyTable] != nil
	for _, t := range change.Put {
		b.currencies = b.currencies || t.Name == CurrencyTable
	}
	return nil
}

func (b *builder) drop(name string) error {
	t := b.tables[name]
	if t == nil {
		return errs.New(errs.NotFound, "metadata.table", "there is no table %s", name)
	}
	delete(b.tables, name)
	delete(b.sets, t.Set)
	delete(b.declared, name)
	if i, ok := slices.BinarySearch(b.names, name); ok {
		b.names = slices.Delete(b.names, i, i+1)
	}
	return nil
}

func (b *builder) put(t *Table) error {
	declared := t.Clone()
	if err := b.lendOptions(t); err != nil {
		return err
	}
	if err := t.build(b.currencies); err != nil {
		return err
	}
	t.relations = map[string]query.Relation{}
	if before := b.tables[t.Name]; before != nil {
		if b.sets[before.Set] == before {
			delete(b.sets, before.Set)
		}
		t.relations = maps.Clone(before.relations)
		t.Epoch = before.Epoch
	}
	if b.sets[t.Set] != nil {
		return errs.New(errs.Invalid, "metadata.table", "table %s or its set %s stands twice", t.Name, t.Set)
	}
	b.tables[t.Name], b.sets[t.Set], b.declared[t.Name] = t, t, declared
	if i, ok := slices.BinarySearch(b.names, t.Name); !ok {
		b.names = slices.Insert(b.names, i, t.Name)
	}
	b.fresh[t.Name] = true
	return nil
}

// edge is one end of a relation: what the table owner has under the relation's name.
type edge struct {
	owner string
	query.Relation
}

// relate derives both ends of the relations of the tables that change, and puts
// them in place of those that the tables had before.
func (b *builder) relate(change Change) error {
	before, after := map[edge]bool{}, map[edge]bool{}
	var order []edge // so that of two relations of one name the same is complained of each time
	for _, name := range change.Drop {
		if t := b.old.tables[name]; t != nil {
			for _, e := range edges(t, b.old.tables) {
				before[e] = true
			}
		}
	}
	for _, t := range change.Put {
		if old := b.old.tables[t.Name]; old != nil {
			for _, e := range edges(old, b.old.tables) {
				before[e] = true
			}
		}
		for _, e := range edges(t, b.tables) {
			if e.owner == t.Name && b.tables[e.Table] == nil {
				return errs.New(errs.Invalid, "metadata.relation", "lookup %s.%s leads to the unknown table %q", t.Name, e.From, e.Table)
			}
			if !after[e] {
				order = append(order, e)
			}
			after[e] = true
		}
	}
	for e := range before {
		if !after[e] && b.tables[e.owner] != nil {
			delete(b.own(e.owner).relations, e.Name)
		}
	}
	for _, e := range order {
		if before[e] && b.old.tables[e.owner] != nil {
			continue
		}
		owner := b.own(e.owner)
		if _, twice := owner.relations[e.Name]; twice {
			return errs.New(errs.Invalid, "metadata.relation", "table %s has two relations named %s", e.owner, e.Name)
		}
		owner.relations[e.Name] = e.Relation
	}
	return b.orphans(change.Drop)
}

// orphans complains of lookups to tables that are dropped.
func (b *builder) orphans(dropped []string) error {
	for _, name := range dropped {
		if b.tables[name] != nil {
			continue
		}
		for _, r := range b.old.tables[name].relations {
			child := b.tables[r.Table]
			if child != nil && slices.ContainsFunc(child.ManyToMany, func(m *ManyToMany) bool { return m.With == name }) {
				return errs.New(errs.Invalid, "metadata.relation", "an N:N relation of %s leads to the unknown table %q", child.Name, name)
			}
			if r.Many && !r.ManyToMany() && child != nil {
				if c, ok := child.byName[r.To]; ok && slices.Contains(c.Targets, name) {
					return errs.New(errs.Invalid, "metadata.relation", "lookup %s.%s leads to the unknown table %q", child.Name, c.Name, name)
				}
			}
		}
	}
	return nil
}

// own gives a table that this catalog may change.
func (b *builder) own(name string) *Table {
	t := b.tables[name]
	if b.fresh[name] {
		return t
	}
	mine := *t
	mine.relations = maps.Clone(t.relations)
	b.tables[name], b.sets[mine.Set], b.fresh[name] = &mine, &mine, true
	return &mine
}

// edges lists both ends of every relation that the table's lookups make, among
// these tables.
func edges(t *Table, tables map[string]*Table) []edge {
	var out []edge
	for _, col := range t.Columns {
		if !col.IsLookup() {
			continue
		}
		for _, target := range col.Targets {
			onType := ""
			if col.Polymorphic() {
				onType = target
			}
			other := tables[target]
			if other == nil {
				other = &Table{Name: target}
			}
			out = append(out, edge{t.Name, query.Relation{Name: col.NavTo(target), Table: target, From: col.Name, To: other.ID, OnType: onType}},
				edge{target, query.Relation{Name: col.collectionOn(other, t), Table: t.Name, From: other.ID, To: col.Name, Many: true, OnType: onType}})
		}
	}
	for _, m := range t.ManyToMany {
		out = append(out, m.edges(t, tables[m.With])...)
	}
	return out
}
