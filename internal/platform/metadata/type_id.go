package metadata

import (
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// idType is a GUID: a table's primary id, or the id of something outside.
type idType struct{}

func (idType) Shape(*Column) Shape { return Shape{Kind: query.ID, Edm: "Edm.Guid"} }

func (idType) Coerce(c *Column, v any) (any, error) { return coerceID(c, v) }

func coerceID(c *Column, v any) (any, error) {
	switch x := v.(type) {
	case id.ID:
		return x, nil
	case string:
		parsed, err := id.Parse(x)
		if err != nil {
			return nil, wrong(c, "type", "a GUID is expected")
		}
		return parsed, nil
	}
	return nil, wrong(c, "type", "a GUID is expected")
}
