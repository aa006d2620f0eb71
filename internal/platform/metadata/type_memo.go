package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

const memoDefaultMax = 100_000

// memoType is text of several lines. It is not sorted; a searchable one has a
// folded companion and can be filtered by its parts.
type memoType struct{}

func (memoType) Shape(c *Column) Shape {
	return Shape{Kind: query.Memo, Folded: c.Searchable, Edm: "Edm.String"}
}

func (memoType) Coerce(c *Column, v any) (any, error) {
	s, err := coerceText(c, v, memoDefaultMax)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (memoType) check(c *Column) error {
	if c.Max < 0 || c.Max > 1<<20 {
		return wrong(c, "definition", "max is between 1 and %d characters", 1<<20)
	}
	return c.checkFormat("text", "textarea", "richtext")
}
