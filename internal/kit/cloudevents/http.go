package cloudevents

import (
	"errors"
	"mime"
	"net/http"
	"strings"
)

// FromHTTP reads the events of a request whose body is already in memory.
// Headers of binary mode decide before the content type, because there the
// content type is the data's. source is the source of an Event Grid event that
// names no topic. The events refer to parts of body, which must not change
// afterwards. Either all events are good or the error says what is wrong with
// the first that is not.
func FromHTTP(h http.Header, body []byte, source string) ([]Event, error) {
	if len(body) > MaxBytes {
		return nil, errTooLarge
	}
	if h.Get("Ce-Specversion") != "" {
		return single(fromHeaders(h, body))
	}
	mediaType, err := mediaTypeOf(h.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	// Without a version, an attribute of CloudEvents still says which mode was
	// meant, unless the content type says another.
	if !strings.HasPrefix(mediaType, "application/cloudevents") && (h.Get("Ce-Type") != "" || h.Get("Ce-Source") != "") {
		return single(fromHeaders(h, body))
	}
	switch mediaType {
	case "application/cloudevents+json", "application/cloudevents-batch+json", "application/json":
	default:
		return nil, errContentType
	}
	if err := checkBody(body); err != nil {
		return nil, err
	}
	r := &reader{source: source, limited: true}
	var events []Event
	switch mediaType {
	case "application/cloudevents+json":
		events, err = r.decode(body, nil, one, (*reader).cloudEvent)
	case "application/cloudevents-batch+json":
		events, err = r.decode(body, nil, many, (*reader).cloudEvent)
	default:
		events, err = r.decode(body, nil, oneOrMany, schemaOf(body))
	}
	// The tokeniser has a limit of its own, far above ours, and calls what is
	// over it malformed.
	if errors.Is(err, errMalformed) && tooDeep(body, MaxDepth+2) {
		return nil, errTooDeep
	}
	return events, err
}

func single(e Event, err error) ([]Event, error) {
	if err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// mediaTypeOf gives the media type in lower case, without parameters. A charset
// other than UTF-8 is refused: nothing here converts text.
func mediaTypeOf(contentType string) (string, error) {
	switch contentType { // what the publishers we know of send, without parsing
	case "application/json", "application/json; charset=utf-8":
		return "application/json", nil
	case "application/cloudevents+json", "application/cloudevents+json; charset=utf-8":
		return "application/cloudevents+json", nil
	case "application/cloudevents-batch+json", "application/cloudevents-batch+json; charset=utf-8":
		return "application/cloudevents-batch+json", nil
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", errContentType
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
		return mediaType, nil
	}
	return "", errContentType
}
