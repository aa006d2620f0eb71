package cloudevents

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the event as structured JSON, the form it is kept in.
// Data goes in as it came, byte for byte. The event must be valid.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"specversion":"1.0"`...)
	dst = appendMember(dst, "id", e.ID)
	dst = appendMember(dst, "source", e.Source)
	dst = appendMember(dst, "type", e.Type)
	if e.Subject != "" {
		dst = appendMember(dst, "subject", e.Subject)
	}
	if !e.Time.IsZero() {
		dst = append(dst, `,"time":"`...)
		dst = e.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	if e.DataContentType != "" {
		dst = appendMember(dst, "datacontenttype", e.DataContentType)
	}
	if e.DataSchema != "" {
		dst = appendMember(dst, "dataschema", e.DataSchema)
	}
	switch len(e.Extensions) {
	case 0:
	case 1: // by far the commonest: a trace, or Event Grid's dataversion
		for name, value := range e.Extensions {
			dst = appendMember(dst, name, value)
		}
	default:
		for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
			dst = appendMember(dst, name, e.Extensions[name])
		}
	}
	switch {
	case e.Data != nil:
		dst = append(dst, `,"data":`...)
		dst = append(dst, e.Data...)
	case e.DataBinary != nil:
		dst = append(dst, `,"data_base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, e.DataBinary)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// appendMember appends one attribute. Names are plain ASCII by validation.
func appendMember(dst []byte, name, value string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	// The only error is invalid UTF-8, which is written as U+FFFD all the same.
	dst, _ = jsontext.AppendQuote(dst, value)
	return dst
}

// MarshalJSON gives the structured JSON of a valid event.
func (e Event) MarshalJSON() ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	return e.AppendJSON(nil), nil
}

// UnmarshalJSON reads structured JSON. Unlike Decode it copies what it keeps.
func (e *Event) UnmarshalJSON(b []byte) error {
	decoded, err := Decode(slices.Clone(b))
	if err != nil {
		return err
	}
	*e = decoded
	return nil
}
