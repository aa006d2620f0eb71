package cloudevents

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Decode reads one event of structured JSON from where it was kept. It has no
// limit of size or depth, as the kept form may be a little larger than what was
// sent; FromHTTP is for requests. The event refers to parts of b, which must
// not change afterwards.
func Decode(b []byte) (Event, error) {
	var events [1]Event
	if _, err := decode(b, events[:0], one, (*reader).cloudEvent); err != nil {
		return Event{}, err
	}
	return events[0], nil
}

// How many events a text holds.
type number uint8

const (
	one       number = iota // an object
	many                    // an array
	oneOrMany               // either
)

// reader walks through one JSON text without building a tree of it.
type reader struct {
	dec     jsontext.Decoder
	source  string // the source of an event that names none; Event Grid only
	limited bool   // data has a limit of depth: true for what comes from outside
}

func decode(b []byte, into []Event, n number, read func(*reader, *Event) error) ([]Event, error) {
	return (&reader{}).decode(b, into, n, read)
}

func (r *reader) decode(b []byte, into []Event, n number, read func(*reader, *Event) error) ([]Event, error) {
	// Repeated names are refused in the event itself, where they would blur its
	// identity, and left to the consumer inside data.
	r.dec.Reset(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true))
	var err error
	switch kind := r.dec.PeekKind(); {
	case kind == '{' && n != many:
		into = append(into, Event{})
		err = read(r, &into[len(into)-1])
	case kind == '[' && n != one:
		into, err = r.array(into, read)
	case kind == '{':
		return nil, errNotAnArray
	default:
		if _, err := r.dec.ReadValue(); err != nil {
			return nil, jsonError(err)
		}
		return nil, errNotAnObject
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errMalformed
	}
	return into, nil
}

func (r *reader) array(into []Event, read func(*reader, *Event) error) ([]Event, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, jsonError(err)
	}
	for i := 0; ; i++ {
		switch r.dec.PeekKind() {
		case ']':
			_, err := r.dec.ReadToken()
			return into, err
		case '{':
		default:
			if _, err := r.dec.ReadValue(); err != nil {
				return nil, jsonError(err)
			}
			return nil, inBatch(errNotAnObject, i)
		}
		if i == MaxEvents {
			return nil, errTooMany
		}
		into = append(into, Event{})
		if err := read(r, &into[len(into)-1]); err != nil {
			return nil, inBatch(err, i)
		}
	}
}

// inBatch says which event of a batch an error is about.
func inBatch(err error, i int) error {
	known, ok := errors.AsType[*errs.Error](err)
	if !ok || known.Code == errMalformed.Code {
		return err
	}
	e := *known
	e.Message = fmt.Sprintf("event %d of the batch: %s", i+1, e.Message)
	e.Fields = append([]errs.Field(nil), known.Fields...)
	for k := range e.Fields {
		e.Fields[k].Name = fmt.Sprintf("[%d].%s", i, e.Fields[k].Name)
	}
	return &e
}

// members calls f for each member of an object with its name and raw value.
func (r *reader) members(f func(name []byte, value jsontext.Value) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return jsonError(err)
	}
	for {
		switch r.dec.PeekKind() {
		case '}':
			_, err := r.dec.ReadToken()
			return err
		case '"':
		default:
			if _, err := r.dec.ReadValue(); err != nil {
				return jsonError(err)
			}
			return errMalformed
		}
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return jsonError(err)
		}
		name := []byte(quoted[1 : len(quoted)-1])
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(nil, quoted); err != nil {
				return jsonError(err)
			}
		}
		value, err := r.dec.ReadValue()
		if err != nil {
			return jsonError(err)
		}
		if err := f(name, value); err != nil {
			return err
		}
	}
}

// Bits that note which attributes were seen, so that none comes twice.
const (
	seenVersion = 1 << iota
	seenID
	seenSource
	seenType
	seenSubject
	seenTime
	seenContentType
	seenSchema
	seenData
	seenBase64
	seenDataVersion
	seenMetadataVersion
)

// once notes an attribute and complains if it was there before.
func once(seen *uint, bit uint, name string) error {
	if *seen&bit != 0 {
		return attribute(name, "repeated", "is given twice")
	}
	*seen |= bit
	return nil
}

