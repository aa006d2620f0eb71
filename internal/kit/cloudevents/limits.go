package cloudevents

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// The limits that hold for every event. They are part of the public contract.
const (
	MaxBytes      = 1 << 20 // of one event, and of the body of one batch
	MaxEvents     = 5000    // in one batch
	MaxDepth      = 64      // of nested arrays and objects in an event's data
	MaxAttribute  = 1024    // bytes of one attribute's value
	MaxExtensions = 64      // extension attributes of one event
)

// Errors that carry no detail of their own. Those with a field name are made where they arise.
var (
	errTooLarge     = errs.New(errs.TooLarge, "event.too_large", "the event or batch is larger than 1 MB")
	errTooMany      = errs.New(errs.TooLarge, "event.too_many", "a batch holds at most 5,000 events")
	errTooDeep      = errs.New(errs.Invalid, "event.too_deep", "the event's data is nested more than 64 deep")
	errNotUTF8      = errs.New(errs.Invalid, "event.invalid_utf8", "the body is not valid UTF-8")
	errMalformed    = errs.New(errs.Invalid, "event.malformed_json", "the body is not well-formed JSON")
	errEmpty        = errs.New(errs.Invalid, "event.empty", "the request has no body")
	errNotAnObject  = errs.New(errs.Invalid, "event.not_an_object", "an event must be a JSON object")
	errNotAnArray   = errs.New(errs.Invalid, "event.not_an_array", "a batch must be a JSON array of events")
	errContentType  = errs.New(errs.Unsupported, "event.content_type", "the content type is none of those an event can have")
	errDataNotJSON  = errs.New(errs.Invalid, "event.data_not_json", "the content type says JSON, but the data is not well-formed JSON")
	errDataTwice    = errs.New(errs.Invalid, "event.data_twice", "an event has either data or data_base64, not both")
	errManyExtended = errs.New(errs.TooLarge, "event.too_many_extensions", "an event holds at most 64 extension attributes")
)

// checkBody applies the limits that need no parsing.
func checkBody(body []byte) error {
	switch {
	case len(body) == 0:
		return errEmpty
	case len(body) > MaxBytes:
		return errTooLarge
	case !utf8.Valid(body):
		return errNotUTF8
	}
	return nil
}

// tooDeep tells whether arrays and objects are nested deeper than max. Only
// brackets outside strings count. The text need not be well-formed.
func tooDeep(b []byte, max int) bool {
	if bytes.Count(b, []byte{'['})+bytes.Count(b, []byte{'{'}) <= max {
		return false // the common case, at the speed of memory
	}
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '[', '{':
			if depth++; depth > max {
				return true
			}
		case ']', '}':
			depth--
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		}
	}
	return false
}

// jsonError turns an error of the tokeniser into one of ours.
func jsonError(err error) error {
	return errs.Wrap(err, errs.Invalid, errMalformed.Code, "%s", errMalformed.Message)
}

// attribute makes the complaint about one attribute of one event.
func attribute(name, code, message string) *errs.Error {
	return &errs.Error{Kind: errs.Invalid, Code: "event.attribute", Message: "an attribute of the event is missing or wrong",
		Fields: []errs.Field{{Name: name, Code: code, Message: message}}}
}

// errStop ends a walk through an object early; it never leaves the package.
var errStop = errors.New("stop")
