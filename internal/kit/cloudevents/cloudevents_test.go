package cloudevents_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

const (
	structured = "application/cloudevents+json; charset=utf-8"
	batched    = "application/cloudevents-batch+json; charset=utf-8"
	plain      = "application/json"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func binaryHeader(pairs ...string) http.Header {
	return header(append([]string{"ce-specversion", "1.0", "ce-id", "7", "ce-source", "/shop", "ce-type", "lead.created"}, pairs...)...)
}

// TestAccepted goes through what the specification and the publishers we know of send.
func TestAccepted(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 30, 0, 123456000, time.UTC)
	minimal := cloudevents.Event{ID: "7", Source: "/shop", Type: "lead.created"}
	with := func(change func(*cloudevents.Event)) cloudevents.Event {
		e := minimal
		change(&e)
		return e
	}
	tests := map[string]struct {
		header http.Header
		body   string
		want   []cloudevents.Event
	}{
		"structured, least": {header("Content-Type", structured), `{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created"}`, []cloudevents.Event{minimal}},
		"structured, everything": {header("Content-Type", "application/cloudevents+json"),
			` {"specversion":"1.0","type":"lead.created","source":"/shop","id":"7","time":"2026-11-22T10:30:00.123456789+01:00","subject":"s","datacontenttype":"application/json",
			 "dataschema":"https://example.com/schema","traceparent":"00-aa","sampled":true,"weight":-7,"absent":null,"data":{"a":[1,2,{"b":"\u00e9"}]}} `,
			[]cloudevents.Event{with(func(e *cloudevents.Event) {
				e.Time, e.Subject, e.DataContentType, e.DataSchema = at, "s", "application/json", "https://example.com/schema"
				e.Extensions = map[string]string{"traceparent": "00-aa", "sampled": "true", "weight": "-7"}
				e.Data = json.RawMessage(`{"a":[1,2,{"b":"\u00e9"}]}`)
			})}},
		"structured, escaped names and values": {header("Content-Type", structured), `{"spec\u0076ersion":"1.0","\u0069d":"\u0037","source":"\/shop","type":"lead.created"}`, []cloudevents.Event{minimal}},
		"structured, binary data": {header("Content-Type", structured), `{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created","datacontenttype":"image/png","data_base64":"AAH/"}`,
			[]cloudevents.Event{with(func(e *cloudevents.Event) { e.DataContentType, e.DataBinary = "image/png", []byte{0, 1, 255} })}},
		"structured, data of text": {header("Content-Type", structured), `{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created","datacontenttype":"text/plain","data":"hello"}`,
			[]cloudevents.Event{with(func(e *cloudevents.Event) { e.DataContentType, e.Data = "text/plain", json.RawMessage(`"hello"`) })}},
		"structured, an id header of old SDKs beside it": {header("Content-Type", structured, "ce-id", "7"), `{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created"}`, []cloudevents.Event{minimal}},
		"batch": {header("Content-Type", batched), `[{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created"},{"specversion":"1.0","id":"8","source":"/shop","type":"lead.created"}]`,
			[]cloudevents.Event{minimal, with(func(e *cloudevents.Event) { e.ID = "8" })}},
		"batch of none": {header("Content-Type", batched), `[]`, nil},
		"binary": {binaryHeader("Content-Type", "application/json; charset=utf-8", "ce-time", "2026-11-22T09:30:00.123456Z", "ce-subject", "Euro%20%E2%82%AC%20%F0%9F%98%80", "ce-traceparent", "00-aa"), ` {"a":1} `,
			[]cloudevents.Event{with(func(e *cloudevents.Event) {
				e.DataContentType, e.Time, e.Subject, e.Data = "application/json; charset=utf-8", at, "Euro € 😀", json.RawMessage(`{"a":1}`)
				e.Extensions = map[string]string{"traceparent": "00-aa"}
			})}},
		"binary, quoted value and stray percent": {binaryHeader("ce-subject", `"100% of \"it\""`), ``, []cloudevents.Event{with(func(e *cloudevents.Event) { e.Subject = `100% of "it"` })}},
		"binary, no content type means JSON":     {binaryHeader(), `[1]`, []cloudevents.Event{with(func(e *cloudevents.Event) { e.Data = json.RawMessage(`[1]`) })}},
		"binary, bytes": {binaryHeader("Content-Type", "application/octet-stream"), "\x00\xff", []cloudevents.Event{with(func(e *cloudevents.Event) {
			e.DataContentType, e.DataBinary = "application/octet-stream", []byte{0, 255}
		})}},
		"binary wins over a content type that is itself an event": {binaryHeader("Content-Type", "application/cloudevents+json"), `{"specversion":"1.0","id":"inner","source":"/i","type":"t"}`,
			[]cloudevents.Event{with(func(e *cloudevents.Event) {
				e.DataContentType = "application/cloudevents+json"
				e.Data = json.RawMessage(`{"specversion":"1.0","id":"inner","source":"/i","type":"t"}`)
			})}},
		"Event Grid, array": {header("Content-Type", plain), `[{"id":"7","subject":"s","eventType":"lead.created","eventTime":"2026-11-22T09:30:00.123456Z","data":{"a":1},"dataVersion":"2"},
			{"id":"8","topic":"/shop","subject":"s","eventType":"lead.created","eventTime":"2026-11-22T09:30:00.123456Z","metadataVersion":"1","dataVersion":""}]`,
			[]cloudevents.Event{
				{ID: "7", Source: "/topics/leads", Type: "lead.created", Subject: "s", Time: at, Data: json.RawMessage(`{"a":1}`), Extensions: map[string]string{"dataversion": "2"}},
				{ID: "8", Source: "/shop", Type: "lead.created", Subject: "s", Time: at}}},
		"Event Grid, single": {header("Content-Type", "application/json; charset=utf-8"), `{"id":"7","topic":"/shop","subject":"s","eventType":"lead.created","eventTime":"2026-11-22T09:30:00.123456Z"}`,
			[]cloudevents.Event{{ID: "7", Source: "/shop", Type: "lead.created", Subject: "s", Time: at}}},
		"CloudEvents under plain JSON, single": {header("Content-Type", plain), `{"id":"7","source":"/shop","type":"lead.created","specversion":"1.0"}`, []cloudevents.Event{minimal}},
		"CloudEvents under plain JSON, array":  {header("Content-Type", plain), `[{"id":"7","source":"/shop","type":"lead.created","specversion":"1.0"}]`, []cloudevents.Event{minimal}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cloudevents.FromHTTP(test.header, []byte(test.body), "/topics/leads")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 && len(test.want) == 0 {
				return
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Fatalf("got  %+v\nwant %+v", got, test.want)
			}
			for i := range got {
				kept := got[i].AppendJSON(nil)
				again, err := cloudevents.Decode(kept)
				if err != nil {
					t.Fatalf("what was kept does not read: %v\n%s", err, kept)
				}
				if !reflect.DeepEqual(again, got[i]) {
					t.Errorf("kept and read again: %+v\nwant %+v", again, got[i])
				}
			}
		})
	}
}

