package cloudevents

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Event is one CloudEvent 1.0. Source and ID together are its identity: the
// same pair a second time is the same event sent again.
type Event struct {
	ID              string
	Source          string // a URI reference; of an Event Grid event, its topic
	Type            string
	Subject         string            // optional
	Time            time.Time         // when it happened, UTC; zero where the publisher did not say
	DataContentType string            // empty means application/json
	DataSchema      string            // optional, a URI
	Extensions      map[string]string // by name; numbers and booleans in their JSON spelling

	Data       json.RawMessage // the data, where it is JSON; nil if there is none
	DataBinary []byte          // the data, where it is not
}

// The names that an extension attribute can't have.
var reserved = map[string]bool{"specversion": true, "id": true, "source": true, "type": true, "subject": true, "time": true,
	"datacontenttype": true, "dataschema": true, "data": true, "data_base64": true}

// Validate tells in one error all that is wrong with the attributes. It does
// not look into Data, which every decoder of this package has checked.
func (e *Event) Validate() error {
	var fields []errs.Field
	check := func(name, value string, required, uri bool) {
		if code, message := attributeFault(value, required, uri); code != "" {
			fields = append(fields, errs.Field{Name: name, Code: code, Message: message})
		}
	}
	check("id", e.ID, true, false)
	check("source", e.Source, true, true)
	check("type", e.Type, true, false)
	check("subject", e.Subject, false, false)
	check("datacontenttype", e.DataContentType, false, false)
	check("dataschema", e.DataSchema, false, true)
	if len(e.Extensions) > MaxExtensions {
		return errManyExtended
	}
	if len(e.Extensions) > 0 {
		for _, name := range slices.Sorted(maps.Keys(e.Extensions)) {
			if fault := extensionNameFault(name); fault != "" {
				fields = append(fields, errs.Field{Name: "extension", Code: "name", Message: fault})
				continue
			}
			check(name, e.Extensions[name], false, false)
		}
	}
	if e.Data != nil && e.DataBinary != nil {
		return errDataTwice
	}
	return errs.InvalidFields("event.attribute", "an attribute of the event is missing or wrong", fields)
}

// attributeFault checks one value: length, the characters that the type String
// of the specification forbids, and white space in URIs.
func attributeFault(v string, required, uri bool) (code, message string) {
	if v == "" {
		if required {
			return "required", "is required and must not be empty"
		}
		return "", ""
	}
	if len(v) > MaxAttribute {
		return "too_long", "is longer than 1,024 bytes"
	}
	ascii := true
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c < 0x20 || c == 0x7f:
			return "control_character", "holds a control character"
		case c == ' ' && uri:
			return "not_a_uri", "is not a URI: it holds a space"
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if ascii {
		return "", ""
	}
	for _, r := range v {
		switch {
		case r == utf8.RuneError || r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE:
			return "not_a_character", "holds something that is not a Unicode character"
		case r >= 0x80 && r <= 0x9F:
			return "control_character", "holds a control character"
		}
	}
	return "", ""
}

// extensionNameFault allows what the specification does: lower-case letters
// and digits. Its advice of at most 20 characters is widened to 64.
func extensionNameFault(name string) string {
	if name == "" || len(name) > 64 || reserved[name] {
		return "the name of an extension is empty, longer than 64 characters or reserved"
	}
	if strings.IndexFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) >= 0 {
		return "the name of an extension may hold only lower-case letters and digits"
	}
	return ""
}

// IsJSON tells whether a content type means JSON; an empty one does.
func IsJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	t := contentType
	if i := strings.IndexByte(t, ';'); i >= 0 {
		t = t[:i]
	}
	t = strings.ToLower(strings.TrimSpace(t))
	_, sub, ok := strings.Cut(t, "/")
	return ok && (sub == "json" || strings.HasSuffix(sub, "+json"))
}
