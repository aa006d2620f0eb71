package httpapi_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// patience bounds every wait of these tests; none of them waits for luck.
const patience = 60 * time.Second

// channel is an open live connection.
type channel struct {
	t      testing.TB
	clock  *clock.Fake
	events chan string // "name data", or ":" for a comment; closed at the end
	close  func()
}

func (s *site) startTailer() {
	s.t.Helper()
	if err := s.log.Tailer().Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.log.Tailer().Stop(s.t.Context()) })
}

func (b *browser) listen(query string) *channel {
	b.s.t.Helper()
	r, err := http.NewRequestWithContext(b.s.t.Context(), "GET", b.s.url+"/api/live?tables="+query, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.s.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		b.s.t.Fatal(res.Status, res.Header)
	}
	c := &channel{t: b.s.t, clock: b.s.clock, events: make(chan string, 100), close: func() { res.Body.Close() }}
	b.s.t.Cleanup(c.close)
	go c.read(res.Body)
	c.want("hello {}")
	return c
}

func (c *channel) read(body io.Reader) {
	defer close(c.events)
	lines := bufio.NewScanner(body)
	event := ""
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == ":":
			c.events <- ":"
		case strings.HasPrefix(line, "event: "):
			event = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			c.events <- event + " " + strings.TrimPrefix(line, "data: ")
		}
	}
}

// next gives the next event; "" when the stream has ended.
func (c *channel) next() string {
	c.t.Helper()
	select {
	case e := <-c.events:
		return e
	case <-time.After(patience):
		c.t.Fatal("no event came")
		return ""
	}
}

func (c *channel) want(event string) {
	c.t.Helper()
	if got := c.next(); got != event {
		c.t.Fatalf("got %q, want %q", got, event)
	}
}

// moving gives the next event but comments, while time goes on: how far each
// stream is with its pauses is not for the test to know.
func (c *channel) moving() string {
	c.t.Helper()
	for range patience / time.Millisecond {
		select {
		case e := <-c.events:
			if e != ":" {
				return e
			}
		case <-time.After(time.Millisecond):
			c.clock.Advance(10 * time.Millisecond)
		}
	}
	c.t.Fatal("no event came")
	return ""
}

func (c *channel) change() live.Hint {
	c.t.Helper()
	return c.parse(c.moving())
}

func (c *channel) parse(e string) live.Hint {
	c.t.Helper()
	data, ok := strings.CutPrefix(e, "change ")
	var h live.Hint
	if !ok || json.Unmarshal([]byte(data), &h) != nil {
		c.t.Fatalf("got %q, want a change", e)
	}
	return h
}

func (s *site) remove(as id.ID, table string, key id.ID) {
	s.t.Helper()
	ctx := access.With(s.t.Context(), access.Principal{Kind: access.User, ID: as})
	s.write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, table, key, record.Match{}) })
}

func TestLiveHintsOnlyOfReadableRows(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.startTailer()
		ada, nora, otto := s.signedIn("ada").listen("lead,nosuch"), s.signedIn("nora").listen("lead"), s.signedIn("otto").listen("lead")
		var withheld live.Hint // of which nora was last told nothing
		step := func(do func() live.Hint, forAda, forNora string) {
			t.Helper()
			want := do()
			for who, c := range map[string]struct {
				to *channel
				op string
			}{"ada": {ada, forAda}, "nora": {nora, forNora}} {
				if c.op == "" {
					withheld = want
					continue
				}
				want.Op = c.op
				got := c.to.change()
				if who == "nora" && got.ID == withheld.ID && got.Version == withheld.Version && got.ID == want.ID {
					got = c.to.change() // taken late, when nora could read the row again
				}
				if got != want {
					t.Fatalf("%s was told %+v, want %+v", who, got, want)
				}
			}
		}
		hint := func(row record.Row) live.Hint {
			return live.Hint{Table: "lead", ID: row.ID("leadid"), Version: row.Version()}
		}
		var secret, mine live.Hint
		step(func() live.Hint {
			secret = hint(s.createAs(s.ada, "lead", record.Row{"lastname": "secret"}))
			return secret
		}, "create", "")
		s.createAs(s.nora, "task", record.Row{"subject": "another table"})
		step(func() live.Hint { mine = hint(s.createAs(s.nora, "lead", record.Row{"lastname": "mine"})); return mine }, "create", "create")
		step(func() live.Hint {
			s.update(s.nora, "lead", mine.ID, record.Row{"firstname": "x"})
			mine.Version++
			return mine
		}, "update", "update")
		step(func() live.Hint { s.remove(s.ada, "lead", secret.ID); secret.Version++; return secret }, "delete", "")
		// What is taken away from nora is gone, as far as she can see.
		step(func() live.Hint {
			s.update(s.ada, "lead", mine.ID, record.Row{"ownerid": s.ada, "owneridtype": "systemuser"})
			mine.Version++
			return mine
		}, "update", "delete")
		step(func() live.Hint {
			s.update(s.ada, "lead", mine.ID, record.Row{"firstname": "y"})
			mine.Version++
			return mine
		}, "update", "")
		step(func() live.Hint {
			s.update(s.ada, "lead", mine.ID, record.Row{"ownerid": s.nora, "owneridtype": "systemuser"})
			mine.Version++
			return mine
		}, "update", "update")
		step(func() live.Hint { s.remove(s.nora, "lead", mine.ID); mine.Version++; return mine }, "delete", "delete")
		if n := s.gauge("rapport_live_subscribers"); n != 3 {
			t.Errorf("%v subscribers are counted, want 3", n)
		}
		if err := s.hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e := otto.moving(); e != "" {
			t.Errorf("a person without rights was told %q", e)
		}
	})
}

