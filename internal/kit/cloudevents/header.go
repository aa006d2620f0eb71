package cloudevents

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const prefix = "Ce-" // of an attribute's header, in the spelling of net/http

// fromHeaders reads an event in binary mode: attributes in headers, data in the body.
func fromHeaders(h http.Header, body []byte) (Event, error) {
	var e Event
	var when, version string
	for key, values := range h {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		name := strings.ToLower(key[len(prefix):])
		if len(values) != 1 {
			return Event{}, attribute(known(name), "repeated", "is given twice")
		}
		value, ok := headerValue(values[0])
		if !ok {
			return Event{}, attribute(known(name), "encoding", "is not UTF-8: a header's value must be percent-encoded")
		}
		switch name {
		case "specversion":
			version = value
		case "id":
			e.ID = value
		case "source":
			e.Source = value
		case "type":
			e.Type = value
		case "subject":
			e.Subject = value
		case "time":
			when = value
		case "dataschema":
			e.DataSchema = value
		case "datacontenttype", "data", "data_base64":
			// In this mode the content type is that of the request and the data is its body.
			return Event{}, attribute(name, "misplaced", "has no place among the headers")
		default:
			if fault := extensionNameFault(name); fault != "" {
				return Event{}, attribute("extension", "name", fault)
			}
			if len(e.Extensions) == MaxExtensions {
				return Event{}, errManyExtended
			}
			if e.Extensions == nil {
				e.Extensions = make(map[string]string, 2)
			}
			e.Extensions[name] = value
		}
	}
	if version != "1.0" {
		return Event{}, attribute("specversion", "unsupported", "is required and must be 1.0")
	}
	var err error
	if e.Time, err = parseTime("time", when); err != nil {
		return Event{}, err
	}
	e.DataContentType = h.Get("Content-Type")
	if err := e.setBody(body); err != nil {
		return Event{}, err
	}
	return e, e.Validate()
}

// setBody takes the body of a request in binary mode as the event's data.
func (e *Event) setBody(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if !IsJSON(e.DataContentType) {
		e.DataBinary = body
		return nil
	}
	if err := checkBody(body); err != nil {
		return err
	}
	if tooDeep(body, MaxDepth) {
		return errTooDeep
	}
	trimmed := bytes.TrimSpace(body)
	if !jsontext.Value(trimmed).IsValid(jsontext.AllowDuplicateNames(true)) {
		return errDataNotJSON
	}
	e.Data = json.RawMessage(trimmed)
	return nil
}

// known gives a name back if it is a fit one, so that errors don't echo what anybody sent.
func known(name string) string {
	if reserved[name] || extensionNameFault(name) == "" {
		return name
	}
	return "extension"
}

// headerValue undoes what the HTTP binding does to a value: first double
// quotes, then one round of percent-encoding. A percent sign that begins no
// escape stands for itself, as senders that know nothing of the rule send it.
func headerValue(v string) (string, bool) {
	if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = unquote(v[1 : len(v)-1])
	}
	if strings.IndexByte(v, '%') >= 0 {
		b := make([]byte, 0, len(v))
		for i := 0; i < len(v); i++ {
			if v[i] == '%' && i+2 < len(v) {
				hi, lo := unhex(v[i+1]), unhex(v[i+2])
				if hi >= 0 && lo >= 0 {
					b = append(b, byte(hi<<4|lo))
					i += 2
					continue
				}
			}
			b = append(b, v[i])
		}
		v = string(b)
	}
	return v, utf8.ValidString(v)
}

// unquote takes the backslashes out of a quoted string.
func unquote(v string) string {
	if strings.IndexByte(v, '\\') < 0 {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