// TestRefused goes through what is wrong, with the stable code of each complaint.
func TestRefused(t *testing.T) {
	t.Parallel()
	const good = `"specversion":"1.0","id":"7","source":"/shop","type":"lead.created"`
	grid := `"id":"7","subject":"s","eventType":"t","eventTime":"2026-11-22T09:30:00Z"`
	deep := strings.Repeat("[", cloudevents.MaxDepth+1) + strings.Repeat("]", cloudevents.MaxDepth+1)
	tests := map[string]struct {
		header http.Header
		body   string
		kind   errs.Kind
		code   string
		field  string // "name code" of the first field
	}{
		"nothing":                       {header("Content-Type", structured), ``, errs.Invalid, "event.empty", ""},
		"no content type":               {header(), `{}`, errs.Unsupported, "event.content_type", ""},
		"XML":                           {header("Content-Type", "application/cloudevents+xml"), `<e/>`, errs.Unsupported, "event.content_type", ""},
		"Latin-1":                       {header("Content-Type", "application/cloudevents+json; charset=iso-8859-1"), `{}`, errs.Unsupported, "event.content_type", ""},
		"a broken content type":         {header("Content-Type", "application/json; charset"), `{}`, errs.Unsupported, "event.content_type", ""},
		"not JSON":                      {header("Content-Type", structured), `hello`, errs.Invalid, "event.malformed_json", ""},
		"cut off":                       {header("Content-Type", structured), `{` + good, errs.Invalid, "event.malformed_json", ""},
		"cut off in a batch":            {header("Content-Type", batched), `[{` + good + `},`, errs.Invalid, "event.malformed_json", ""},
		"something after it":            {header("Content-Type", structured), `{` + good + `}{}`, errs.Invalid, "event.malformed_json", ""},
		"a number":                      {header("Content-Type", structured), `1`, errs.Invalid, "event.not_an_object", ""},
		"an array, not batched":         {header("Content-Type", structured), `[{` + good + `}]`, errs.Invalid, "event.not_an_object", ""},
		"an object, batched":            {header("Content-Type", batched), `{` + good + `}`, errs.Invalid, "event.not_an_array", ""},
		"a string in a batch":           {header("Content-Type", batched), `["x"]`, errs.Invalid, "event.not_an_object", ""},
		"invalid UTF-8":                 {header("Content-Type", structured), `{` + good + `,"data":"` + "\xff" + `"}`, errs.Invalid, "event.invalid_utf8", ""},
		"half a surrogate pair":         {header("Content-Type", structured), `{` + good + `,"data":"\ud800"}`, errs.Invalid, "event.malformed_json", ""},
		"too deep":                      {header("Content-Type", structured), `{` + good + `,"data":` + deep + `}`, errs.Invalid, "event.too_deep", ""},
		"deep, and brackets in strings": {header("Content-Type", structured), `{` + good + `,"data":{"a":"` + strings.Repeat(`]}\"`, 100) + `","b":` + deep + `}}`, errs.Invalid, "event.too_deep", ""},
		"deep in a batch":               {header("Content-Type", batched), `[{` + good + `},{` + good + `,"data":` + deep + `}]`, errs.Invalid, "event.too_deep", ""},
		"deep, Event Grid":              {header("Content-Type", plain), `[{` + grid + `,"data":` + deep + `}]`, errs.Invalid, "event.too_deep", ""},
		"deep, binary":                  {binaryHeader("Content-Type", plain), deep, errs.Invalid, "event.too_deep", ""},
		"far too deep":                  {header("Content-Type", structured), strings.Repeat(`{"a":`, 200_000), errs.Invalid, "event.too_deep", ""},
		"too large":                     {header("Content-Type", structured), `{` + good + `,"data":"` + strings.Repeat("x", cloudevents.MaxBytes) + `"}`, errs.TooLarge, "event.too_large", ""},
		"too many":                      {header("Content-Type", batched), `[` + strings.Repeat(`{`+good+`},`, cloudevents.MaxEvents) + `{` + good + `}]`, errs.TooLarge, "event.too_many", ""},
		"no version":                    {header("Content-Type", structured), `{"id":"7","source":"/shop","type":"t"}`, errs.Invalid, "event.attribute", "specversion required"},
		"another version":               {header("Content-Type", structured), `{"specversion":"0.3","id":"7","source":"/shop","type":"t"}`, errs.Invalid, "event.attribute", "specversion unsupported"},
		"no id":                         {header("Content-Type", structured), `{"specversion":"1.0","source":"/shop","type":"t"}`, errs.Invalid, "event.attribute", "id required"},
		"an id that is a number":        {header("Content-Type", structured), `{"specversion":"1.0","id":7,"source":"/shop","type":"t"}`, errs.Invalid, "event.attribute", "id type"},
		"two ids":                       {header("Content-Type", structured), `{` + good + `,"\u0069d":"8"}`, errs.Invalid, "event.attribute", "id repeated"},
		"two data":                      {header("Content-Type", structured), `{` + good + `,"data":1,"data":2}`, errs.Invalid, "event.attribute", "data repeated"},
		"data and data_base64":          {header("Content-Type", structured), `{` + good + `,"data":1,"data_base64":"AA=="}`, errs.Invalid, "event.data_twice", ""},
		"no base64":                     {header("Content-Type", structured), `{` + good + `,"data_base64":"%"}`, errs.Invalid, "event.attribute", "data_base64 base64"},
		"a space in the source":         {header("Content-Type", structured), `{"specversion":"1.0","id":"7","source":"a b","type":"t"}`, errs.Invalid, "event.attribute", "source not_a_uri"},
		"a control character":           {header("Content-Type", structured), `{"specversion":"1.0","id":"\u0000","source":"/","type":"t"}`, errs.Invalid, "event.attribute", "id control_character"},
		"a C1 control character":        {header("Content-Type", structured), `{"specversion":"1.0","id":"\u0085","source":"/","type":"t"}`, errs.Invalid, "event.attribute", "id control_character"},
		"a non-character":               {header("Content-Type", structured), `{"specversion":"1.0","id":"\uffff","source":"/","type":"t"}`, errs.Invalid, "event.attribute", "id not_a_character"},
		"a long id":                     {header("Content-Type", structured), `{"specversion":"1.0","id":"` + strings.Repeat("x", 1025) + `","source":"/","type":"t"}`, errs.Invalid, "event.attribute", "id too_long"},
		"no time":                       {header("Content-Type", structured), `{` + good + `,"time":"yesterday"}`, errs.Invalid, "event.attribute", "time timestamp"},
		"a time beyond the years":       {header("Content-Type", structured), `{` + good + `,"time":"9999-12-31T23:59:59-10:00"}`, errs.Invalid, "event.attribute", "time timestamp"},
		"an extension in capitals":      {header("Content-Type", structured), `{` + good + `,"myThing":"x"}`, errs.Invalid, "event.attribute", "extension name"},
		"an extension that is deep":     {header("Content-Type", structured), `{` + good + `,"thing":{}}`, errs.Invalid, "event.attribute", "thing type"},
		"a fraction":                    {header("Content-Type", structured), `{` + good + `,"thing":1.5}`, errs.Invalid, "event.attribute", "thing type"},
		"the same extension twice":      {header("Content-Type", structured), `{` + good + `,"thing":1,"thing":2}`, errs.Invalid, "event.attribute", "thing repeated"},
		"the second of a batch":         {header("Content-Type", batched), `[{` + good + `},{"specversion":"1.0","id":"7","source":"/shop"}]`, errs.Invalid, "event.attribute", "[1].type required"},
		"binary, no version":            {header("ce-id", "7", "ce-source", "/", "ce-type", "t", "Content-Type", plain), `{}`, errs.Invalid, "event.attribute", "specversion unsupported"},
		"binary, no id":                 {header("ce-specversion", "1.0", "ce-source", "/", "ce-type", "t"), `{}`, errs.Invalid, "event.attribute", "id required"},
		"binary, twice":                 {binaryHeader("ce-id", "8"), `{}`, errs.Invalid, "event.attribute", "id repeated"},
		"binary, Latin-1 in header":     {binaryHeader("ce-subject", "caf\xe9"), `{}`, errs.Invalid, "event.attribute", "subject encoding"},
		"binary, encoded junk":          {binaryHeader("ce-subject", "%ff%00"), `{}`, errs.Invalid, "event.attribute", "subject encoding"},
		"binary, encoded NUL":           {binaryHeader("ce-subject", "a%00"), `{}`, errs.Invalid, "event.attribute", "subject control_character"},
		"binary, no JSON":               {binaryHeader("Content-Type", plain), `hello`, errs.Invalid, "event.data_not_json", ""},
		"binary, stray brackets":        {binaryHeader("Content-Type", plain), "[1]]", errs.Invalid, "event.data_not_json", ""},
		"binary, data in a header":      {binaryHeader("ce-data", "x"), ``, errs.Invalid, "event.attribute", "data misplaced"},
		"binary, odd header name":       {binaryHeader("ce-my-thing", "x"), ``, errs.Invalid, "event.attribute", "extension name"},
		"binary, too large":             {binaryHeader("Content-Type", "text/plain"), strings.Repeat("x", cloudevents.MaxBytes+1), errs.TooLarge, "event.too_large", ""},
		"Event Grid, no id":             {header("Content-Type", plain), `[{"subject":"s","eventType":"t","eventTime":"2026-11-22T09:30:00Z"}]`, errs.Invalid, "event.attribute", "[0].id required"},
		"Event Grid, no type":           {header("Content-Type", plain), `[{"id":"7","subject":"s","eventTime":"2026-11-22T09:30:00Z"}]`, errs.Invalid, "event.attribute", "[0].eventType required"},
		"Event Grid, no time":           {header("Content-Type", plain), `[{"id":"7","subject":"s","eventType":"t"}]`, errs.Invalid, "event.attribute", "[0].eventTime required"},
		"Event Grid, no subject":        {header("Content-Type", plain), `[{"id":"7","eventType":"t","eventTime":"2026-11-22T09:30:00Z"}]`, errs.Invalid, "event.attribute", "[0].subject required"},
		"Event Grid, metadata 2":        {header("Content-Type", plain), `[{` + grid + `,"metadataVersion":"2"}]`, errs.Invalid, "event.attribute", "[0].metadataVersion unsupported"},
		"Event Grid, topic twice":       {header("Content-Type", plain), `[{` + grid + `,"topic":"/a","topic":"/b"}]`, errs.Invalid, "event.attribute", "[0].topic repeated"},
		"some other JSON":               {header("Content-Type", plain), `{"hello":"world"}`, errs.Invalid, "event.attribute", "eventTime required"},
		"plain JSON that is broken":     {header("Content-Type", plain), `[{"hello"]`, errs.Invalid, "event.malformed_json", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cloudevents.FromHTTP(test.header, []byte(test.body), "/topics/leads")
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			if errs.KindOf(err) != test.kind || errs.CodeOf(err) != test.code {
				t.Fatalf("got %s %s, want %s %s (%v)", errs.KindOf(err), errs.CodeOf(err), test.kind, test.code, err)
			}
			var e *errs.Error
			if errors.As(err, &e); test.field != "" {
				if len(e.Fields) == 0 || e.Fields[0].Name+" "+e.Fields[0].Code != test.field {
					t.Fatalf("fields are %+v, want %s first", e.Fields, test.field)
				}
			}
		})
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	const good = `{"specversion":"1.0","id":"7","source":"/shop","type":"lead.created"`
	full := "[" + strings.TrimSuffix(strings.Repeat(good+"},", cloudevents.MaxEvents), ",") + "]"
	events, err := cloudevents.FromHTTP(header("Content-Type", batched), []byte(full), "")
	if err != nil || len(events) != cloudevents.MaxEvents {
		t.Fatalf("5,000 events: %d, %v", len(events), err)
	}
	filler := strings.Repeat("x", cloudevents.MaxBytes-len(good+`,"data":""}`))
	body := []byte(good + `,"data":"` + filler + `"}`)
	if _, err := cloudevents.FromHTTP(header("Content-Type", structured), body, ""); err != nil || len(body) != cloudevents.MaxBytes {
		t.Fatalf("an event of exactly 1 MB (%d): %v", len(body), err)
	}
	harmless := good + `,"data":["` + strings.Repeat("[{", 100) + `"` + strings.Repeat(`,{"a":[]}`, 200) + `]}`
	if _, err := cloudevents.FromHTTP(header("Content-Type", structured), []byte(harmless), ""); err != nil {
		t.Fatalf("many brackets, but not deep: %v", err)
	}
	depth := strings.Repeat("[", cloudevents.MaxDepth) + strings.Repeat("]", cloudevents.MaxDepth)
	events, err = cloudevents.FromHTTP(binaryHeader("Content-Type", plain), []byte(depth), "")
	if err != nil {
		t.Fatalf("64 deep: %v", err)
	}
	if _, err := cloudevents.Decode(events[0].AppendJSON(nil)); err != nil {
		t.Fatalf("what is kept of data 64 deep must read again: %v", err)
	}
}

