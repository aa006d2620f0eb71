package metadata

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Formula is the compiled formula of a column. A formula reads the columns of
// its own row by name, and those of the row that a lookup leads to as
// lookup.column; the lookup itself is null where it is empty. Money, decimals
// and doubles are numbers with a point, choices whole numbers, days and instants
// times, several options the text "1,3".
type Formula struct {
	Program *expr.Program
	Reads   []string            // columns of the row itself, lookups among them, sorted
	Parents map[string][]string // by lookup: the columns read of the row that it leads to
}

// Compiled gives the compiled formula; nil if the column has none.
func (c *Column) Compiled() *Formula { return c.formula }

// Formulas lists the columns with a formula, each after those it reads.
func (t *Table) Formulas() []*Column { return t.formulas }

// compileFormulas compiles the table's formulas.
func (c *Catalog) compileFormulas(t *Table) error {
	var env *expr.Env
	for _, col := range t.Columns {
		if col.Formula == "" {
			continue
		}
		bad := func(format string, args ...any) error {
			return errs.New(errs.Invalid, "metadata.formula", "formula of "+t.Name+"."+col.Name+": "+format, args...)
		}
		if col.IsLookup() || col.IsFile() || col.Default != nil || col.AutoNumber != "" || col.Name == t.ID || col.TypeName == "id" {
			return bad("a lookup, a file, an id, a column with a default or an automatic number has no formula")
		}
		if env == nil {
			var err error
			if env, err = t.formulaEnv(); err != nil {
				return err
			}
		}
		program, err := env.Compile(col.Formula)
		if err != nil {
			return bad("%s", err.Error())
		}
		if col.formula, err = c.readsOf(t, program); err != nil {
			return bad("%s", err.Error())
		}
		col.ReadOnly = true
	}
	return nil
}

func (t *Table) formulaEnv() (*expr.Env, error) {
	var vars []expr.Var
	for _, c := range t.Columns {
		v := expr.Var{Name: c.Name}
		if !c.IsLookup() {
			switch c.kind.Shape(c).Kind {
			case query.Text, query.Memo, query.Set, query.ID:
				v.Kind = expr.Text
			case query.Int:
				v.Kind = expr.Whole
			case query.Fixed, query.Float:
				v.Kind = expr.Number
			case query.Bool:
				v.Kind = expr.Bool
			case query.Time, query.Day:
				v.Kind = expr.Time
			}
		}
		vars = append(vars, v)
	}
	return expr.New(expr.Options{Vars: vars})
}

// readsOf resolves what a formula uses.
func (c *Catalog) readsOf(t *Table, program *expr.Program) (*Formula, error) {
	f := &Formula{Program: program, Parents: map[string][]string{}}
	for _, use := range program.Uses() {
		name, field, isField := strings.Cut(use, ".")
		col, ok := t.Column(name)
		if !ok {
			return nil, errs.New(errs.Invalid, "metadata.formula", "there is no column %s", name)
		}
		if !slices.Contains(f.Reads, name) {
			f.Reads = append(f.Reads, name)
		}
		if !isField {
			continue
		}
		if !col.IsLookup() {
			return nil, errs.New(errs.Invalid, "metadata.formula", "%s is no lookup: it has no %s", name, field)
		}
		known := false
		for _, target := range col.Targets {
			if parent := c.tables[target]; parent != nil && parent.byName[field] != nil {
				known = true
			}
		}
		if !known {
			return nil, errs.New(errs.Invalid, "metadata.formula", "the table that %s leads to has no column %s", name, field)
		}
		f.Parents[name] = append(f.Parents[name], field)
	}
	slices.Sort(f.Reads)
	return f, nil
}

// compute compiles the formulas of the tables that change, and checks that all
// computed columns can still be computed: what they read is there, and none
// depends on itself, on the way through other tables either.
func (b *builder) compute(change Change) error {
	for _, name := range change.Drop {
		delete(b.computed, name)
	}
	for _, t := range change.Put {
		if err := b.checkMany(t); err != nil {
			return err
		}
		delete(b.computed, t.Name)
		if slices.ContainsFunc(t.Columns, func(c *Column) bool { return c.Formula != "" || c.Rollup != nil }) {
			b.computed[t.Name] = true
		}
		if err := b.compileFormulas(t); err != nil {
			return err
		}
	}
	v := visitor{catalog: b.Catalog, state: map[node]int{}}
	for _, name := range slices.Sorted(maps.Keys(b.computed)) {
		t := b.tables[name]
		for _, col := range t.Columns {
			if col.formula != nil {
				if _, err := b.readsOf(t, col.formula.Program); err != nil {
					return errs.New(errs.Invalid, "metadata.formula", "formula of %s.%s: %s", name, col.Name, err.Error())
				}
			}
			if col.Rollup != nil {
				if err := b.checkRollup(t, col); err != nil {
					return err
				}
			}
		}
		for _, col := range t.Columns {
			if err := v.visit(t, col); err != nil {
				return err
			}
		}
	}
	for _, t := range change.Put {
		t.orderFormulas()
	}
	return nil
}

// orderFormulas puts the table's formulas in an order in which each comes after
// those it reads.
func (t *Table) orderFormulas() {
	t.formulas = nil
	var add func(name string)
	add = func(name string) {
		c := t.byName[name]
		if c == nil || c.formula == nil || slices.Contains(t.formulas, c) {
			return
		}
		for _, read := range c.formula.Reads {
			add(strings.TrimSuffix(read, "_base")) // the twin follows from its column
			add(read)
		}
		t.formulas = append(t.formulas, c)
	}
	for _, c := range t.Columns {
		add(c.Name)
	}
}

type node struct{ table, column string }

// visitor walks the dependencies depth first. A column met again while it is
// still being visited depends on itself.
type visitor struct {
	catalog *Catalog
	state   map[node]int // 1 being visited, 2 done
	trail   []string
}

func (v *visitor) visit(t *Table, col *Column) error {
	if col == nil || !col.Computed() {
		return nil
	}
	at := node{t.Name, col.Name}
	v.trail = append(v.trail, t.Name+"."+col.Name)
	defer func() { v.trail = v.trail[:len(v.trail)-1] }()
	switch v.state[at] {
	case 1:
		return errs.New(errs.Invalid, "metadata.cycle", "computed columns depend on themselves: %s", strings.Join(v.trail, " → "))
	case 2:
		return nil
	}
	v.state[at] = 1
	if err := v.inputs(t, col); err != nil {
		return err
	}
	v.state[at] = 2
	return nil
}

func (v *visitor) inputs(t *Table, col *Column) error {
	switch {
	case col.BaseOf != "":
		return v.visit(t, t.byName[col.BaseOf])
	case col.Rollup != nil:
		other := v.catalog.tables[t.relations[col.Rollup.Relation].Table]
		return v.visit(other, other.byName[col.Rollup.Column])
	}
	for _, name := range col.formula.Reads {
		if err := v.visit(t, t.byName[name]); err != nil {
			return err
		}
		for _, field := range col.formula.Parents[name] {
			for _, target := range t.byName[name].Targets {
				parent := v.catalog.tables[target]
				if err := v.visit(parent, parent.byName[field]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
