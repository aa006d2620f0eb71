package record

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// usual is how many values the platform adds to a row that is made: defaults,
// owner, state, who and when.
const usual = 24

// coerce checks the values that a caller sends and makes them canonical. All
// complaints are collected, so that a form can show them at once. There is room
// for some more values.
func (tx *Tx) coerce(ctx context.Context, t *metadata.Table, in Row, room int) (Row, error) {
	platform := access.From(ctx).Kind == access.System
	out := make(Row, len(in)+room)
	var bad []errs.Field
	for name, v := range in {
		c, ok := t.Column(name)
		if !ok {
			if base, isType := lookupOfType(t, name); isType {
				if _, given := in[base.Name]; given {
					continue // taken together with its lookup
				}
			}
			bad = append(bad, errs.Field{Name: name, Code: "unknown", Message: "there is no such column"})
			continue
		}
		if c.ReadOnly && !platform {
			bad = append(bad, errs.Field{Name: name, Code: "readonly", Message: "the platform sets this column by itself"})
			continue
		}
		value, err := c.Coerce(v)
		if err != nil {
			bad = append(bad, field(name, err))
			continue
		}
		if s, isText := value.(string); isText && s == "" {
			value = nil // an empty text is no text, as in Dataverse
		}
		out[name] = value
		if c.Polymorphic() {
			kind, complaint := targetOf(c, value, in[metadata.TypeColumn(name)])
			if complaint != nil {
				bad = append(bad, *complaint)
			}
			out[metadata.TypeColumn(name)] = kind
		}
	}
	if len(bad) > 0 {
		return nil, errs.InvalidFields("record.invalid", "some values can't be taken", bad)
	}
	return out, nil
}

// lookupOfType finds the polymorphic lookup whose type column this is.
func lookupOfType(t *metadata.Table, name string) (*metadata.Column, bool) {
	const suffix = "type"
	if len(name) <= len(suffix) || name[len(name)-len(suffix):] != suffix {
		return nil, false
	}
	c, ok := t.Column(name[:len(name)-len(suffix)])
	return c, ok && c.Polymorphic()
}

func targetOf(c *metadata.Column, value, kind any) (any, *errs.Field) {
	if value == nil {
		return nil, nil
	}
	name, _ := kind.(string)
	for _, target := range c.Targets {
		if target == name {
			return name, nil
		}
	}
	return nil, &errs.Field{Name: c.Name, Code: "target", Message: "say which table the lookup leads to"}
}

func field(name string, err error) errs.Field {
	var e *errs.Error
	if errors.As(err, &e) {
		return errs.Field{Name: name, Code: e.Code, Message: e.Message}
	}
	return errs.Field{Name: name, Code: "invalid", Message: "the value can't be taken"}
}

// required complains of required columns that have no value.
func required(t *metadata.Table, row Row) error {
	var bad []errs.Field
	for _, c := range t.Groups().Required {
		if row[c.Name] == nil {
			bad = append(bad, errs.Field{Name: c.Name, Code: "required", Message: "a value is needed"})
		}
	}
	return errs.InvalidFields("record.required", "some values are missing", bad)
}
