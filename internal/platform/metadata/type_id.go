package metadata

import (
	"bytes"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// idType is a GUID: a table's primary id, or the id of something outside.
type idType struct{}

func (idType) Shape(*Column) Shape { return Shape{Kind: query.ID, Edm: "Edm.Guid"} }

func (idType) Coerce(c *Column, v any) (any, error) { return coerceID(c, v) }

// lookupType refers to a row of one of the target tables. A polymorphic one
// has a second column that holds the target's logical name.
type lookupType struct{}

func (lookupType) Shape(*Column) Shape { return Shape{Kind: query.ID, Edm: "Edm.Guid"} }

func (lookupType) Coerce(c *Column, v any) (any, error) { return coerceID(c, v) }

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

// jsonType is a JSON document of at most 256 KiB.
type jsonType struct{}

const jsonMax = 256 << 10

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
	if len(raw) > jsonMax {
		return nil, wrong(c, "too_long", "the document is over %d bytes", jsonMax)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, wrong(c, "type", "a JSON document is expected")
	}
	return json.RawMessage(compact.Bytes()), nil
}
