package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// imageType refers to a picture that package files keeps, with a thumbnail. The
// value is the id of the content; on the wire X is the thumbnail as base64,
// Xid the id, X_url where to fetch it, X_timestamp when it changed.
type imageType struct{}

func (imageType) Shape(*Column) Shape { return Shape{Kind: query.ID, Edm: "Edm.Binary"} }

func (imageType) Coerce(c *Column, v any) (any, error) { return coerceContent(c, v, true) }

func (imageType) check(c *Column) error { return c.checkContent() }
