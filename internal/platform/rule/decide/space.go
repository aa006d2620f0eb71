package decide

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// axis is one input or formula of a space, cut into atoms: parts within which no
// cell makes a difference. So a set of cases is exactly a set of atoms an axis.
type axis struct {
	place int
	kind  string
	label string
	atoms []atom
}

// atom is a point, an open interval, one value of a list, all others, or the
// lack of a value.
type atom struct {
	from, to float64 // the same for a point
	one      string
	show     string
	other    bool
	missing  bool
}

// sample gives a value of the atom.
func (a atom) sample() float64 {
	switch {
	case a.from == a.to:
		return a.from
	case math.IsInf(a.from, -1) && math.IsInf(a.to, 1):
		return 0
	case math.IsInf(a.from, -1):
		return a.to - math.Max(1, math.Abs(a.to)/2)
	case math.IsInf(a.to, 1):
		return a.from + math.Max(1, math.Abs(a.from)/2)
	}
	return a.from + (a.to-a.from)/2
}

// set is a set of atoms of one axis.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) size() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) and(t set) set {
	out := make(set, len(s))
	for i := range s {
		out[i] = s[i] & t[i]
	}
	return out
}

func (s set) less(t set) set {
	out := make(set, len(s))
	for i := range s {
		out[i] = s[i] &^ t[i]
	}
	return out
}

// region is a product of sets, one an axis.
type region []set

func (r region) empty() bool { return slices.ContainsFunc(r, set.empty) }

func (r region) and(s region) region {
	out := make(region, len(r))
	for i := range r {
		out[i] = r[i].and(s[i])
	}
	return out
}

// less gives the parts of r that are not in s, which do not overlap.
func (r region) less(s region) []region {
	if r.and(s).empty() {
		return []region{r}
	}
	var out []region
	rest := slices.Clone(r)
	for i := range r {
		part := slices.Clone(rest)
		if part[i] = rest[i].less(s[i]); !part.empty() {
			out = append(out, part)
		}
		rest[i] = rest[i].and(s[i])
	}
	return out
}

// maxParts bounds the work of examining: beyond it a table is told to be too
// entangled to be examined.
const maxParts = 5000

// without takes a region out of several; ok is false where they become too many.
func without(list []region, r region) (out []region, ok bool) {
	for _, one := range list {
		if out = append(out, one.less(r)...); len(out) > maxParts {
			return nil, false
		}
	}
	return out, true
}

// space is the axes of some tables.
type space []axis

// space makes the axes of the tables' inputs and formulas.
func (p *Program) space(tables ...*table) space {
	var out space
	for _, t := range tables {
		for _, place := range t.inputs {
			if !slices.ContainsFunc(out, func(a axis) bool { return a.place == place }) {
				out = append(out, p.axis(place, tables))
			}
		}
	}
	return out
}

// cells gives the cells of some tables on an input or formula.
func cells(place int, tables []*table) (out []*cell) {
	for _, t := range tables {
		if at := slices.Index(t.inputs, place); at >= 0 {
			for _, r := range t.rows {
				out = append(out, r.cells[at])
			}
		}
	}
	return out
}

func (p *Program) axis(place int, tables []*table) axis {
	a := axis{place: place, kind: p.kinds[place], label: p.labelAt(place)}
	in := new(Input)
	if place < len(p.def.Inputs) {
		in = &p.def.Inputs[place]
	}
	all := cells(place, tables)
	if a.kind == Number {
		a.atoms = numbers(breaks(all, in), in)
	} else {
		a.atoms = listed(a.kind, all, in)
	}
	if slices.ContainsFunc(all, func(c *cell) bool { return c.missing }) {
		a.atoms = append(a.atoms, atom{missing: true, show: "missing"})
	}
	return a
}

// breaks gives the numbers at which cells change their mind, sorted.
func breaks(all []*cell, in *Input) []float64 {
	var out []float64
	for _, c := range all {
		for _, s := range c.spans {
			out = append(out, s.from, s.to)
		}
	}
	for _, limit := range []*float64{in.Least, in.Most} {
		if limit != nil {
			out = append(out, *limit)
		}
	}
	out = slices.DeleteFunc(out, func(f float64) bool { return math.IsInf(f, 0) })
	slices.Sort(out)
	return slices.Compact(out)
}

