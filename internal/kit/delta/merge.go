package delta

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
)

// SortedBy tells by which columns the rows of a file are in order, if its
// writer said so.
func (a *Add) SortedBy() []string {
	var cols []string
	if json.Unmarshal([]byte(a.Tags[sortedTag]), &cols) != nil {
		return nil
	}
	return cols
}

// sorted tells whether a file's rows are in the order of the columns.
func (a *Add) sorted(by []string) bool {
	cols := a.SortedBy()
	return len(cols) >= len(by) && slices.EqualFunc(cols[:len(by)], by, strings.EqualFold)
}

// Merged reads rows in the order of columns, which the files' writers must have
// sorted by. A file is opened when its turn may have come, so that files whose
// values don't overlap are read one after the other.
func (s *Snapshot) Merged(ctx context.Context, by []string, q Scan) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		m, err := s.merge(ctx, by, q)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.close()
		for {
			row, err := m.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if row == nil || !yield(row, nil) {
				return
			}
		}
	}
}

// merger brings sorted files together.
type merger struct {
	ctx     context.Context
	p       *plan
	keys    []int // places of the sort columns in a row
	give    int
	waiting []*source // not opened, by their least value
	open    []*source // a heap by the row each stands at
}

type source struct {
	add   *Add
	rank  int
	least any // of the first sort column; nil if it is not known
	r     *rowReader
	row   []any
}

func (s *Snapshot) merge(ctx context.Context, by []string, q Scan) (*merger, error) {
	if len(q.Columns) == 0 {
		q.Columns = s.Schema.Names()
	}
	m := &merger{ctx: ctx, give: len(q.Columns)}
	cols := slices.Clone(q.Columns)
	for _, name := range by {
		at := slices.IndexFunc(cols, func(c string) bool { return strings.EqualFold(c, name) })
		if at < 0 {
			at = len(cols)
			cols = append(cols, name)
		}
		m.keys = append(m.keys, at)
	}
	q.Columns = cols
	p, err := s.plan(q)
	if err != nil {
		return nil, err
	}
	m.p = p
	for i, f := range p.files {
		if !f.sorted(by) {
			return nil, fault(ErrFeature, "the file %s is not sorted by %s", clip(f.Path), strings.Join(by, ", "))
		}
		src := &source{add: f, rank: i}
		if st := f.Statistics(); st != nil && len(by) > 0 {
			field, _ := s.Schema.Field(by[0])
			src.least, _ = st.Bounds(field)
			if n, ok := st.Nulls(field.Name); !ok || n > 0 {
				src.least = nil
			}
		}
		m.waiting = append(m.waiting, src)
	}
	slices.SortStableFunc(m.waiting, func(a, b *source) int { return Compare(a.least, b.least) })
	return m, nil
}

func (m *merger) Len() int { return len(m.open) }
func (m *merger) Swap(i, j int) {
	m.open[i], m.open[j] = m.open[j], m.open[i]
}
func (m *merger) Less(i, j int) bool {
	a, b := m.open[i], m.open[j]
	for _, k := range m.keys {
		if c := Compare(a.row[k], b.row[k]); c != 0 {
			return c < 0
		}
	}
	return a.rank < b.rank
}
func (m *merger) Push(x any) { m.open = append(m.open, x.(*source)) }
func (m *merger) Pop() any {
	last := m.open[len(m.open)-1]
	m.open = m.open[:len(m.open)-1]
	return last
}

// admit opens the files that may hold the next row.
func (m *merger) admit() error {
	for len(m.waiting) > 0 {
		src := m.waiting[0]
		if len(m.open) > 0 && src.least != nil && Compare(src.least, m.open[0].row[m.keys[0]]) > 0 {
			return nil
		}
		m.waiting = m.waiting[1:]
		r, err := m.p.open(m.ctx, src.add)
		if err != nil {
			return err
		}
		src.r = r
		if src.row, err = r.next(); err != nil || src.row == nil {
			if err = errors.Join(err, r.close()); err != nil {
				return err
			}
			continue
		}
		heap.Push(m, src)
	}
	return nil
}

func (m *merger) next() ([]any, error) {
	if err := m.admit(); err != nil {
		return nil, err
	}
	if len(m.open) == 0 {
		return nil, nil
	}
	src := m.open[0]
	row := src.row
	next, err := src.r.next()
	if err != nil {
		return nil, err
	}
	if next == nil {
		heap.Pop(m)
		if err := src.r.close(); err != nil {
			return nil, err
		}
	} else {
		src.row = next
		heap.Fix(m, 0)
	}
	return row[:m.give:m.give], nil
}

func (m *merger) close() {
	for _, src := range m.open {
		_ = src.r.close() // it was only read
	}
}
