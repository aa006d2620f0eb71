package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// booleanType is yes or no.
type booleanType struct{}

func (booleanType) Shape(*Column) Shape { return Shape{Kind: query.Bool, Edm: "Edm.Boolean"} }

func (booleanType) Coerce(c *Column, v any) (any, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, wrong(c, "type", "true or false is expected")
	}
	return b, nil
}

// choiceType is one of the column's options, by value.
type choiceType struct{}

func (choiceType) Shape(*Column) Shape { return Shape{Kind: query.Int, Edm: "Edm.Int32"} }

func (choiceType) Coerce(c *Column, v any) (any, error) {
	n, ok := asInt(v)
	if !ok {
		return nil, wrong(c, "type", "the value of an option is expected")
	}
	if _, known := c.Option(n); !known {
		return nil, wrong(c, "option", "%d is not one of the options", n)
	}
	return n, nil
}