func numbers(at []float64, in *Input) []atom {
	var out []atom
	put := func(from, to float64) {
		outside := in.Least != nil && (to < *in.Least || to == *in.Least && from < to) || in.Most != nil && (from > *in.Most || from == *in.Most && from < to)
		if outside || in.Whole && !wholeIn(from, to) {
			return
		}
		out = append(out, atom{from: from, to: to})
	}
	before := math.Inf(-1)
	for _, b := range at {
		put(before, b)
		put(b, b)
		before = b
	}
	put(before, math.Inf(1))
	return out
}

// wholeIn tells whether there is a whole number at the point, or in the open interval.
func wholeIn(from, to float64) bool {
	if from == to {
		return from == math.Trunc(from)
	}
	return math.IsInf(from, -1) || math.IsInf(to, 1) || math.Floor(from)+1 < to
}

func listed(kind string, all []*cell, in *Input) []atom {
	known := map[string]string{} // as cells compare it → as people read it
	if kind == Boolean {
		known["0"], known["1"] = "false", "true"
	}
	for _, v := range in.Values {
		c := canonical(kind, v)
		known[comparableOf(kind, c).one(kind)] = Show(c)
	}
	open := kind != Boolean && len(in.Values) == 0
	for _, c := range all {
		for v := range c.ones {
			if _, ok := known[v]; !ok && open {
				known[v] = v
			}
		}
	}
	var out []atom
	for v, show := range known {
		out = append(out, atom{one: v, show: show})
	}
	slices.SortFunc(out, func(a, b atom) int { return cmp.Or(cmp.Compare(len(a.one), len(b.one)), cmp.Compare(a.one, b.one)) })
	if open {
		out = append(out, atom{other: true, show: "any other"})
	}
	return out
}

func (a *axis) set(holds func(atom) bool) set {
	s := newSet(len(a.atoms))
	for i, x := range a.atoms {
		if holds(x) {
			s.add(i)
		}
	}
	return s
}

// cell gives the atoms for which a cell holds.
func (a *axis) cell(c *cell) set {
	return a.set(func(x atom) bool {
		switch {
		case c.any:
			return true
		case x.missing || c.missing:
			return x.missing && c.missing
		case a.kind == Number:
			return c.number(x.sample())
		}
		return (c.ones[x.one] && !x.other) != c.negate
	})
}

// all is the whole space.
func (s space) all() region {
	out := make(region, len(s))
	for i := range s {
		out[i] = s[i].set(func(atom) bool { return true })
	}
	return out
}

// row gives the cases for which a row's cells hold.
func (s space) row(t *table, r *row) region {
	out := s.all()
	for i := range s {
		if at := slices.Index(t.inputs, s[i].place); at >= 0 {
			out[i] = s[i].cell(r.cells[at])
		}
	}
	return out
}

// say describes a region: the axes that it does not take up wholly.
func (s space) say(r region) string {
	var parts []string
	for i := range s {
		if n := r[i].size(); n < len(s[i].atoms) {
			parts = append(parts, s[i].label+" "+s[i].say(r[i]))
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

func (a *axis) say(in set) string {
	var parts []string
	for i := 0; i < len(a.atoms); i++ {
		if !in.has(i) {
			continue
		}
		x := a.atoms[i]
		if a.kind != Number || x.missing {
			parts = append(parts, x.show)
			continue
		}
		last := i
		for last+1 < len(a.atoms) && in.has(last+1) && !a.atoms[last+1].missing {
			last++
		}
		parts = append(parts, interval(x, a.atoms[last]))
		i = last
	}
	return strings.Join(parts, " or ")
}

// interval writes what reaches from one atom to another as a cell does.
func interval(first, last atom) string {
	closedFrom, closedTo := first.from == first.to, last.from == last.to
	sign := func(op string, closed bool, n float64) string {
		if closed {
			op += "="
		}
		return op + " " + showNumber(n)
	}
	switch {
	case math.IsInf(first.from, -1) && math.IsInf(last.to, 1):
		return "of any value"
	case first == last && closedFrom:
		return "= " + showNumber(first.from)
	case math.IsInf(first.from, -1):
		return sign("<", closedTo, last.to)
	case math.IsInf(last.to, 1):
		return sign(">", closedFrom, first.from)
	}
	open, shut := "(", ")"
	if closedFrom {
		open = "["
	}
	if closedTo {
		shut = "]"
	}
	return open + showNumber(first.from) + ".." + showNumber(last.to) + shut
}
