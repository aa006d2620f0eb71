package action

import (
	"encoding/base64"
	"encoding/json"
	"errors"
)

// Binary is content; it travels as base64.
type Binary []byte

// MarshalJSON writes base64.
func (b Binary) MarshalJSON() ([]byte, error) { return json.Marshal([]byte(b)) }

// UnmarshalJSON reads base64, of either alphabet, as OData's own differs from JSON's custom.
func (b *Binary) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	for _, way := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if out, err := way.DecodeString(s); err == nil {
			*b = out
			return nil
		}
	}
	return errors.New("content must be base64")
}
