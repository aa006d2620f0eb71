package odata

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Typed is a record in the result of an operation: its table travels with it.
type Typed struct {
	Table string
	Row   record.Row
	// Columns lists those that are written, with the primary id; nil means all.
	Columns []string
	New     bool // not there yet: it has no id, and lookups are written as they are sent
}

// MarshalJSON names the record, for those to whom its table and id are enough:
// flows, agents, logs. The Web API writes all of it.
func (x Typed) MarshalJSON() ([]byte, error) {
	out := map[string]any{"@odata.type": "#" + Namespace + "." + x.Table}
	for name, v := range x.Row {
		if key, ok := v.(id.ID); ok && name == x.Table+"id" {
			out[name] = key
		}
	}
	return json.Marshal(out)
}

// EntityResult is the name under which an operation gives back a record that is
// its whole answer.
const EntityResult = "@entity"

// Result writes what an operation gives back. Members may be canonical values,
// Typed records, lists and maps of these, and what else has a JSON form.
func (w *Writer) Result(buf *bytes.Buffer, context string, values map[string]any) error {
	o := objectWriter{buf: buf}
	o.open()
	o.text("@odata.context", context)
	if whole, ok := values[EntityResult].(Typed); ok {
		buf.WriteByte(',')
		var row bytes.Buffer
		if err := w.typed(&row, whole); err != nil {
			return err
		}
		buf.Write(row.Bytes()[1:])
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		o.member(name)
		if err := w.any(buf, values[name]); err != nil {
			return err
		}
	}
	o.shut()
	return nil
}

// member is name for names that we did not make ourselves.
func (o *objectWriter) member(name string) {
	if o.later {
		o.buf.WriteByte(',')
	}
	o.later = true
	o.buf.Write(quote(name))
	o.buf.WriteByte(':')
}

func (w *Writer) any(buf *bytes.Buffer, v any) error {
	switch x := v.(type) {
	case Typed:
		return w.typed(buf, x)
	case []Typed:
		list := make([]any, len(x))
		for i, item := range x {
			list[i] = item
		}
		return w.any(buf, list)
	case []any:
		buf.WriteByte('[')
		for i, item := range x {
			if i > 0 {
				buf.WriteByte(',')
			}
			if err := w.any(buf, item); err != nil {
				return err
			}
		}
		buf.WriteByte(']')
		return nil
	case map[string]any:
		o := objectWriter{buf: buf}
		o.open()
		for _, name := range slices.Sorted(maps.Keys(x)) {
			o.member(name)
			if err := w.any(buf, x[name]); err != nil {
				return err
			}
		}
		o.shut()
		return nil
	}
	b, err := Value(v)
	if err != nil {
		if b, err = json.Marshal(v); err != nil {
			return err
		}
	}
	buf.Write(b)
	return nil
}

func (w *Writer) typed(buf *bytes.Buffer, x Typed) error {
	t, ok := w.Catalog.Table(x.Table)
	if !ok {
		return errs.New(errs.Internal, "odata.write", "there is no table %s", x.Table)
	}
	if x.New {
		return w.fresh(buf, t, x)
	}
	var row bytes.Buffer
	view := All(t)
	if x.Columns != nil {
		view.Columns = x.Columns
	}
	if err := w.Object(&row, "", &view, x.Row); err != nil {
		return err
	}
	o := objectWriter{buf: buf}
	o.open()
	o.text("@odata.type", "#"+Namespace+"."+t.Name)
	buf.WriteByte(',')
	buf.Write(row.Bytes()[1:]) // the row's members and its closing brace
	return nil
}

// fresh writes the values of a record to come as a client would send them.
func (w *Writer) fresh(buf *bytes.Buffer, t *metadata.Table, x Typed) error {
	o := objectWriter{buf: buf}
	o.open()
	o.text("@odata.type", "#"+Namespace+"."+t.Name)
	for _, name := range x.Columns {
		c, ok := t.Column(name)
		if !ok {
			continue
		}
		if !c.IsLookup() {
			if err := o.value(name, x.Row[name]); err != nil {
				return err
			}
			continue
		}
		target := targetOf(c, x.Row)
		if other, known := w.Catalog.Table(target); known && x.Row[name] != nil {
			o.text(navigationOf(c, target)+"@odata.bind", "/"+other.Set+"("+x.Row.ID(name).String()+")")
		}
	}
	o.shut()
	return nil
}
