package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// choiceType is one of the column's options, by value; the options are its own
// or those of a global choice.
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

func (choiceType) check(c *Column) error {
	if len(c.Options) == 0 {
		return wrong(c, "definition", "a choice needs options")
	}
	return checkOptions(c.Options)
}
