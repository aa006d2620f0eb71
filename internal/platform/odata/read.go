package odata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Body is a record as a request brings it.
type Body struct {
	Table *metadata.Table
	Row   record.Row // canonical values by logical name, bound lookups among them
	Refs  []Ref      // lookups bound by an alternate key, still to be found
	Deep  []Deep     // related records to be made along with this one
}

// Ref is a lookup whose target is named by an alternate key.
type Ref struct {
	Column string
	Table  string
	Key    Key
}

// Deep is what a body holds under a navigation property: new records, and for
// collections also existing ones to be linked.
type Deep struct {
	Relation query.Relation
	New      []*Body
	Links    []Ref // Column is the far table's lookup
}

const maxBodyDepth = 10

// ReadBody reads a JSON object as a record of a table. All complaints about
// properties are collected.
func ReadBody(c *metadata.Catalog, t *metadata.Table, data []byte) (*Body, error) {
	object, err := readObject(data)
	if err != nil {
		return nil, err
	}
	r := &bodyReader{catalog: c}
	b := r.object(t, object, 0)
	return b, r.err()
}

// ReadJSON reads any JSON object, numbers kept exact, for actions' parameters.
func ReadJSON(data []byte) (map[string]any, error) { return readObject(data) }

func readObject(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil || object == nil {
		return nil, errs.Wrap(err, errs.Invalid, "odata.json", "the body must be a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "odata.json", "there is more after the JSON object")
	}
	return object, nil
}

type bodyReader struct {
	catalog *metadata.Catalog
	fields  []errs.Field
	first   error // code of the answer when there is one complaint only
	fatal   error
}

func (r *bodyReader) err() error {
	if r.fatal != nil {
		return r.fatal
	}
	if len(r.fields) == 0 {
		return nil
	}
	e := &errs.Error{Kind: errs.Invalid, Code: errs.CodeOf(r.first), Message: r.fields[0].Message, Fields: r.fields}
	if len(r.fields) > 1 {
		e.Code, e.Message = "odata.body", "some properties can't be taken; the first: "+e.Message
	}
	return e
}

func (r *bodyReader) complain(name string, err error) {
	f := errs.Field{Name: clip(name), Code: "invalid", Message: "the value can't be taken"}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		_, f.Code, _ = strings.Cut(e.Code, ".")
		f.Message = e.Message
	}
	if r.first == nil {
		r.first = err
	}
	r.fields = append(r.fields, f)
}

func (r *bodyReader) object(t *metadata.Table, object map[string]any, depth int) *Body {
	b := &Body{Table: t, Row: record.Row{}}
	if depth > maxBodyDepth {
		r.fatal = errs.New(errs.Invalid, "odata.body_depth", "records are nested more than %d deep", maxBodyDepth)
		return b
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if r.fatal != nil {
			break
		}
		v := object[name]
		if nav, ok := strings.CutSuffix(name, "@odata.bind"); ok {
			r.bind(b, nav, v)
			continue
		}
		if strings.Contains(name, "@") {
			continue // annotations that a client sends back with a row it has read
		}
		r.property(b, name, v, depth)
	}
	return b
}

func (r *bodyReader) property(b *Body, name string, v any, depth int) {
	if strings.HasPrefix(name, "_") && strings.HasSuffix(name, "_value") {
		r.complain(name, errs.New(errs.Invalid, "odata.lookup_value", "%s can only be read: write the lookup by its navigation property and @odata.bind", clip(name)))
		return
	}
	if c, ok := b.Table.Column(name); ok && !c.IsLookup() {
		if c.System && c.ReadOnly {
			return // as in Dataverse: a row that was read may be sent back
		}
		value, err := c.Coerce(v)
		if err != nil {
			r.complain(name, err)
			return
		}
		b.Row[name] = value
		return
	}
	rel, ok := relationOf(b.Table, name)
	switch {
	case !ok && isLookupColumn(b.Table, name):
		r.lookup(b, name, v)
	case !ok:
		r.complain(name, unknownProperty(b.Table, name))
	case !rel.Many && v == nil:
		clearLookup(b, rel.From)
	default:
		r.deep(b, name, rel, v, depth)
	}
}

// lookup meets the name of a lookup that has no navigation property of that name.
func (r *bodyReader) lookup(b *Body, name string, v any) {
	if c, _ := b.Table.Column(name); c.System && c.ReadOnly {
		return
	}
	if v == nil {
		clearLookup(b, name)
		return
	}
	r.complain(name, errs.New(errs.Invalid, "odata.lookup_value", "%s is a lookup: write it by its navigation property and @odata.bind", clip(name)))
}

