package expr

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// adapter brings Go values into expressions: what JSON gives, and the canonical
// values of records. Ids are texts, exact decimals are numbers, and documents
// kept as JSON are what they hold.
type adapter struct{}

type decimal interface{ Float() float64 }

// NativeToValue implements CEL's type adapter. What has no form in an
// expression becomes null: a value is data here, never a reason to fail.
func (a adapter) NativeToValue(v any) ref.Val {
	switch x := v.(type) {
	case nil:
		return types.NullValue
	case ref.Val:
		return x
	case string:
		return types.String(x)
	case bool:
		return types.Bool(x)
	case int64:
		return types.Int(x)
	case int:
		return types.Int(x)
	case float64:
		return types.Double(x)
	case map[string]any:
		return types.NewStringInterfaceMap(a, x)
	case []any:
		return types.NewDynamicList(a, x)
	case id.ID:
		if x == id.Nil {
			return types.NullValue
		}
		return types.String(x.String())
	case time.Time:
		return types.Timestamp{Time: x.UTC()}
	case decimal:
		return types.Double(x.Float())
	case json.Number:
		return number(x)
	case json.RawMessage:
		return a.document(x)
	}
	return a.reflected(v)
}

func number(n json.Number) ref.Val {
	if i, err := n.Int64(); err == nil {
		return types.Int(i)
	}
	f, err := n.Float64()
	if err != nil {
		return types.NullValue
	}
	return types.Double(f)
}

func (a adapter) document(raw json.RawMessage) ref.Val {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return types.NullValue
	}
	return a.NativeToValue(v)
}

// reflected takes named types apart: a named map or list, a named text or number.
func (a adapter) reflected(v any) ref.Val {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return types.NullValue
		}
		return a.NativeToValue(r.Elem().Interface())
	case reflect.Map:
		if r.Type().ConvertibleTo(reflect.TypeFor[map[string]any]()) {
			return types.NewStringInterfaceMap(a, r.Convert(reflect.TypeFor[map[string]any]()).Interface().(map[string]any))
		}
		if r.Type().Key().Kind() == reflect.String {
			return types.NewDynamicMap(a, v)
		}
	case reflect.Slice, reflect.Array:
		return types.NewDynamicList(a, v)
	case reflect.String:
		return types.String(r.String())
	case reflect.Bool:
		return types.Bool(r.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return types.Int(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := r.Uint(); u <= math.MaxInt64 {
			return types.Int(u)
		}
	case reflect.Float32, reflect.Float64:
		return types.Double(r.Float())
	}
	return types.NullValue
}
