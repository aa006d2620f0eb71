package metadata

import (
	"bytes"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// jsonType is a JSON document of at most 256 KiB, unless max says more or less.
type jsonType struct{}

const (
	jsonDefaultMax = 256 << 10
	jsonMostMax    = 4 << 20
)

func (jsonType) Shape(*Column) Shape { return Shape{Kind: query.JSON, Edm: "Edm.String"} }

// Coerce takes a document, or a string that holds one: on the wire the column
// is a string, as Dataverse's clients expect of a text that holds JSON.
func (jsonType) Coerce(c *Column, v any) (any, error) {
	var raw []byte
	switch x := v.(type) {
	case json.RawMessage:
		raw = x
	case string:
		raw = []byte(x)
	default:
		var err error
		if raw, err = json.Marshal(v); err != nil {
			return nil, wrong(c, "type", "a JSON document is expected")
		}
	}
	limit := c.Max
	if limit == 0 {
		limit = jsonDefaultMax
	}
	if len(raw) > limit {
		return nil, wrong(c, "too_long", "the document is over %d bytes", limit)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, wrong(c, "type", "a JSON document is expected")
	}
	return json.RawMessage(compact.Bytes()), nil
}

func (jsonType) check(c *Column) error {
	if c.Max < 0 || c.Max > jsonMostMax {
		return wrong(c, "definition", "max is between 1 and %d bytes", jsonMostMax)
	}
	return nil
}
