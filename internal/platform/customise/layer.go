package customise

import (
	"log/slog"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// layer is what ships and what is stored, brought together as of one epoch. It
// never changes once made.
type layer struct {
	shipped *metadata.Catalog
	catalog *metadata.Catalog
	homes   map[string]string        // global choices that ship → the table they come with
	defs    map[string][]*Definition // by table; choices under ""
	epoch   int64
}

func newLayer(shipped *metadata.Catalog) *layer {
	l := &layer{shipped: shipped, catalog: shipped, homes: map[string]string{}, defs: map[string][]*Definition{}}
	for _, name := range shipped.Names() {
		t, _ := shipped.Table(name)
		for _, g := range t.Choices {
			l.homes[g.Name] = name
		}
	}
	return l
}

// find gives a stored definition.
func (l *layer) find(n Name) *Definition {
	for _, d := range l.defs[n.Table] {
		if d.Name == n {
			return d
		}
	}
	return nil
}

// all gives every stored definition, by table and then as stored.
func (l *layer) all(yield func(*Definition) bool) {
	for _, table := range slices.Sorted(maps.Keys(l.defs)) {
		for _, d := range l.defs[table] {
			if !yield(d) {
				return
			}
		}
	}
}

// put gives the definitions with some in place of those of their name.
func (l *layer) put(changed []*Definition) map[string][]*Definition {
	out := maps.Clone(l.defs)
	fresh := map[string]bool{}
	for _, d := range changed {
		if !fresh[d.Table] {
			out[d.Table], fresh[d.Table] = slices.Clone(out[d.Table]), true
		}
		list := out[d.Table]
		if i := slices.IndexFunc(list, func(o *Definition) bool { return o.Name == d.Name }); i >= 0 {
			list[i] = d
		} else {
			out[d.Table] = append(list, d)
		}
	}
	return out
}

// with gives the layer after some definitions have changed. A definition that
// can't be used refuses the whole.
func (l *layer) with(changed []*Definition, epochs map[string]int64, epoch int64) (*layer, error) {
	next := &layer{shipped: l.shipped, homes: l.homes, defs: l.put(changed), epoch: epoch}
	change, err := next.change(l.catalog, changed)
	if err != nil {
		return nil, err
	}
	change.Epochs = epochs
	next.catalog, err = l.catalog.With(change)
	return next, err
}

// tolerant is with for what is stored already: after an upgrade of the product
// a definition may no longer fit. Its table then stays as it was.
func (l *layer) tolerant(changed []*Definition, epochs map[string]int64, epoch int64, logger *slog.Logger) *layer {
	next, err := l.with(changed, epochs, epoch)
	if err == nil {
		return next
	}
	next = l
	for _, d := range changed {
		if step, err := next.with([]*Definition{d}, nil, epoch); err == nil {
			next = step
		}
	}
	// What depends on another fits only once that one does.
	for _, d := range changed {
		if next.find(d.Name) == d {
			continue
		}
		step, err := next.with([]*Definition{d}, nil, epoch)
		if err != nil {
			logger.Warn("a stored definition does not fit and is not used", "definition", d.Name.String(), "error", err)
			continue
		}
		next = step
	}
	last, err := next.with(nil, epochs, epoch)
	if err != nil {
		logger.Error("the definitions stay as they were", "error", err)
		return l
	}
	return last
}

// change is what the catalog gets other than it was.
func (l *layer) change(old *metadata.Catalog, changed []*Definition) (metadata.Change, error) {
	var out metadata.Change
	again := map[string]bool{}
	for _, d := range changed {
		if d.Kind != KindChoice {
			again[d.Table] = true
			continue
		}
		if home := l.homes[d.Name.Name]; home != "" {
			again[home] = true // the choice comes with a table that ships
			continue
		}
		c, err := l.choice(d.Name.Name)
		if err != nil {
			return out, err
		}
		if c != nil {
			out.PutChoices = append(out.PutChoices, c)
		} else if _, ok := old.Choice(d.Name.Name); ok {
			out.DropChoices = append(out.DropChoices, d.Name.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(again)) {
		t, err := l.table(name)
		if err != nil {
			return out, err
		}
		if t != nil {
			out.Put = append(out.Put, t)
		} else if _, ok := old.Table(name); ok {
			out.Drop = append(out.Drop, name)
		}
	}
	return out, nil
}

// choice gives a global choice as it ships and is customised; nil if there is none.
func (l *layer) choice(name string) (*metadata.Choice, error) {
	var out *metadata.Choice
	if shipped, ok := l.shipped.Choice(name); ok {
		c := *shipped
		out = &c
	}
	d := l.find(Choice(name))
	if d == nil || d.State != Active {
		return out, nil
	}
	if out == nil {
		out = new(metadata.Choice)
		return out, decode(d.Body, out)
	}
	merged, err := merge(*out, d.Body)
	return &merged, err
}

// table gives a table as it ships and is customised, as declared; nil if there is none.
func (l *layer) table(name string) (*metadata.Table, error) {
	t, ships := l.shipped.Declared(name)
	var err error
	if d := l.find(Table(name)); d != nil && d.State == Active {
		if ships {
			t, err = overTable(t, d.Body)
		} else {
			t = new(metadata.Table)
			err = decode(d.Body, t)
		}
		if err != nil {
			return nil, within(err, d)
		}
	}
	if t == nil {
		for _, d := range l.defs[name] {
			if d.State == Active {
				return nil, invalid("table", "%s has no table: there is none named %s", d.Name, name)
			}
		}
		return nil, nil
	}
	for i, g := range t.Choices {
		if t.Choices[i], err = l.choice(g.Name); err != nil {
			return nil, err
		}
	}
	for _, d := range l.defs[name] {
		if d.State != Active || d.Kind == KindTable {
			continue
		}
		if err := lay(t, d); err != nil {
			return nil, within(err, d)
		}
	}
	return t, nil
}

func within(err error, d *Definition) error {
	return errs.Within(err, d.Name.String())
}

// overTable lays a stored definition over a table that ships. Its lists have
// definitions of their own.
func overTable(t *metadata.Table, body string) (*metadata.Table, error) {
	over, err := merge(bare(t), body)
	if err != nil {
		return nil, err
	}
	if over.Name != t.Name || over.Set != t.Set || over.ID != t.ID || over.Ownership != t.Ownership || over.Base != t.Base {
		return nil, invalid("shipped", "the name, set, id, ownership and base of a table that ships stay as they are")
	}
	over.Columns, over.Keys, over.Indexes, over.Views, over.Forms, over.Charts, over.ManyToMany, over.Choices = t.Columns, t.Keys, t.Indexes, t.Views, t.Forms, t.Charts, t.ManyToMany, t.Choices
	over.Intersect = t.Intersect
	return &over, nil
}

// lay puts one definition into its table.
func lay(t *metadata.Table, d *Definition) error {
	switch d.Kind {
	case KindColumn:
		return layColumn(t, d)
	case KindKey:
		return layNamed(&t.Keys, d, func(k *metadata.Key) string { return k.Name })
	case KindIndex:
		return layNamed(&t.Indexes, d, func(x *metadata.Index) string { return x.Name })
	case KindView:
		return layNamed(&t.Views, d, func(v *metadata.View) string { return v.Name })
	case KindForm:
		return layNamed(&t.Forms, d, func(f *metadata.Form) string { return f.Name })
	case KindChart:
		return layNamed(&t.Charts, d, func(c *metadata.Chart) string { return c.Name })
	case KindMany:
		m, err := said(d, func() (m metadata.ManyToMany, err error) {
			err = decode(d.Body, &m)
			return m, err
		})
		if err != nil {
			return err
		}
		t.ManyToMany = append(t.ManyToMany, &m)
		return checkNamed(m.Name, d)
	}
	return invalid("kind", "there is no kind %q", d.Kind)
}

func layColumn(t *metadata.Table, d *Definition) error {
	i := slices.IndexFunc(t.Columns, func(c *metadata.Column) bool { return c.Name == d.Name.Name })
	c, err := said(d, func() (metadata.Column, error) {
		if i < 0 {
			var c metadata.Column
			err := decode(d.Body, &c)
			return c, err
		}
		return merge(*t.Columns[i], d.Body)
	})
	if err != nil {
		return err
	}
	if i < 0 {
		t.Columns = append(t.Columns, &c)
		return checkNamed(c.Name, d)
	}
	if c.TypeName != t.Columns[i].TypeName {
		return invalid("shipped", "the type of a column that ships stays as it is")
	}
	t.Columns[i] = &c
	return checkNamed(c.Name, d)
}

// layNamed puts an element into a list, in place of the one of its name.
func layNamed[T any](list *[]T, d *Definition, name func(*T) string) error {
	v, err := said(d, func() (v T, err error) {
		err = decode(d.Body, &v)
		return v, err
	})
	if err != nil {
		return err
	}
	if err := checkNamed(name(&v), d); err != nil {
		return err
	}
	if i := slices.IndexFunc(*list, func(o T) bool { return name(&o) == d.Name.Name }); i >= 0 {
		(*list)[i] = v
	} else {
		*list = append(*list, v)
	}
	return nil
}

func checkNamed(name string, d *Definition) error {
	if name != d.Name.Name {
		return invalid("name", "the definition names %q inside", name)
	}
	return nil
}
