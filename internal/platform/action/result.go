package action

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/odata"
)

// encode turns a result into what travels: plain JSON values, and records as
// odata.Typed, which the Web API writes as it writes all records.
func encode(out any) (map[string]any, error) {
	if t, ok := out.(odata.Typed); ok {
		return map[string]any{odata.EntityResult: t}, nil
	}
	v, err := plainOf(reflect.ValueOf(out))
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "action.output", "the result can't be written")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errs.New(errs.Internal, "action.output", "the result of an action must be a struct")
	}
	return m, nil
}

func plainOf(v reflect.Value) (any, error) {
	if !v.IsValid() {
		return nil, nil
	}
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil, nil
		}
		return plainOf(v.Elem())
	}
	if t, ok := v.Interface().(odata.Typed); ok {
		return t, nil
	}
	if _, own := v.Interface().(json.Marshaler); own {
		return viaJSON(v)
	}
	switch v.Kind() {
	case reflect.Struct:
		return structOf(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return viaJSON(v)
		}
		list := make([]any, v.Len())
		for i := range list {
			item, err := plainOf(v.Index(i))
			if err != nil {
				return nil, err
			}
			list[i] = item
		}
		return list, nil
	}
	return viaJSON(v)
}

// structOf gives a struct's members by their json names; those without one stay inside.
func structOf(v reflect.Value) (any, error) {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" || strings.Contains(opts, "omitempty") && v.Field(i).IsZero() {
			continue
		}
		item, err := plainOf(v.Field(i))
		if err != nil {
			return nil, err
		}
		out[name] = item
	}
	return out, nil
}

func viaJSON(v reflect.Value) (any, error) {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, err
	}
	var out any
	return out, numbered(text, &out)
}
