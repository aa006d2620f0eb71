package metadata

import (
	"mime"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const (
	fileDefaultKB = 32 << 10
	fileMostKB    = 10 << 20
)

// fileType refers to content that package files keeps: the value is the id of
// the content, and X_name beside it the file's name. The content itself travels
// through addresses of its own; of an inline column also as base64 in the row.
type fileType struct{}

func (fileType) Shape(c *Column) Shape {
	if c.Inline {
		return Shape{Kind: query.ID, Edm: "Edm.String"}
	}
	return Shape{Kind: query.ID, Edm: "Edm.Guid"}
}

// Coerce takes the id of content that has been put into the store; of an
// inline column a text is the content itself, which package files takes out
// before the row is written.
func (fileType) Coerce(c *Column, v any) (any, error) { return coerceContent(c, v, c.Inline) }

func (fileType) check(c *Column) error { return c.checkContent() }

// Content is base64 text that a row brings for a file or image column.
type Content string

func coerceContent(c *Column, v any, inline bool) (any, error) {
	switch x := v.(type) {
	case id.ID:
		return x, nil
	case Content:
		return x, nil
	case string:
		if inline {
			return Content(x), nil
		}
		return coerceID(c, v)
	}
	return nil, wrong(c, "type", "content is written to an address of its own: PUT …/%s", c.Name)
}

// MaxBytes gives the largest content of a file or image column.
func (c *Column) MaxBytes() int64 {
	if c.MaxKB == 0 {
		return fileDefaultKB << 10
	}
	return int64(c.MaxKB) << 10
}

// Accepts tells whether the column takes content of a media type.
func (c *Column) Accepts(mediaType string) bool {
	if len(c.Accept) == 0 {
		return true
	}
	kind, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return false
	}
	for _, a := range c.Accept {
		if prefix, any := strings.CutSuffix(a, "*"); a == kind || any && strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

func (c *Column) checkContent() error {
	if c.MaxKB < 0 || c.MaxKB > fileMostKB {
		return wrong(c, "definition", "max_kb is between 1 and %d", fileMostKB)
	}
	for _, a := range c.Accept {
		if major, minor, ok := strings.Cut(a, "/"); !ok || major == "" || minor == "" {
			return wrong(c, "definition", "%q is not a media type such as application/pdf or image/*", a)
		}
	}
	return nil
}
