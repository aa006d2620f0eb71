package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// numbered decodes JSON and keeps numbers exact.
func numbered(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// binder finds the records that parameters name.
type binder struct {
	catalog *metadata.Catalog
	from    record.Reader
}

// decode reads the body strictly: an unknown parameter is refused, not ignored.
func decode[T any](ctx context.Context, b binder, body map[string]any) (in T, err error) {
	body = withoutAnnotations(body)
	text, err := json.Marshal(body)
	if err != nil {
		return in, errs.Wrap(err, errs.Invalid, "action.input", "the parameters can't be read")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return in, errs.New(errs.Invalid, "action.input", "a parameter is unknown or of the wrong type: %s", plain(err))
	}
	return in, b.walk(ctx, reflect.ValueOf(&in).Elem(), "", "", 0)
}

// withoutAnnotations drops what a client says about the parameters as a whole,
// such as "@odata.type"; those inside of them are the parameters' own.
func withoutAnnotations(body map[string]any) map[string]any {
	out := make(map[string]any, len(body))
	for name, v := range body {
		if !strings.Contains(name, "@") {
			out[name] = v
		}
	}
	return out
}

// plain names the parameter at fault without repeating its value.
func plain(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return t.Field + " must be " + t.Type.String()
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

const bindDepth = 12

// walk binds every reference and entity within a value. The tag names the only
// table that a reference may lead to; "" allows all.
func (b binder) walk(ctx context.Context, v reflect.Value, name, tag string, depth int) error {
	if depth > bindDepth {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return b.walk(ctx, v.Elem(), name, tag, depth)
	case reflect.Slice:
		for i := range v.Len() {
			if err := b.walk(ctx, v.Index(i), name, tag, depth+1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		switch p := v.Addr().Interface().(type) {
		case *Entity:
			return b.entity(ctx, p, name, tag)
		case *Ref:
			return b.ref(ctx, p, name, tag)
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "" {
				field = name + "." + field
			}
			if err := b.walk(ctx, v.Field(i), field, f.Tag.Get("type"), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func badRef(name, why string) error {
	return errs.InvalidFields("action.reference", "the parameter "+name+" names no record: "+why, []errs.Field{{Name: name, Code: "reference", Message: why}})
}

// ref finds the record that a parameter names.
func (b binder) ref(ctx context.Context, r *Ref, name, tag string) error {
	if r.raw == nil {
		return nil
	}
	t, key, err := b.named(ctx, r.raw, name, tag)
	if err != nil {
		return err
	}
	if key == id.Nil {
		return badRef(name, "its id is missing")
	}
	r.Table, r.ID, r.raw = t.Name, key, nil
	return nil
}

// named gives the table and, if the value has one, the id.
func (b binder) named(ctx context.Context, raw map[string]any, name, tag string) (*metadata.Table, id.ID, error) {
	for _, at := range []string{"@odata.id", "@id", "odata.id"} {
		address, ok := raw[at].(string)
		if !ok {
			continue
		}
		t, key, err := odata.ParseReference(b.catalog, address)
		if err != nil {
			return nil, id.Nil, err
		}
		if err := fitsTag(t.Name, name, tag); err != nil || !key.Alternate() {
			return t, key.ID, err
		}
		row, err := b.from.GetByKey(ctx, t.Name, key.Values, []string{t.ID}, nil)
		return t, row.ID(t.ID), err
	}
	t, err := b.tableOf(raw, name, tag)
	if err != nil {
		return nil, id.Nil, err
	}
	for _, column := range []string{t.ID, "id", "Id", "ownerid"} {
		text, ok := raw[column].(string)
		if !ok || column == "ownerid" && t.Name != "systemuser" && t.Name != "team" {
			continue
		}
		key, err := id.Parse(text)
		if err != nil {
			return nil, id.Nil, badRef(name, column+" is no GUID")
		}
		return t, key, nil
	}
	return t, id.Nil, nil
}

// tableOf finds out which table a value belongs to.
func (b binder) tableOf(raw map[string]any, name, tag string) (*metadata.Table, error) {
	said := ""
	for _, at := range []string{"@odata.type", "@type", "LogicalName", "logicalName"} {
		if s, ok := raw[at].(string); ok {
			said = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "#"), odata.Namespace+"."), "mscrm.")
			break
		}
	}
	if said == "" && tag != "" && !strings.Contains(tag, "|") && tag != "crmbaseentity" && tag != "principal" {
		said = tag
	}
	if said == "" {
		return b.guess(raw, name)
	}
	t, ok := b.catalog.Table(said)
	if !ok {
		return nil, badRef(name, "there is no table of that name")
	}
	return t, fitsTag(t.Name, name, tag)
}

// guess finds the only table whose primary id stands in the value.
func (b binder) guess(raw map[string]any, name string) (*metadata.Table, error) {
	var found *metadata.Table
	for _, candidate := range b.catalog.Names() {
		t, _ := b.catalog.Table(candidate)
		if _, ok := raw[t.ID]; !ok {
			continue
		}
		if found != nil {
			return nil, badRef(name, "say by @odata.type which table it belongs to")
		}
		found = t
	}
	if found == nil {
		return nil, badRef(name, "say by @odata.type which table it belongs to, or by @odata.id which record it is")
	}
	return found, nil
}

func fitsTag(table, name, tag string) error {
	switch tag {
	case "", "crmbaseentity":
		return nil
	case "principal":
		tag = "systemuser|team"
	}
	if !slices.Contains(strings.Split(tag, "|"), table) {
		return badRef(name, "it must belong to "+strings.ReplaceAll(tag, "|", " or "))
	}
	return nil
}

// entity reads a record with its values.
func (b binder) entity(ctx context.Context, e *Entity, name, tag string) error {
	if e.raw == nil {
		return nil
	}
	t, key, err := b.named(ctx, e.raw, name, tag)
	if err != nil {
		return err
	}
	object := make(map[string]any, len(e.raw))
	for column, v := range e.raw {
		if column != "LogicalName" && column != "Id" && column != "id" {
			object[column] = v
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "action.input", "the parameter %s can't be read", name)
	}
	body, err := odata.ReadBody(b.catalog, t, text)
	if err != nil {
		return err
	}
	if len(body.Deep) > 0 {
		return errs.New(errs.Unsupported, "action.deep", "the parameter %s can't hold related records: %s", name, body.Deep[0].Relation.Name)
	}
	for _, ref := range body.Refs {
		other, ok := b.catalog.Table(ref.Table)
		if !ok {
			return record.ErrNotFound
		}
		row, err := b.from.GetByKey(ctx, ref.Table, ref.Key.Values, []string{other.ID}, nil)
		if err != nil {
			return err
		}
		body.Row[ref.Column] = row.ID(other.ID)
	}
	e.Ref = Ref{Table: t.Name, ID: key}
	e.Row, e.raw = body.Row, nil
	return nil
}
