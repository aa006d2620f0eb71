package delta

import (
	"errors"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// leaf reads the values of one Parquet column of one row group in order.
type leaf struct {
	col    *parquet.Column
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    []parquet.Value
	i, n   int
	end    bool
}

// peek gives the next value without taking it; io.EOF behind the last.
func (l *leaf) peek() (*parquet.Value, error) {
	for l.i == l.n {
		if l.end {
			return nil, io.EOF
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
	return &l.buf[l.i], nil
}

func (l *leaf) fill() error {
	if l.values == nil {
		page, err := l.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			l.end = true
			return nil
		}
		if err != nil {
			return err
		}
		l.page, l.values = page, page.Values()
	}
	n, err := l.values.ReadValues(l.buf)
	l.i, l.n = 0, n
	if errors.Is(err, io.EOF) || err == nil && n == 0 {
		if n == 0 {
			parquet.Release(l.page)
			l.page, l.values = nil, nil
		}
		return nil
	}
	return err
}

// skip takes one value, and those that repeat within it.
func (l *leaf) skip(rep int) error {
	if _, err := l.peek(); err != nil {
		return err
	}
	l.i++
	for {
		v, err := l.peek()
		if errors.Is(err, io.EOF) || err == nil && v.RepetitionLevel() <= rep {
			return nil
		}
		if err != nil {
			return err
		}
		l.i++
	}
}

func (l *leaf) close() error {
	if l.page != nil {
		parquet.Release(l.page)
	}
	return l.pages.Close()
}

// node assembles the values of one type out of leaves, by their levels: a value
// whose definition level is below the node's is null there.
type node struct {
	typ      Type
	absent   bool // the file has no such column: always null
	def, rep int
	leaf     *leaf
	convert  func(*parquet.Value) (any, error)
	inside   []*leaf // all leaves below
	children []*node // members of a struct; the element; key and value
	repDef   int     // of array and map: level from which on there is an element
	repRep   int     // and that of its further elements
}

// builder makes nodes, and each leaf once.
type builder struct {
	leaves map[int]*leaf
}

func (b *builder) of(col *parquet.Column) *leaf {
	l, ok := b.leaves[col.Index()]
	if !ok {
		l = &leaf{col: col, buf: make([]parquet.Value, 128)}
		b.leaves[col.Index()] = l
	}
	return l
}

func child(col *parquet.Column, name string) *parquet.Column {
	if c := col.Column(name); c != nil {
		return c
	}
	for _, c := range col.Columns() {
		if strings.EqualFold(c.Name(), name) {
			return c
		}
	}
	return nil
}

func (b *builder) build(col *parquet.Column, t Type) (*node, error) {
	if col == nil || t.Kind == Void {
		return &node{typ: t, absent: true}, nil
	}
	n := &node{typ: t, def: col.MaxDefinitionLevel(), rep: col.MaxRepetitionLevel()}
	wrong := fault(ErrData, "the file's column %s is not of the type %s", clip(col.Name()), t)
	var err error
	switch {
	case t.Flat():
		if !col.Leaf() {
			return nil, wrong
		}
		n.leaf = b.of(col)
		n.convert, err = converter(col, t)
		n.inside = []*leaf{n.leaf}
	case col.Leaf() && !col.Repeated():
		return nil, wrong
	case t.Kind == Struct:
		err = b.members(n, col, t)
	default:
		err = b.repeated(n, col, t)
	}
	return n, err
}

func (b *builder) members(n *node, col *parquet.Column, t Type) error {
	for _, f := range t.Fields {
		c, err := b.build(child(col, f.Name), f.Type)
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
		n.inside = append(n.inside, c.inside...)
	}
	if len(n.inside) == 0 { // any leaf tells whether the struct is null
		for first := col; ; first = first.Columns()[0] {
			if first.Leaf() {
				n.leaf = b.of(first)
				break
			}
			if len(first.Columns()) == 0 {
				return fault(ErrData, "the file's column %s is a group without members", clip(col.Name()))
			}
		}
		n.inside = []*leaf{n.leaf}
	}
	return nil
}

// repeated builds arrays and maps, in the forms that writers have used.
func (b *builder) repeated(n *node, col *parquet.Column, t Type) error {
	group := col
	if !col.Repeated() {
		if len(col.Columns()) != 1 {
			return fault(ErrData, "the file's column %s is not of the type %s", clip(col.Name()), t)
		}
		group = col.Columns()[0]
	}
	if !group.Repeated() {
		return fault(ErrData, "the file's column %s is not of the type %s", clip(col.Name()), t)
	}
	n.repDef, n.repRep = group.MaxDefinitionLevel(), group.MaxRepetitionLevel()
	if col.Repeated() {
		n.def, n.rep = n.repDef-1, n.repRep-1
	}
	parts := []*parquet.Column{group}
	types := []Type{*t.Elem}
	if t.Kind == Map {
		parts, types = group.Columns(), []Type{*t.Key, *t.Elem}
	} else if !group.Leaf() && len(group.Columns()) == 1 && group.Name() != "array" && group.Name() != col.Name()+"_tuple" {
		parts = group.Columns()
	}
	if len(parts) != len(types) {
		return fault(ErrData, "the file's column %s is not of the type %s", clip(col.Name()), t)
	}
	for i, part := range parts {
		c, err := b.build(part, types[i])
		if err != nil {
			return err
		}
		n.children = append(n.children, c)
		n.inside = append(n.inside, c.inside...)
	}
	if len(n.inside) == 0 {
		return fault(ErrFeature, "a column of type %s can't be read", t)
	}
	return nil
}

// read assembles the next value.
func (n *node) read() (any, error) {
	if n.absent {
		return nil, nil
	}
	if n.convert != nil {
		v, err := n.leaf.peek()
		if err != nil {
			return nil, short(err)
		}
		n.leaf.i++
		if v.DefinitionLevel() < n.def || v.IsNull() {
			return nil, nil
		}
		return n.convert(v)
	}
	first, err := n.inside[0].peek()
	if err != nil {
		return nil, short(err)
	}
	def := first.DefinitionLevel()
	if def < n.def {
		return nil, n.skip()
	}
	if n.typ.Kind == Struct {
		return n.readStruct()
	}
	return n.readElements(def)
}

func (n *node) skip() error {
	for _, l := range n.inside {
		if err := l.skip(n.rep); err != nil {
			return short(err)
		}
	}
	return nil
}

func (n *node) readStruct() (any, error) {
	out := make(map[string]any, len(n.children))
	for i, c := range n.children {
		v, err := c.read()
		if err != nil {
			return nil, err
		}
		out[n.typ.Fields[i].Name] = v
	}
	if n.leaf != nil {
		return out, n.skip()
	}
	return out, nil
}

func (n *node) readElements(def int) (any, error) {
	elems, entries := []any{}, []Entry{}
	if def < n.repDef {
		if err := n.skip(); err != nil {
			return nil, err
		}
	} else {
		for {
			first, err := n.children[0].read()
			if err != nil {
				return nil, err
			}
			if n.typ.Kind == Map {
				second, err := n.children[1].read()
				if err != nil {
					return nil, err
				}
				entries = append(entries, Entry{first, second})
			} else {
				elems = append(elems, first)
			}
			if len(elems)+len(entries) > maxElements {
				return nil, fault(ErrTooLarge, "a value has over %d elements", maxElements)
			}
			next, err := n.inside[0].peek()
			if errors.Is(err, io.EOF) || err == nil && next.RepetitionLevel() < n.repRep {
				break
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if n.typ.Kind == Map {
		return entries, nil
	}
	return elems, nil
}

// short makes a complaint of columns that end before their rows do.
func short(err error) error {
	if errors.Is(err, io.EOF) {
		return fault(ErrData, "a column ends before its rows do")
	}
	return err
}
