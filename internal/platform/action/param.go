package action

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Param is a parameter or a result as the outside sees it.
type Param struct {
	Name     string
	Type     string // Edm type: Edm.String, Edm.Boolean, Edm.Int32, Edm.Guid, Edm.Decimal …
	Optional bool
	Doc      string
}

func params[T any]() []Param {
	var out []Param
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		out = append(out, Param{Name: name, Type: edm(f.Type), Optional: f.Type.Kind() == reflect.Pointer || strings.Contains(opts, "omit"), Doc: f.Tag.Get("doc")})
	}
	return out
}

func edm(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "Edm.Boolean"
	case reflect.Int, reflect.Int32:
		return "Edm.Int32"
	case reflect.Int64:
		return "Edm.Int64"
	case reflect.Float64:
		return "Edm.Double"
	case reflect.Array:
		return "Edm.Guid"
	case reflect.Slice:
		return "Collection(" + edm(t.Elem()) + ")"
	}
	if t.Kind() == reflect.String {
		return "Edm.String"
	}
	return "mscrm.crmbaseentity"
}

// decode reads the body strictly: an unknown parameter is refused, not ignored.
func decode[T any](body map[string]any) (in T, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return in, errs.Wrap(err, errs.Invalid, "action.input", "the parameters can't be read")
	}
	if body == nil {
		text = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return in, errs.New(errs.Invalid, "action.input", "a parameter is unknown or of the wrong type: %s", plain(err))
	}
	return in, nil
}

// plain names the parameter at fault without repeating its value.
func plain(err error) string {
	if t, ok := err.(*json.UnmarshalTypeError); ok {
		return t.Field + " must be " + t.Type.String()
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func encode(out any) (map[string]any, error) {
	text, err := json.Marshal(out)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "action.output", "the result can't be written")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	m := map[string]any{}
	return m, d.Decode(&m)
}
