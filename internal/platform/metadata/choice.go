package metadata

import (
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Choice is a global choice: options that columns of several tables share by
// its name. A table's file may declare some under choices.
type Choice struct {
	Name        string   `yaml:"name"` // logical name, lower case
	Label       Label    `yaml:"label"`
	Description string   `yaml:"description"`
	Options     []Option `yaml:"options"`
}

// changeChoices puts and drops global choices, and adds to the change the
// tables that must be made anew because their options are others now.
func (b *builder) changeChoices(change *Change) error {
	touched := map[string]bool{}
	drop := func(name string) { delete(b.choices, name); touched[name] = true }
	for _, name := range change.DropChoices {
		if b.choices[name] == nil {
			return errs.New(errs.NotFound, "metadata.choice", "there is no global choice %s", name)
		}
		drop(name)
	}
	put := slices.Clone(change.PutChoices)
	for _, name := range change.Drop {
		for _, g := range b.choicesOf(name) {
			drop(g.Name)
		}
	}
	for _, t := range change.Put {
		for _, g := range b.choicesOf(t.Name) {
			drop(g.Name)
		}
		put = append(put, t.Choices...)
	}
	fresh := map[string]bool{}
	for _, g := range put {
		if err := g.check(); err != nil {
			return err
		}
		if fresh[g.Name] {
			return errs.New(errs.Invalid, "metadata.choice", "the global choice %s stands twice", g.Name)
		}
		fresh[g.Name], touched[g.Name] = true, true
		b.choices[g.Name] = g
	}
	if len(touched) == 0 {
		return nil
	}
	for _, name := range b.names {
		t := b.tables[name]
		uses := slices.ContainsFunc(t.Columns, func(c *Column) bool { return touched[c.Choice] })
		if uses && !slices.Contains(change.Drop, name) && !slices.ContainsFunc(change.Put, func(p *Table) bool { return p.Name == name }) {
			again, _ := b.Declared(name)
			change.Put = append(slices.Clone(change.Put), again)
		}
	}
	return nil
}

// choicesOf lists the global choices that came with a table of the old catalog.
func (b *builder) choicesOf(table string) []*Choice {
	if t := b.old.tables[table]; t != nil {
		return t.Choices
	}
	return nil
}

func (g *Choice) check() error {
	if g.Name == "" || g.Label["en"] == "" || len(g.Options) == 0 {
		return errs.New(errs.Invalid, "metadata.choice", "the global choice %q needs a name, label.en and options", g.Name)
	}
	if err := checkOptions(g.Options); err != nil {
		return errs.New(errs.Invalid, "metadata.choice", "the global choice %s: %s", g.Name, err.Error())
	}
	return nil
}

// lendOptions gives columns the options of the global choice that they name.
func (c *Catalog) lendOptions(t *Table) error {
	for _, col := range t.Columns {
		if col.Choice == "" {
			continue
		}
		g := c.choices[col.Choice]
		if g == nil {
			return errs.New(errs.Invalid, "metadata.choice", "column %s.%s names the unknown global choice %q", t.Name, col.Name, col.Choice)
		}
		col.Options = g.Options
	}
	return nil
}

// Choice gives a global choice by name.
func (c *Catalog) Choice(name string) (*Choice, bool) {
	g, ok := c.choices[name]
	return g, ok
}

// Choices lists the names of the global choices, sorted.
func (c *Catalog) Choices() []string { return slices.Sorted(maps.Keys(c.choices)) }

func checkOptions(options []Option) error {
	seen := make(map[int64]bool, len(options))
	for _, o := range options {
		if seen[o.Value] {
			return errs.New(errs.Invalid, "metadata.option", "the option %d stands twice", o.Value)
		}
		if o.Label["en"] == "" {
			return errs.New(errs.Invalid, "metadata.option", "the option %d has no English label", o.Value)
		}
		seen[o.Value] = true
	}
	return nil
}
