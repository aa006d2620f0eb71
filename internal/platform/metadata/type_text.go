package metadata

import (
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	textDefaultMax = 100
	memoDefaultMax = 100_000
)

// textType is a single line of text.
type textType struct{}

func (textType) Shape(*Column) Shape {
	return Shape{Kind: query.Text, Folded: true, Edm: "Edm.String"}
}

func (textType) Coerce(c *Column, v any) (any, error) { return coerceText(c, v, textDefaultMax) }

// memoType is text of several lines. It is not sorted; a searchable one has a
// folded companion and can be filtered by its parts.
type memoType struct{}

func (memoType) Shape(c *Column) Shape {
	return Shape{Kind: query.Memo, Folded: c.Searchable, Edm: "Edm.String"}
}

func (memoType) Coerce(c *Column, v any) (any, error) { return coerceText(c, v, memoDefaultMax) }

func coerceText(c *Column, v any, defaultMax int) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, wrong(c, "type", "a text is expected")
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, wrong(c, "encoding", "the text is not valid UTF-8 or holds a NUL character")
	}
	limit := c.Max
	if limit == 0 {
		limit = defaultMax
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return nil, wrong(c, "too_long", "%d characters are more than the %d allowed", n, limit)
	}
	return s, nil
}