// gauge reads a metric without labels.
func (s *site) gauge(name string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}

func TestLiveDrawsChangesTogether(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		handed := make(chan id.ID, 100)
		s.log.Tailer().Listen(func(changes []changelog.Change) { // after the hub's own
			for _, c := range changes {
				if c.Table == "lead" {
					handed <- c.Record
				}
			}
		})
		s.startTailer()
		ada := s.signedIn("ada").listen("lead")
		lead := s.createAs(s.ada, "lead", record.Row{"lastname": "x"}).ID("leadid")
		ada.parse(ada.next())
		// A batch has gone out, so the stream pauses as long as the clock stands.
		for i := range 20 {
			s.update(s.ada, "lead", lead, record.Row{"firstname": string(rune('a' + i))})
		}
		other := s.createAs(s.ada, "lead", record.Row{"lastname": "y"}).ID("leadid")
		for got := id.Nil; got != other; {
			select {
			case got = <-handed:
			case <-time.After(patience):
				t.Fatal("the tailer does not come to the last change")
			}
		}
		select {
		case e := <-ada.events:
			t.Errorf("during the pause came %q", e)
		default:
		}
		s.clock.Advance(100 * time.Millisecond)
		if h := ada.parse(ada.next()); h.ID != lead || h.Version != 21 || h.Op != "update" {
			t.Errorf("got %+v", h)
		}
		if h := ada.parse(ada.next()); h.ID != other || h.Version != 1 || h.Op != "create" {
			t.Errorf("got %+v", h)
		}
	})
}

func TestLiveBeatsAndEndsWithTheSession(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedIn("nora")
		c := b.listen("lead")
		for range 3 {
			s.clock.Advance(15 * time.Second)
			c.want(":")
		}
		b.do("POST", "/api/auth/signout", "").want(204)
		s.clock.Advance(15 * time.Second)
		if e := c.next(); e != "" {
			t.Errorf("after signing out: %q", e)
		}
		// A stream does not keep the session from falling asleep.
		b = s.signedIn("nora")
		c = b.listen("lead")
		s.clock.Advance(12*time.Hour + time.Minute)
		if e := c.next(); e != "" {
			t.Errorf("after twelve idle hours: %q", e)
		}
	})
}

func TestLiveRefuses(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.browser().do("GET", "/api/live?tables=lead", "").wantCode(401, "access.sign_in")
		b := s.signedIn("nora")
		b.do("GET", "/api/live?tables="+strings.Repeat("a,", 101), "").wantCode(400, "live.tables")
		var open []*channel
		for range 50 {
			open = append(open, b.listen("lead"))
		}
		b.do("GET", "/api/live?tables=lead", "").wantCode(429, "live.too_many")
		s.signedIn("ada").listen("")
		if err := s.hub.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range open {
			if e := c.next(); e != "" {
				t.Errorf("after the hub stopped: %q", e)
			}
		}
		b.do("GET", "/api/live?tables=lead", "").wantCode(503, "live.stopped")
	})
}
