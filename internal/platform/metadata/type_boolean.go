package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// booleanType is yes or no; options for 0 and 1 give it labels of its own.
type booleanType struct{}

func (booleanType) Shape(*Column) Shape { return Shape{Kind: query.Bool, Edm: "Edm.Boolean"} }

func (booleanType) Coerce(c *Column, v any) (any, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, wrong(c, "type", "true or false is expected")
	}
	return b, nil
}

func (booleanType) check(c *Column) error {
	for _, o := range c.Options {
		if o.Value != 0 && o.Value != 1 {
			return wrong(c, "definition", "the labels of yes and no stand at the options 1 and 0")
		}
	}
	return checkOptions(c.Options)
}