func clearLookup(b *Body, column string) {
	b.Row[column] = nil
	if tc := b.Table.Shape().Columns[column].TypeColumn; tc != "" {
		b.Row[tc] = nil
	}
}

// bind reads nav@odata.bind: an address, null, or for collections a list.
func (r *bodyReader) bind(b *Body, nav string, v any) {
	column, target, rel, ok := r.lookupOf(b.Table, nav)
	if !ok {
		r.complain(nav, errs.New(errs.Invalid, "odata.bind", "table %s has no navigation property %q", b.Table.Name, clip(nav)))
		return
	}
	if rel.Many {
		r.bindMany(b, nav, rel, v)
		return
	}
	if v == nil {
		clearLookup(b, column.Name)
		return
	}
	ref, ok := r.reference(nav, v)
	if !ok {
		return
	}
	if target != "" && ref.Table != target || !slices.Contains(column.Targets, ref.Table) {
		r.complain(nav, errs.New(errs.Invalid, "odata.bind", "%s can't lead to a row of table %s", clip(nav), ref.Table))
		return
	}
	if _, twice := b.Row[column.Name]; twice {
		r.complain(nav, errs.New(errs.Invalid, "odata.bind", "the lookup %s is set twice", column.Name))
		return
	}
	ref.Column = column.Name
	b.Row[column.Name] = ref.Key.ID
	if tc := b.Table.Shape().Columns[column.Name].TypeColumn; tc != "" {
		b.Row[tc] = ref.Table
	}
	if ref.Key.Alternate() {
		b.Refs = append(b.Refs, ref)
	}
}

// lookupOf finds what a navigation property writes. The name of a polymorphic
// lookup itself (ownerid, customerid) takes its target from the address.
func (r *bodyReader) lookupOf(t *metadata.Table, nav string) (c *metadata.Column, target string, rel query.Relation, ok bool) {
	if rel, ok = relationOf(t, nav); ok {
		if rel.Many {
			return nil, rel.Table, rel, true
		}
		c, ok = t.Column(rel.From)
		return c, rel.Table, rel, ok
	}
	for _, c := range t.Columns {
		if c.IsLookup() && (c.Name == nav || c.Nav == nav) {
			return c, "", rel, true
		}
	}
	return nil, "", rel, false
}

func (r *bodyReader) reference(nav string, v any) (Ref, bool) {
	text, ok := v.(string)
	if !ok {
		r.complain(nav, errs.New(errs.Invalid, "odata.bind", "%s@odata.bind takes an address such as /contacts(00000000-0000-0000-0000-000000000000)", clip(nav)))
		return Ref{}, false
	}
	t, key, err := ParseReference(r.catalog, text)
	if err != nil {
		r.complain(nav, err)
		return Ref{}, false
	}
	return Ref{Table: t.Name, Key: key}, true
}

func (r *bodyReader) bindMany(b *Body, nav string, rel query.Relation, v any) {
	list, ok := v.([]any)
	if !ok {
		r.complain(nav, errs.New(errs.Invalid, "odata.bind", "%s is a collection: a list of addresses is expected", clip(nav)))
		return
	}
	d := Deep{Relation: rel}
	for _, x := range list {
		ref, ok := r.reference(nav, x)
		if !ok {
			return
		}
		if ref.Table != rel.Table {
			r.complain(nav, errs.New(errs.Invalid, "odata.bind", "%s can't hold rows of table %s", clip(nav), ref.Table))
			return
		}
		ref.Column = rel.To
		d.Links = append(d.Links, ref)
	}
	b.Deep = append(b.Deep, d)
}

// deep reads records that stand within the record.
func (r *bodyReader) deep(b *Body, name string, rel query.Relation, v any, depth int) {
	other, ok := r.catalog.Table(rel.Table)
	if !ok {
		r.complain(name, unknownProperty(b.Table, name))
		return
	}
	list := []any{v}
	if rel.Many {
		if list, ok = v.([]any); !ok {
			r.complain(name, errs.New(errs.Invalid, "odata.deep", "%s is a collection: a list of records is expected", clip(name)))
			return
		}
	}
	d := Deep{Relation: rel}
	for _, x := range list {
		object, ok := x.(map[string]any)
		if !ok {
			r.complain(name, errs.New(errs.Invalid, "odata.deep", "%s leads to another table: a record, or the address of one by @odata.bind, is expected", clip(name)))
			return
		}
		d.New = append(d.New, r.object(other, object, depth+1))
	}
	b.Deep = append(b.Deep, d)
}
