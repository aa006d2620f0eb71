package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const ceOne = `{"specversion":"1.0","id":"1","source":"/shop","type":"lead.created","data":{"firstname":"Ada"}}`

// TestPublish sends events in every way into the real log.
func TestPublish(t *testing.T) {
	t.Parallel()
	s := realStream(t)
	w := serveWays(t, s, nil)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	grid := `[{"id":"6","subject":"s","eventType":"lead.created","eventTime":"2026-11-22T09:00:00Z","data":{},"dataVersion":"1"},{"id":"7","topic":"/t","subject":"s","eventType":"lead.created","eventTime":"2026-11-22T09:00:00Z"}]`
	for i, send := range []struct {
		path   string
		header http.Header
		body   string
	}{
		{"/api/events/leads", hdr("Content-Type", "application/cloudevents+json; charset=utf-8", "aeg-sas-key", "right", "Traceparent", trace), ceOne},
		{"/api/events/leads?api-version=2018-01-01", hdr("Content-Type", "application/cloudevents-batch+json; charset=utf-8", "Authorization", "Bearer right"), `[` + strings.ReplaceAll(ceOne, `"1"`, `"2"`) + `,` + strings.ReplaceAll(ceOne, `"1"`, `"3"`) + `]`},
		{"/api/events/leads", hdr("Content-Type", "application/json", "aeg-sas-key", "right", "ce-specversion", "1.0", "ce-id", "4", "ce-source", "/shop", "ce-type", "lead.created"), `{"firstname":"Ada"}`},
		{"/api/events/leads", hdr("Content-Type", "application/cloudevents+json", "authorization", "bearer right", "ce-specversion", "1.0", "ce-id", "5", "ce-source", "/shop", "ce-type", "lead.created"), ceOne},
		{"/api/events/leads?api-version=2018-01-01", hdr("Content-Type", "application/json", "aeg-sas-key", "right"), grid},
		{"/api/events/leads", hdr("Content-Type", "application/cloudevents-batch+json", "aeg-sas-key", "right"), `[]`},
	} {
		if res := w.do("POST", send.path, send.header, strings.NewReader(send.body)); res.status != 200 || res.body != "" || res.header.Get("Content-Length") != "0" {
			t.Errorf("%d: %d %s", i, res.status, res.body)
		}
	}
	got := storedEntries(t, s, "leads", 7)
	var have []string
	for _, e := range got {
		have = append(have, e.Event.Source+" "+e.Event.ID)
	}
	if want := "/shop 1,/shop 2,/shop 3,/shop 4,/shop 5,/topics/leads 6,/t 7"; strings.Join(have, ",") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(have, ","), want)
	}
	if got[0].TraceParent != trace || got[1].TraceParent != "" {
		t.Errorf("traces %q and %q", got[0].TraceParent, got[1].TraceParent)
	}
	if string(got[4].Event.Data) != ceOne || got[4].Event.DataContentType != "application/cloudevents+json" {
		t.Errorf("an event within an event became %s", got[4].Event.AppendJSON(nil))
	}
}