func (r *reader) cloudEvent(e *Event) error {
	var seen uint
	var version string
	var encoded jsontext.Value
	err := r.members(func(name []byte, value jsontext.Value) (err error) {
		text := func(bit uint, name string, into *string) error {
			if err := once(&seen, bit, name); err != nil {
				return err
			}
			*into, err = stringOf(name, value)
			return err
		}
		switch string(name) {
		case "specversion":
			return text(seenVersion, "specversion", &version)
		case "id":
			return text(seenID, "id", &e.ID)
		case "source":
			return text(seenSource, "source", &e.Source)
		case "type":
			return text(seenType, "type", &e.Type)
		case "subject":
			return text(seenSubject, "subject", &e.Subject)
		case "datacontenttype":
			return text(seenContentType, "datacontenttype", &e.DataContentType)
		case "dataschema":
			return text(seenSchema, "dataschema", &e.DataSchema)
		case "time":
			var s string
			if err := text(seenTime, "time", &s); err != nil {
				return err
			}
			e.Time, err = parseTime("time", s)
			return err
		case "data":
			if e.Data, err = r.dataOf(value); err != nil {
				return err
			}
			return once(&seen, seenData, "data")
		case "data_base64":
			if value.Kind() != 'n' {
				encoded = value
			}
			return once(&seen, seenBase64, "data_base64")
		}
		return e.extend(string(name), value)
	})
	if err != nil {
		return err
	}
	if version != "1.0" {
		if version == "" {
			return attribute("specversion", "required", "is required and must be 1.0")
		}
		return attribute("specversion", "unsupported", "must be 1.0")
	}
	if encoded != nil {
		if e.Data != nil {
			return errDataTwice
		}
		if e.DataBinary, err = binaryOf(encoded); err != nil {
			return err
		}
	}
	return e.Validate()
}

// dataOf gives the data of an event; null counts as absent.
func (r *reader) dataOf(value jsontext.Value) (json.RawMessage, error) {
	if value.Kind() == 'n' {
		return nil, nil
	}
	if r.limited && tooDeep(value, MaxDepth) {
		return nil, errTooDeep
	}
	return json.RawMessage(value), nil
}

// extend adds an extension attribute of a structured event. Null means absent,
// as the JSON format of CloudEvents has it.
func (e *Event) extend(name string, value jsontext.Value) error {
	if fault := extensionNameFault(name); fault != "" {
		return attribute("extension", "name", fault)
	}
	if _, there := e.Extensions[name]; there {
		return attribute(name, "repeated", "is given twice")
	}
	var s string
	var err error
	switch value.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		s = string(value)
	case '0':
		if _, err := strconv.ParseInt(string(value), 10, 32); err != nil {
			return attribute(name, "type", "a number must be a whole one of 32 bits")
		}
		s = string(value)
	case '"':
		if s, err = stringOf(name, value); err != nil {
			return err
		}
	default:
		return attribute(name, "type", "must be a string, a whole number or true or false")
	}
	if len(e.Extensions) == MaxExtensions {
		return errManyExtended
	}
	if e.Extensions == nil {
		e.Extensions = make(map[string]string, 2)
	}
	e.Extensions[name] = s
	return nil
}

// stringOf gives the text of a JSON string; null counts as absent.
func stringOf(name string, value jsontext.Value) (string, error) {
	switch value.Kind() {
	case 'n':
		return "", nil
	case '"':
	default:
		return "", attribute(name, "type", "must be a string")
	}
	if raw := value[1 : len(value)-1]; bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), nil
	}
	b, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", jsonError(err)
	}
	return string(b), nil
}

// binaryOf decodes data_base64. Empty data is data: the result is not nil.
func binaryOf(value jsontext.Value) ([]byte, error) {
	s, err := stringOf("data_base64", value)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.AppendDecode([]byte{}, []byte(s))
	if err != nil {
		return nil, attribute("data_base64", "base64", "is not base64")
	}
	return b, nil
}

// parseTime reads an RFC 3339 timestamp, kept to the microsecond as both databases do.
func parseTime(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	t = t.UTC() // an offset can lead out of the four-digit years
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, attribute(name, "timestamp", "is not a timestamp like 2026-01-31T12:00:00Z")
	}
	return t.Truncate(time.Microsecond), nil
}
