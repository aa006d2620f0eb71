package cloudevents

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// eventGrid reads one event of the Event Grid schema. Its topic becomes the
// source, so that (topic, id) is its identity; the topic's own name stands in
// where the event names none, as Event Grid stamps it. The version of the data
// is kept as the extension "dataversion". Members that the schema does not know
// are passed over, as Event Grid does.
func (r *reader) eventGrid(e *Event) error {
	var seen uint
	var when, version string
	err := r.members(func(name []byte, value jsontext.Value) (err error) {
		text := func(bit uint, name string, into *string) error {
			if err := once(&seen, bit, name); err != nil {
				return err
			}
			*into, err = stringOf(name, value)
			return err
		}
		switch string(name) {
		case "id":
			return text(seenID, "id", &e.ID)
		case "topic":
			return text(seenSource, "topic", &e.Source)
		case "subject":
			return text(seenSubject, "subject", &e.Subject)
		case "eventType":
			return text(seenType, "eventType", &e.Type)
		case "eventTime":
			return text(seenTime, "eventTime", &when)
		case "dataVersion":
			return text(seenDataVersion, "dataVersion", &version)
		case "metadataVersion":
			var v string
			if err := text(seenMetadataVersion, "metadataVersion", &v); err != nil {
				return err
			}
			if v != "" && v != "1" {
				return attribute("metadataVersion", "unsupported", "must be 1")
			}
		case "data":
			if e.Data, err = r.dataOf(value); err != nil {
				return err
			}
			return once(&seen, seenData, "data")
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, required := range [...]struct{ name, value string }{{"eventTime", when}, {"eventType", e.Type}, {"subject", e.Subject}} {
		if required.value == "" {
			return attribute(required.name, "required", "is required and must not be empty")
		}
	}
	if e.Time, err = parseTime("eventTime", when); err != nil {
		return err
	}
	if e.Source == "" {
		e.Source = r.source
	}
	if version != "" {
		e.Extensions = map[string]string{"dataversion": version}
	}
	return e.Validate()
}

// schemaOf tells whether the first event of a body of plain application/json is
// a CloudEvent, by its specversion; else it is taken for the Event Grid schema.
// Some publishers send CloudEvents so, and nothing else in either schema can be
// confused with the other.
func schemaOf(body []byte) (read func(*reader, *Event) error) {
	var probe reader
	found := false
	probe.dec.Reset(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true))
	if probe.dec.PeekKind() == '[' {
		if _, err := probe.dec.ReadToken(); err != nil {
			return (*reader).eventGrid
		}
	}
	if probe.dec.PeekKind() == '{' {
		// A malformed text is found again, and reported, by the real reading.
		_ = probe.members(func(name []byte, _ jsontext.Value) error {
			if string(name) == "specversion" {
				found = true
				return errStop
			}
			return nil
		})
	}
	if found {
		return (*reader).cloudEvent
	}
	return (*reader).eventGrid
}
