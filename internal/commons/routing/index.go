package routing

import (
	"cmp"
	"slices"
	"strings"
)

// entry is one way by which a rule takes records: a postal pattern, a city, or
// neither. Entries stand in the order in which they count.
type entry struct {
	rule    int // place in Set.rules
	postal  *Pattern
	city    string // folded; "" for none
	country string // upper case; "" for any
}

// index finds the entries that a place may belong to without looking at all of
// them: a code by a map, beginnings by a map for each of them, ranges by a tree,
// cities by a map. What has no place is always looked at. It holds positions in
// the list of entries, so the least of them counts first.
type index struct {
	codes    map[string][]int32
	prefixes map[string][]int32
	longest  int // of the beginnings
	ranges   []rangeTree
	cities   map[string][]int32
	anywhere []int32
}

func newIndex(entries []entry) *index {
	x := &index{codes: map[string][]int32{}, prefixes: map[string][]int32{}, cities: map[string][]int32{}}
	byLength := map[int][]ranged{}
	for i, e := range entries {
		at := int32(i)
		switch {
		case e.postal == nil && e.city == "":
			x.anywhere = append(x.anywhere, at)
		case e.postal == nil:
			x.cities[e.city] = append(x.cities[e.city], at)
		case e.postal.form == exact:
			x.codes[e.postal.lo] = append(x.codes[e.postal.lo], at)
		case e.postal.form == prefix:
			x.prefixes[e.postal.lo] = append(x.prefixes[e.postal.lo], at)
			x.longest = max(x.longest, len(e.postal.lo))
		default:
			n := len(e.postal.lo)
			byLength[n] = append(byLength[n], ranged{e.postal.lo, e.postal.hi, at})
		}
	}
	for length, list := range byLength {
		x.ranges = append(x.ranges, newRangeTree(length, list))
	}
	return x
}

// find gives the entries whose place a record's may be, in the order in which
// they count. Countries are left to the caller.
func (x *index) find(postal, city string) []int32 {
	var out []int32
	if postal != "" {
		out = append(out, x.codes[postal]...)
		for n := 1; n <= min(len(postal), x.longest); n++ {
			out = append(out, x.prefixes[postal[:n]]...)
		}
		for i := range x.ranges {
			if t := &x.ranges[i]; len(postal) >= t.length {
				out = t.find(postal[:t.length], postal[:t.length], 0, len(t.list), out)
			}
		}
	}
	if city != "" {
		out = append(out, x.cities[city]...)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return merge(out, x.anywhere)
}

// covering gives the entries whose postal set holds all of a pattern's codes.
func (x *index) covering(p Pattern) []int32 {
	top := p.hi
	if p.form != span {
		top = p.lo
	}
	var out []int32
	if p.form == exact {
		out = append(out, x.codes[p.lo]...)
	}
	for n := 1; n <= min(len(p.lo), x.longest) && p.lo[:n] == top[:n]; n++ {
		out = append(out, x.prefixes[p.lo[:n]]...)
	}
	for i := range x.ranges {
		if t := &x.ranges[i]; len(p.lo) >= t.length {
			out = t.find(p.lo[:t.length], top[:t.length], 0, len(t.list), out)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// merge brings two ascending lists together.
func merge(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// ranged is a range of codes of one length, and whose it is.
type ranged struct {
	lo, hi string
	at     int32
}

// rangeTree is a balanced tree over ranges sorted by their beginning: the middle
// of each part is its root, and highest the furthest end within the part.
type rangeTree struct {
	length  int
	list    []ranged
	highest []string // by the place of the root of a part
}

func newRangeTree(length int, list []ranged) rangeTree {
	slices.SortFunc(list, func(a, b ranged) int { return cmp.Or(strings.Compare(a.lo, b.lo), cmp.Compare(a.at, b.at)) })
	t := rangeTree{length: length, list: list, highest: make([]string, len(list))}
	t.climb(0, len(list))
	return t
}

func (t *rangeTree) climb(from, to int) string {
	if from >= to {
		return ""
	}
	mid := (from + to) / 2
	t.highest[mid] = max(t.list[mid].hi, t.climb(from, mid), t.climb(mid+1, to))
	return t.highest[mid]
}

// find adds the ranges that reach from lo or below to hi or above.
func (t *rangeTree) find(lo, hi string, from, to int, out []int32) []int32 {
	if from >= to {
		return out
	}
	mid := (from + to) / 2
	if t.highest[mid] < hi {
		return out
	}
	out = t.find(lo, hi, from, mid, out)
	if t.list[mid].lo > lo {
		return out
	}
	if t.list[mid].hi >= hi {
		out = append(out, t.list[mid].at)
	}
	return t.find(lo, hi, mid+1, to, out)
}
