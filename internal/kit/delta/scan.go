package delta

import (
	"context"
	"errors"
	"iter"

	"github.com/parquet-go/parquet-go"
)

// Scan says what to read.
type Scan struct {
	Columns []string // by name, ignoring case; none means all, in the schema's order
	Where   []Test   // all must hold; files that can't hold a match are not opened
	Files   []*Add   // of the snapshot; nil means all
}

// Rows reads the table's rows, in the order of the files. A row belongs to the
// caller. Memory is bounded by a page of each column.
func (s *Snapshot) Rows(ctx context.Context, q Scan) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		p, err := s.plan(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, f := range p.files {
			if !p.readFile(ctx, f, yield) {
				return
			}
		}
	}
}

// plan is a scan with its names resolved.
type plan struct {
	s     *Snapshot
	cols  []Field // to read, each once
	out   []int   // of cols: what the caller gets
	tests []boundTest
	files []*Add
	parts map[int]bool // of cols: partition columns
}

type boundTest struct {
	Test
	at int
}

func (s *Snapshot) plan(q Scan) (*plan, error) {
	names := q.Columns
	if len(names) == 0 {
		names = s.Schema.Names()
	}
	p := &plan{s: s, parts: map[int]bool{}}
	add := func(name string) (int, error) {
		f, ok := s.Schema.Field(name)
		if !ok {
			return 0, fault(ErrColumn, "the table has no column %q", clip(name))
		}
		if at := (Schema{Fields: p.cols}).Index(f.Name); at >= 0 {
			return at, nil
		}
		p.cols = append(p.cols, f)
		for _, part := range s.Meta.PartitionColumns {
			if s.Schema.Index(part) == s.Schema.Index(name) {
				p.parts[len(p.cols)-1] = true
			}
		}
		return len(p.cols) - 1, nil
	}
	for _, name := range names {
		at, err := add(name)
		if err != nil {
			return nil, err
		}
		p.out = append(p.out, at)
	}
	for _, t := range q.Where {
		at, err := add(t.Column)
		if err != nil {
			return nil, err
		}
		if err := t.check(p.cols[at]); err != nil {
			return nil, err
		}
		p.tests = append(p.tests, boundTest{t, at})
	}
	files := q.Files
	if files == nil {
		files = s.Files
	}
	for _, f := range files {
		if s.mayMatch(f, q.Where) {
			p.files = append(p.files, f)
		}
	}
	return p, nil
}

// readFile gives the rows of one file; false means stop.
func (p *plan) readFile(ctx context.Context, f *Add, yield func([]any, error) bool) (more bool) {
	r, err := p.open(ctx, f)
	if err != nil {
		yield(nil, err)
		return false
	}
	defer r.close()
	for {
		row, err := r.next()
		if err != nil {
			yield(nil, err)
			return false
		}
		if row == nil {
			return true
		}
		if !yield(row, nil) {
			return false
		}
	}
}

// rowReader reads one file row by row.
type rowReader struct {
	ctx   context.Context
	p     *plan
	file  *parquetFile
	fixed []any // values of partition columns
	vals  []any // of the row being read
	group int   // next row group
	left  int64 // rows of the current one
	count int64
	nodes []*node
	open  []*leaf
}

func (p *plan) open(ctx context.Context, f *Add) (*rowReader, error) {
	name, absolute, err := f.FileName()
	if err != nil {
		return nil, err
	}
	if absolute {
		return nil, fault(ErrFeature, "the table points to a file elsewhere, %s, which is not offered", clip(name))
	}
	r := &rowReader{ctx: ctx, p: p, fixed: make([]any, len(p.cols)), vals: make([]any, len(p.cols))}
	for i := range p.parts {
		text, err := partitionOf(f, p.cols[i].Name)
		if err == nil {
			r.fixed[i], err = p.cols[i].Type.partitionValue(text)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.file, err = openParquet(ctx, p.s.storage, name); err != nil {
		return nil, err
	}
	return r, nil
}

// partitionOf finds the value of a partition column, ignoring case.
func partitionOf(f *Add, column string) (*string, error) {
	if v, ok := f.PartitionValues[column]; ok {
		return v, nil
	}
	for name, v := range f.PartitionValues {
		if (Schema{Fields: []Field{{Name: name}}}).Index(column) == 0 {
			return v, nil
		}
	}
	return nil, fault(ErrLog, "a data file has no value for the partition column %q", clip(column))
}

// next gives the next row that passes the tests; nil behind the last.
func (r *rowReader) next() (row []any, err error) {
	defer func() {
		if err != nil {
			err = faultBy(err, ErrData, "the data file %s is damaged", clip(r.file.name))
		}
	}()
	defer rescue(&err, ErrData, "the data file %s is damaged", clip(r.file.name))
rows:
	for {
		if r.left == 0 {
			ok, err := r.nextGroup()
			if err != nil || !ok {
				return nil, err
			}
			continue
		}
		r.left--
		if r.count++; r.count%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		for i, n := range r.nodes {
			if n == nil {
				r.vals[i] = r.fixed[i]
			} else if r.vals[i], err = n.read(); err != nil {
				return nil, err
			}
		}
		for _, t := range r.p.tests {
			if !t.holds(r.vals[t.at]) {
				continue rows
			}
		}
		row = make([]any, len(r.p.out))
		for i, at := range r.p.out {
			row[i] = r.vals[at]
		}
		return row, nil
	}
}

// nextGroup opens the columns of the next row group; false if there is none.
func (r *rowReader) nextGroup() (bool, error) {
	if err := r.closeGroup(); err != nil {
		return false, err
	}
	groups := r.file.pq.RowGroups()
	if r.group >= len(groups) {
		return false, nil
	}
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	b := builder{leaves: map[int]*leaf{}}
	r.nodes = make([]*node, len(r.p.cols))
	for i, f := range r.p.cols {
		if r.p.parts[i] {
			continue
		}
		n, err := b.build(child(r.file.pq.Root(), f.Name), f.Type)
		if err != nil {
			return false, err
		}
		r.nodes[i] = n
	}
	chunks := groups[r.group].ColumnChunks()
	for index, l := range b.leaves {
		if index >= len(chunks) {
			return false, fault(ErrData, "the data file %s lacks a column that its schema has", clip(r.file.name))
		}
		if err := r.file.checkPages(r.group, index); err != nil {
			return false, err
		}
		if chunk, ok := chunks[index].(*parquet.FileColumnChunk); ok {
			l.pages = chunk.PagesFrom(r.file.file)
		} else {
			l.pages = chunks[index].Pages()
		}
		r.open = append(r.open, l)
	}
	r.left = groups[r.group].NumRows()
	r.group++
	return true, nil
}

func (r *rowReader) closeGroup() error {
	var all error
	for _, l := range r.open {
		all = errors.Join(all, l.close())
	}
	r.open = nil
	return all
}

func (r *rowReader) close() error { return errors.Join(r.closeGroup(), r.file.close()) }
