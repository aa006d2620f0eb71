// Package publish_test has the client libraries that people publish events
// with, unmodified from their registry, publish to the product's own handlers
// and looks for every event in the log.
package publish_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

type oneKey string

func (k oneKey) Allowed(_ context.Context, topic, secret string) (bool, error) {
	return topic == "leads" && secret == string(k), nil
}

// expected is one event as publish.mjs announces it.
type expected struct {
	ID, Source, Type, Subject, Base64 string
	Time                              time.Time
	Data                              json.RawMessage
	Extensions                        map[string]string
}

func TestClientLibrariesPublish(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("the client libraries are not installed: run make clients")
	}
	s := stream.New(stream.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := s.EnsureTopic(t.Context(), "leads"); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	(&httpapi.EventsAPI{Publisher: s, Keys: oneKey("the topic's key")}).Register(mux)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "publish.mjs")
	cmd.Env = append(os.Environ(), "RAPPORT_TOPIC_URL="+web.URL+"/api/events/leads", "RAPPORT_TOPIC_KEY=the topic's key")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	r, err := s.NewReader(ctx, "leads", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); n++ {
		var want expected
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		got, err := r.Next(ctx, 1, 10*time.Second)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s is not in the log: %v", want.ID, err)
		}
		compare(t, want, got[0])
	}
	if n != 1009 {
		t.Errorf("%d events were announced", n)
	}
	if more, err := r.Next(ctx, 1, 50*time.Millisecond); err != nil || len(more) > 0 {
		t.Errorf("more is in the log than was announced: %v, %v", more, err)
	}
}

func compare(t *testing.T, want expected, got stream.Entry) {
	t.Helper()
	e := got.Event
	if e.ID != want.ID || e.Source != want.Source || e.Type != want.Type || want.Subject != "" && e.Subject != want.Subject {
		t.Errorf("got %s, want %+v", e.AppendJSON(nil), want)
	}
	if !want.Time.IsZero() && !e.Time.Equal(want.Time) {
		t.Errorf("%s: time %s, want %s", want.ID, e.Time, want.Time)
	}
	if base64.StdEncoding.EncodeToString(e.DataBinary) != want.Base64 {
		t.Errorf("%s: %d bytes of data, want %s", want.ID, len(e.DataBinary), want.Base64)
	}
	for name, value := range want.Extensions {
		if e.Extensions[name] != value {
			t.Errorf("%s: extension %s is %q, want %q", want.ID, name, e.Extensions[name], value)
		}
	}
	var a, b any
	if want.Data == nil {
		if e.Data != nil {
			t.Errorf("%s: data %s", want.ID, e.Data)
		}
		return
	}
	if json.Unmarshal(want.Data, &a) != nil || json.Unmarshal(e.Data, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%s: data %s, want %s", want.ID, e.Data, want.Data)
	}
}