// TestBodyIsLeftAlone makes sure that reading neither changes the body nor
// needs a second one: events refer to it.
func TestBodyIsLeftAlone(t *testing.T) {
	t.Parallel()
	text := `[{"specversion":"1.0","id":"\u0037","source":"/shop","type":"t","data": { "a" : "\u00e9" } },{"specversion":"1.0","id":"8","source":"/shop","type":"t","data":[1, 2]}]`
	body := []byte(text)
	events, err := cloudevents.FromHTTP(header("Content-Type", batched), body, "")
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != text {
		t.Fatalf("body became %s", body)
	}
	if string(events[0].Data) != `{ "a" : "\u00e9" }` || string(events[1].Data) != `[1, 2]` {
		t.Fatalf("data: %s and %s", events[0].Data, events[1].Data)
	}
}

func TestMarshal(t *testing.T) {
	t.Parallel()
	e := cloudevents.Event{ID: `a"b`, Source: "/shop", Type: "t", Subject: "line\u2028end", Extensions: map[string]string{"b": "2", "a": "1"}, Data: json.RawMessage(`{"x":1}`)}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back cloudevents.Event
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, e) {
		t.Fatalf("%v: %+v from %s", err, back, b)
	}
	if _, err := json.Marshal(cloudevents.Event{ID: "7"}); !errs.Has(err, errs.Invalid) {
		t.Fatalf("an event without a source was written: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"specversion":"1.0"}`), &back); !errs.Has(err, errs.Invalid) {
		t.Fatalf("an event without an id was read: %v", err)
	}
}

// TestErrorsKeepQuiet holds the complaints against a value that no message may repeat.
func TestErrorsKeepQuiet(t *testing.T) {
	t.Parallel()
	const secret = "ada@example.com"
	for _, body := range []string{
		`{"specversion":"` + secret + `"}`, `{"` + secret + `":1}`, `{"specversion":"1.0","time":"` + secret + `"}`,
		`{"specversion":"1.0","id":"1","source":"` + secret + ` x","type":"t"}`, `{"specversion":"1.0","data":` + secret + `}`,
	} {
		_, err := cloudevents.FromHTTP(header("Content-Type", structured), []byte(body), "")
		var e *errs.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", body, err)
		}
		said := e.Message
		for _, f := range e.Fields {
			said += f.Name + f.Code + f.Message
		}
		if strings.Contains(said, secret) || strings.Contains(said, "ada") {
			t.Errorf("the error repeats the value: %s", said)
		}
	}
}
