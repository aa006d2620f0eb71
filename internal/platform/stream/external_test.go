package stream_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// external runs a NATS server that listens on the loopback, with the small
// messages that such a server has by default, only smaller.
func external(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server did not start")
	}
	return srv.ClientURL()
}

func TestExternalServer(t *testing.T) {
	t.Parallel()
	url := external(t)
	s := start(t, stream.Options{URL: url, Replicas: 1})
	// Two nodes: what one publishes the other reads.
	other := start(t, stream.Options{URL: url, Replicas: 1})
	if err := s.Publish(t.Context(), topic, events("large", 500, 1000)...); err != nil {
		t.Fatalf("half a megabyte that compresses: %v", err)
	}
	if err := other.Publish(t.Context(), topic, event("small", 10)); err != nil {
		t.Fatal(err)
	}
	got := read(t, other, 0)
	if len(got) != 501 || got[499].Event.ID != "large/499" || got[500].Event.ID != "small" {
		t.Fatalf("%d entries", len(got))
	}
	if e, err := other.Get(t.Context(), topic, got[123].Seq); err != nil || e.Event.ID != "large/123" {
		t.Errorf("%s, %v", e.Event.ID, err)
	}
	if st, err := other.State(t.Context(), topic); err != nil || st.Count != 501 || st.Last != got[500].Seq {
		t.Errorf("%+v, %v", st, err)
	}
	noise := make([]byte, 100_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(base64.StdEncoding.EncodeToString(noise))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), topic, cloudevents.Event{ID: "noise", Source: "/", Type: "t", Data: data}); !errs.Has(err, errs.TooLarge) {
		t.Errorf("what no compression makes small enough: %v", err)
	}
	for _, o := range []stream.Options{{URL: url, Replicas: 1}, {URL: url}, {Dir: "x"}} {
		if d := stream.New(o).Durability(); d == "" || (o.URL != "" && o.Replicas == 0) != strings.Contains(d, "quorum of 3") {
			t.Errorf("%+v: %s", o, d)
		}
	}
}

// TestCorruptPack puts what nobody can read among the packs: a reader is told
// once and goes on.
func TestCorruptPack(t *testing.T) {
	t.Parallel()
	url := external(t)
	s := start(t, stream.Options{URL: url, Replicas: 1})
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	junk := []string{"", "\x00", "\x01\x00", "\x01\x02\xff", "\x01\x00\xff\xff\xff\xff{}", "\x01\x00\x00\x00\x00", "\x01\x00\x00\x00\x00\x02{}", "\x02nonsense", "\x09{}"}
	for _, payload := range junk {
		if err := s.Publish(t.Context(), topic, event("good", 1)); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Request("rapport.topic."+topic+".1", []byte(payload), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.NewReader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	good, bad := 0, 0
	for good+bad < 2*len(junk) {
		entries, err := r.Next(t.Context(), 100, 10*time.Second)
		good += len(entries)
		if err != nil {
			if errs.CodeOf(err) != "stream.corrupt" {
				t.Fatal(err)
			}
			bad++
		} else if len(entries) == 0 {
			t.Fatalf("%d good, %d bad, and no more", good, bad)
		}
	}
	if good != len(junk) || bad != len(junk) {
		t.Errorf("%d good and %d bad of %d each", good, bad, len(junk))
	}
}
