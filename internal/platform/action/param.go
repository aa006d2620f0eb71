package action

import (
	"reflect"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
)

// Param is a parameter or a result as the outside sees it.
type Param struct {
	Name     string
	Type     string // Edm type: Edm.String, mscrm.lead, Collection(mscrm.crmbaseentity), mscrm.PrincipalAccess …
	Optional bool
	Doc      string
	Members  []Param // of a complex type, or of what a list of it holds
}

// Named lets a type of a parameter say what it is called on the wire.
type Named interface{ EdmType() string }

// edmDepth bounds how deep complex types nest; one that holds itself ends there.
const edmDepth = 6

func params[T any]() []Param {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[odata.Typed]() {
		return []Param{{Name: odata.EntityResult, Type: "mscrm.crmbaseentity"}}
	}
	return members(t, 0)
}

func members(t reflect.Type, depth int) []Param {
	if depth > edmDepth || t.Kind() != reflect.Struct {
		return nil
	}
	var out []Param
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || strings.Contains(name, "@") {
			continue
		}
		p := Param{Name: name, Optional: f.Type.Kind() == reflect.Pointer || strings.Contains(opts, "omit"), Doc: f.Tag.Get("doc")}
		p.Type, p.Members = edm(f.Type, f.Tag.Get("type"), depth)
		out = append(out, p)
	}
	return out
}

// edm gives the type's name on the wire, and its members if it is complex. A
// "type" tag names the table that a reference must lead to.
func edm(t reflect.Type, table string, depth int) (name string, of []Param) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[id.ID]():
		return "Edm.Guid", nil
	case reflect.TypeFor[Binary]():
		return "Edm.Binary", nil
	case reflect.TypeFor[time.Time]():
		return "Edm.DateTimeOffset", nil
	case reflect.TypeFor[Ref](), reflect.TypeFor[Entity](), reflect.TypeFor[odata.Typed]():
		if table == "" || strings.Contains(table, "|") {
			table = "crmbaseentity"
		}
		return "mscrm." + table, nil
	}
	if n, ok := reflect.Zero(t).Interface().(Named); ok {
		return "mscrm." + n.EdmType(), members(t, depth+1)
	}
	switch t.Kind() {
	case reflect.String:
		return "Edm.String", nil
	case reflect.Bool:
		return "Edm.Boolean", nil
	case reflect.Int, reflect.Int32:
		return "Edm.Int32", nil
	case reflect.Int64:
		return "Edm.Int64", nil
	case reflect.Float64:
		return "Edm.Double", nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "Edm.String", nil // JSON as it stands
		}
		inner, of := edm(t.Elem(), table, depth)
		return "Collection(" + inner + ")", of
	case reflect.Struct:
		return "mscrm." + t.Name(), members(t, depth+1)
	}
	return "mscrm.expando", nil
}