func TestPublishRefused(t *testing.T) {
	t.Parallel()
	m := &eventSink{}
	w := serveWays(t, m, nil)
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(zw, ceOne); err != nil {
		t.Fatal(err)
	}
	zw.Close()
	const ce = "application/cloudevents+json"
	for name, test := range map[string]struct {
		header http.Header
		body   string
		status int
		code   string
	}{
		"no key":            {hdr("Content-Type", ce), ceOne, 401, "event.key"},
		"wrong key":         {hdr("Content-Type", ce, "aeg-sas-key", "wrong"), ceOne, 401, "event.key"},
		"wrong bearer":      {hdr("Content-Type", ce, "Authorization", "Bearer wrong"), ceOne, 401, "event.key"},
		"password":          {hdr("Content-Type", ce, "Authorization", "Basic right"), ceOne, 401, "event.key"},
		"signature":         {hdr("Content-Type", ce, "aeg-sas-token", "r=x&e=y&s=z"), ceOne, 401, "event.key"},
		"wrong key, junk":   {hdr("aeg-sas-key", "wrong"), strings.Repeat("x", 10<<20), 401, "event.key"},
		"nothing":           {hdr("Content-Type", ce, "aeg-sas-key", "right"), "", 400, "event.empty"},
		"no content type":   {hdr("aeg-sas-key", "right"), ceOne, 415, "event.content_type"},
		"compressed":        {hdr("Content-Type", ce, "aeg-sas-key", "right", "Content-Encoding", "gzip"), zipped.String(), 415, "event.content_encoding"},
		"not JSON":          {hdr("Content-Type", ce, "aeg-sas-key", "right"), "hello", 400, "event.malformed_json"},
		"no id":             {hdr("Content-Type", ce, "aeg-sas-key", "right"), `{"specversion":"1.0","source":"/","type":"t"}`, 400, "event.attribute"},
		"invalid UTF-8":     {hdr("Content-Type", ce, "aeg-sas-key", "right"), `{"a":"` + "\xff" + `"}`, 400, "event.invalid_utf8"},
		"deep":              {hdr("Content-Type", ce, "aeg-sas-key", "right"), strings.Repeat("[", 500_000), 400, "event.too_deep"},
		"10 MB":             {hdr("Content-Type", ce, "aeg-sas-key", "right"), `{"data":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "event.too_large"},
		"one byte too many": {hdr("Content-Type", ce, "aeg-sas-key", "right"), ceOne + strings.Repeat(" ", 1<<20+1-len(ceOne)), 413, "event.too_large"},
		"half a batch": {hdr("Content-Type", "application/cloudevents-batch+json", "aeg-sas-key", "right"), "[" + ceOne + `,{"specversion":"1.0"}]`,
			400, "event.attribute"},
		"too many": {hdr("Content-Type", "application/cloudevents-batch+json", "aeg-sas-key", "right"), "[" + strings.Repeat(ceOne+",", 5000) + ceOne + "]", 413, "event.too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := w.do("POST", "/api/events/leads", test.header, strings.NewReader(test.body))
			if res.status != test.status || res.code() != test.code {
				t.Errorf("%d %s, want %d %s", res.status, res.code(), test.status, test.code)
			}
			if res.status == 401 && !strings.Contains(res.header.Get("Www-Authenticate"), "Bearer") {
				t.Error("401 without a challenge")
			}
		})
	}
	t.Run("another topic's key", func(t *testing.T) {
		t.Parallel()
		if res := w.do("POST", "/api/events/interactions", hdr("Content-Type", ce, "aeg-sas-key", "right"), strings.NewReader(ceOne)); res.status != 401 {
			t.Errorf("%d", res.status)
		}
	})
	t.Run("10 MB in pieces, without a length", func(t *testing.T) {
		t.Parallel()
		res := w.do("POST", "/api/events/leads", hdr("Content-Type", ce, "aeg-sas-key", "right"), io.MultiReader(strings.NewReader(`{"data":"`), strings.NewReader(strings.Repeat("x", 10<<20))))
		if res.status != 413 || res.code() != "event.too_large" {
			t.Errorf("%d %s", res.status, res.body)
		}
	})
	t.Cleanup(func() {
		if len(m.events) != 0 {
			t.Errorf("%d events were published", len(m.events))
		}
	})
}

func TestPublishWhenFull(t *testing.T) {
	t.Parallel()
	m := &eventSink{fail: &errs.Error{Kind: errs.Unavailable, Code: "stream.full", Message: "the topic is full", RetryAfter: 5 * time.Second}}
	w := serveWays(t, m, nil)
	header := hdr("Content-Type", "application/cloudevents+json", "aeg-sas-key", "right")
	if res := w.do("POST", "/api/events/leads", header, strings.NewReader(ceOne)); res.status != 503 || res.header.Get("Retry-After") != "5" || res.code() != "stream.full" {
		t.Errorf("%d %v %s", res.status, res.header, res.body)
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	w := serveWays(t, &eventSink{}, nil)
	res := w.do("OPTIONS", "/api/events/leads", hdr("WebHook-Request-Origin", "events.example.com", "WebHook-Request-Rate", "120"), nil)
	if res.status != 200 || res.header.Get("Webhook-Allowed-Origin") != "*" || res.header.Get("Webhook-Allowed-Rate") != "*" || !strings.Contains(res.header.Get("Allow"), "POST") {
		t.Errorf("%d %v", res.status, res.header)
	}
	if res := w.do("OPTIONS", "/api/events/leads", nil, nil); res.header.Get("Webhook-Allowed-Origin") != "" {
		t.Errorf("nobody asked: %v", res.header)
	}
	if res := w.do("GET", "/api/events/leads", nil, nil); res.status != 405 {
		t.Errorf("GET: %d", res.status)
	}
}

// TestManySenders has many of them at once; what got 200 is in the log once.
func TestManySenders(t *testing.T) {
	t.Parallel()
	s := realStream(t)
	w := serveWays(t, s, nil)
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for i := range 25 {
				body := fmt.Sprintf(`{"specversion":"1.0","id":"%d-%d","source":"/shop","type":"t"}`, p, i)
				if res := w.do("POST", "/api/events/leads", hdr("Content-Type", "application/cloudevents+json", "aeg-sas-key", "right"), strings.NewReader(body)); res.status != 200 {
					t.Errorf("%d %s", res.status, res.body)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range storedEntries(t, s, "leads", 200) {
		seen[e.Event.ID] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d different events", len(seen))
	}
}
