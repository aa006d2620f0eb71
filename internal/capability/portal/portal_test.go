package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// memory is a Publisher that keeps what it gets, or fails.
type memory struct {
	mu     sync.Mutex
	events map[string][]cloudevents.Event
	fail   error
}

func (m *memory) Publish(_ context.Context, topic string, events ...cloudevents.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if m.events == nil {
		m.events = map[string][]cloudevents.Event{}
	}
	for _, e := range events {
		if err := e.Validate(); err != nil {
			return err
		}
		again, err := cloudevents.Decode(e.AppendJSON(nil))
		if err != nil {
			return err
		}
		m.events[topic] = append(m.events[topic], again)
	}
	return nil
}

func (m *memory) all(topic string) []cloudevents.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.events[topic]
}

type fixture struct {
	*portal.Service
	t     *testing.T
	clock *clock.Fake
	out   *memory
	loan  portal.Form
}

func setUp(t *testing.T, change func(*portal.Config)) *fixture {
	t.Helper()
	set := portal.LoanForms(t)
	f := &fixture{t: t, clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)), out: &memory{}}
	cfg := portal.Config{Publisher: f.out, Forms: set, Clock: f.clock, Secret: []byte("between nodes")}
	if change != nil {
		change(&cfg)
	}
	f.Service = portal.New(cfg)
	var err error
	if f.loan, err = f.Form("loan"); err != nil {
		t.Fatal(err)
	}
	return f
}

// ada is a submission that the loan form takes.
func ada(change func(map[string]any)) portal.Submission {
	values := map[string]any{"rpt_productinterest": "HOME", "firstname": "Ada", "lastname": "Lovelace", "emailaddress1": "ada@example.com", "address1_country": "GB", "rpt_consent": "on"}
	if change != nil {
		change(values)
	}
	return portal.Submission{Values: values, Visit: portal.Visit{Address: netip.MustParseAddr("192.0.2.1")}}
}

func (f *fixture) submit(s portal.Submission) string {
	f.t.Helper()
	id, err := f.Submit(f.t.Context(), f.loan, s)
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// data gives the data of the last event of a topic.
func (f *fixture) data(topic string) map[string]any {
	f.t.Helper()
	events := f.out.all(topic)
	if len(events) == 0 {
		f.t.Fatal("nothing was published")
	}
	var data map[string]any
	if err := json.Unmarshal(events[len(events)-1].Data, &data); err != nil {
		f.t.Fatal(err)
	}
	return data
}

func TestSubmissionBecomesAnEvent(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	sub := ada(func(v map[string]any) {
		v["numberofemployees"] = "1,240"
		v["budgetamount"] = json.Number("250000.5")
		v["companyname"] = "  Analytical Engines Ltd "
		v["mobilephone"] = "+44 (0)7700 900-123"
		v["jobtitle"] = ""
		v["campaign_code"] = "A7"
		v["ownerid"] = "somebody"
		v["interests"] = []any{"a", "b"}
	})
	sub.Visit = portal.Visit{Page: "https://user:secret@example.com/loans?utm_source=paper&x=1#top", Referrer: "https://search.example/", VisitorID: "v-12345678",
		UserAgent: "Browser/1\x00", LocalTime: "2026-11-22T10:00:00+01:00", Language: "en-GB"}
	id := f.submit(sub)
	events := f.out.all("leads")
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.ID != id || e.Source != "/portal/forms/loan" || e.Type != "lead.created" || e.Subject != "forms/loan" || !e.Time.Equal(f.clock.Now()) || e.DataContentType != "application/json" {
		t.Errorf("event %+v", e)
	}
	want := map[string]any{
		"rpt_productinterest": "HOME", "firstname": "Ada", "lastname": "Lovelace", "emailaddress1": "ada@example.com", "address1_country": "GB",
		"numberofemployees": 1240.0, "budgetamount": 250000.5, "companyname": "Analytical Engines Ltd", "mobilephone": "+44 (0)7700 900-123",
		"rpt_consent": true, "rpt_consentversion": "2026-11",
		// What the form does not ask for stays apart: no column can be set by its name.
		"rpt_extra": map[string]any{"campaign_code": "A7", "ownerid": "somebody", "interests": []any{"a", "b"}},
		"context": map[string]any{"form": "loan", "page": "https://example.com/loans?utm_source=paper&x=1", "referrer": "https://search.example/", "utm_source": "paper",
			"visitorid": "v-12345678", "useragent": "Browser/1", "localtime": "2026-11-22T10:00:00+01:00", "language": "en-GB"},
	}
	if got := f.data("leads"); !reflect.DeepEqual(got, want) {
		t.Errorf("data\n got %v\nwant %v", got, want)
	}
	if s := f.Stats(); s.Submitted != 1 || s.Invalid+s.Suspect+s.Failed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(c *portal.Config) { c.SubmitRate = portal.Rate{Burst: 1000, Second: 1} })
	for name, test := range map[string]struct {
		field string
		value any
		code  string
	}{
		"missing":                   {"lastname", nil, "required"},
		"blank":                     {"lastname", "  \t ", "required"},
		"nothing chosen":            {"rpt_productinterest", nil, "choose"},
		"not an option":             {"rpt_productinterest", "YACHT", "option"},
		"not a country":             {"address1_country", "ZZ", "option"},
		"no consent":                {"rpt_consent", nil, "consent"},
		"consent refused":           {"rpt_consent", false, "consent"},
		"consent of a strange kind": {"rpt_consent", "perhaps", "type"},
		"no e-mail":                 {"emailaddress1", "ada", "email"},
		"e-mail without a dot":      {"emailaddress1", "ada@localhost", "email"},
		"e-mail with a name":        {"emailaddress1", "Ada <ada@example.com>", "email"},
		"two e-mails":               {"emailaddress1", "a@example.com, b@example.com", "email"},
		"e-mail at an address":      {"emailaddress1", "ada@[192.0.2.1]", "email"},
		"no phone":                  {"mobilephone", "call me", "tel"},
		"short phone":               {"mobilephone", "12", "tel"},
		"script for a phone":        {"mobilephone", "<script>12345</script>", "tel"},
		"words for a number":        {"budgetamount", "a lot", "number"},
		"decimal comma":             {"budgetamount", "1,5", "number"},
		"not a number":              {"budgetamount", "NaN", "number"},
		"exponent":                  {"budgetamount", json.Number("1e400"), "number"},
		"below":                     {"budgetamount", "-1", "min"},
		"above":                     {"budgetamount", "1000000001", "max"},
		"long":                      {"firstname", strings.Repeat("é", 51), "too_long"},
		"control character":         {"firstname", "Ada\x00", "character"},
		"line break":                {"firstname", "Ada\r\nLovelace", "character"},
		"broken UTF-8":              {"firstname", "Ada\xff", "character"},
		"a number for a name":       {"firstname", json.Number("7"), "type"},
		"an object for a name":      {"firstname", map[string]any{"$ne": nil}, "type"},
		"a list for a name":         {"firstname", []any{"a"}, "type"},
		"true for a name":           {"firstname", true, "type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.Submit(t.Context(), f.loan, ada(func(v map[string]any) { v[test.field] = test.value }))
			var e *errs.Error
			if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Code != "portal.form_invalid" || len(e.Fields) != 1 {
				t.Fatalf("got %v", err)
			}
			if e.Fields[0].Name != test.field || e.Fields[0].Code != test.code || e.Fields[0].Message == "" || strings.Contains(e.Fields[0].Message, "{") {
				t.Errorf("complaint %+v", e.Fields[0])
			}
			if s, ok := test.value.(string); ok && len(s) > 3 && strings.Contains(err.Error(), s) {
				t.Errorf("the complaint repeats the value: %v", err)
			}
		})
	}
	t.Run("extras", func(t *testing.T) {
		t.Parallel()
		var deep any = "x"
		for range 12 {
			deep = []any{deep}
		}
		for name, add := range map[string]func(map[string]any){
			"too many": func(v map[string]any) {
				for i := range 101 {
					v[fmt.Sprintf("x%d", i)] = "1"
				}
			},
			"odd name": func(v map[string]any) { v["a b"] = "1" },
			"too long": func(v map[string]any) { v["note"] = strings.Repeat("x", 4001) },
			"too deep": func(v map[string]any) { v["note"] = deep },
		} {
			if _, err := f.Submit(t.Context(), f.loan, ada(add)); errs.CodeOf(err) != "portal.form_invalid" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("all at once", func(t *testing.T) {
		t.Parallel()
		_, err := f.Submit(t.Context(), f.loan, portal.Submission{})
		var e *errs.Error
		if !errors.As(err, &e) || len(e.Fields) != 6 {
			t.Errorf("an empty form: %v", err)
		}
	})
}

func TestAcceptedSpellings(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	for _, number := range []string{"0", "250000", "250,000", "250 000", "250'000", "1,250,000.25", "250\u00a0000"} {
		f.submit(ada(func(v map[string]any) { v["budgetamount"] = number }))
		if _, ok := f.data("leads")["budgetamount"].(float64); !ok {
			t.Errorf("%s became %v", number, f.data("leads")["budgetamount"])
		}
	}
	for _, address := range []string{"a+b@example.com", "o'hara@example.co.uk", "grüße@exämple.de"} {
		f.submit(ada(func(v map[string]any) { v["emailaddress1"] = address }))
	}
	f.submit(ada(func(v map[string]any) { v["rpt_consent"] = true }))
}

// TestDoubleClick shows which submissions are the same event: the same showing
// of the form with the same answers, or the same key of a client.
func TestDoubleClick(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	token := f.NewToken("loan")
	f.clock.Advance(time.Minute)
	with := func(token, key string, change func(map[string]any)) string {
		s := ada(change)
		s.Token, s.Key = token, key
		s.Visit.LocalTime = f.clock.Now().Format(time.RFC3339) // differs between the clicks
		f.clock.Advance(time.Second)
		return f.submit(s)
	}
	first := with(token, "", nil)
	if second := with(token, "", nil); second != first {
		t.Error("a double click made two events")
	}
	if mended := with(token, "", func(v map[string]any) { v["emailaddress1"] = "ada@example.org" }); mended == first {
		t.Error("a mended form was taken for a double click")
	}
	if other := with(f.NewToken("loan"), "", nil); other == first {
		t.Error("two visitors made one event")
	}
	keyed := with("", "order-1", nil)
	if again := with("", "order-1", func(v map[string]any) { v["firstname"] = "A." }); again != keyed {
		t.Error("the same key made two events")
	}
	if with("", "order-2", nil) == keyed || with("", "", nil) == with("", "", nil) {
		t.Error("different submissions made one event")
	}
}

func TestSuspicionsAreMarked(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	for name, test := range map[string]struct {
		trap, token string
		wait        time.Duration
		want        any
	}{
		"person":              {"", f.NewToken("loan"), 30 * time.Second, nil},
		"quick":               {"", "", time.Second, "too_fast"},
		"honeypot":            {"https://spam.example", f.NewToken("loan"), 0, "honeypot"},
		"token of elsewhere":  {"", "mh0.ABC.0123456789abcdef01234567", 0, nil},
		"token of other form": {"", f.NewToken("other"), 0, nil},
		"nonsense":            {"", "....", 0, nil},
	} {
		s := ada(nil)
		s.Trap, s.Token = test.trap, test.token
		if name == "quick" {
			s.Token = f.NewToken("loan")
		}
		f.clock.Advance(test.wait)
		if name == "honeypot" {
			f.clock.Advance(time.Minute)
		}
		f.submit(s)
		if got := f.data("leads")["context"].(map[string]any)["suspect"]; got != test.want {
			t.Errorf("%s: suspect is %v, want %v", name, got, test.want)
		}
	}
	if s := f.Stats(); s.Suspect != 2 || s.Submitted != 6 {
		t.Errorf("%+v", s)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(c *portal.Config) { c.SubmitRate = portal.Rate{Burst: 3, Second: 0.1} })
	from := func(address string) error {
		s := ada(nil)
		s.Visit.Address = netip.MustParseAddr(address)
		_, err := f.Submit(t.Context(), f.loan, s)
		return err
	}
	for range 3 {
		if err := from("192.0.2.7"); err != nil {
			t.Fatal(err)
		}
	}
	var e *errs.Error
	if err := from("::ffff:192.0.2.7"); !errors.As(err, &e) || e.Kind != errs.TooMany || e.RetryAfter != 10*time.Second {
		t.Fatalf("the fourth: %v", err)
	}
	if err := from("192.0.2.8"); err != nil {
		t.Errorf("a neighbour: %v", err)
	}
	f.clock.Advance(10 * time.Second)
	if err := from("192.0.2.7"); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	for i := range 3 {
		if err := from(fmt.Sprintf("2001:db8::%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := from("2001:db8::ffff"); !errs.Has(err, errs.TooMany) {
		t.Errorf("one household of IPv6 has many addresses: %v", err)
	}
	if s := f.Stats(); s.LimitedForm != 2 {
		t.Errorf("%+v", s)
	}
}

func TestPublisherFails(t *testing.T) {
	t.Parallel()
	f := setUp(t, nil)
	f.out.fail = &errs.Error{Kind: errs.Unavailable, Code: "stream.full", RetryAfter: 5 * time.Second}
	if _, err := f.Submit(t.Context(), f.loan, ada(nil)); !errs.Has(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := f.Track(t.Context(), portal.Visit{}, []portal.Interaction{{Type: "page.viewed"}}); !errs.Has(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
	if s := f.Stats(); s.Failed != 2 || s.Submitted+s.Tracked != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := f.Form("nobody"); !errs.Has(err, errs.NotFound) {
		t.Errorf("an unknown form: %v", err)
	}
}

func TestTrack(t *testing.T) {
	t.Parallel()
	f := setUp(t, func(c *portal.Config) { c.TrackRate = portal.Rate{Burst: 8, Second: 1} })
	visit := portal.Visit{UserAgent: "Browser/1", Address: netip.MustParseAddr("192.0.2.1")}
	err := f.Track(t.Context(), visit, []portal.Interaction{
		{ID: "0123456789abcdef-0", Type: "page.viewed", View: "0123456789abcdef", Page: "https://example.com/a?utm_campaign=c#x", Referrer: "javascript:alert(1)", Title: " Hello\n", Visitor: "0123456789abcdef", Seconds: 3},
		{Type: "page.left", Page: "https://example.com/a", Seconds: 12.5},
		{Type: "interaction.calculator", Data: map[string]any{"amount": 1.0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	events := f.out.all("interactions")
	if len(events) != 3 || events[0].ID != "0123456789abcdef-0" || events[0].Type != "page.viewed" || events[0].Source != "/portal/track" || events[1].ID == "" {
		t.Fatalf("%+v", events)
	}
	for i, want := range []string{
		`{"page":"https://example.com/a?utm_campaign=c","title":"Hello","useragent":"Browser/1","utm_campaign":"c","view":"0123456789abcdef","visitorid":"0123456789abcdef"}`,
		`{"page":"https://example.com/a","seconds":12.5,"useragent":"Browser/1"}`,
		`{"data":{"amount":1},"useragent":"Browser/1"}`,
	} {
		if string(events[i].Data) != want {
			t.Errorf("data %d: %s", i, events[i].Data)
		}
	}
	for name, bad := range map[string]portal.Interaction{
		"type": {Type: "lead.created"}, "id": {Type: "page.viewed", ID: "short"}, "view": {Type: "page.viewed", View: "a b c d e f g h"}, "no type": {},
	} {
		if err := f.Track(t.Context(), visit, []portal.Interaction{bad}); !errs.Has(err, errs.Invalid) {
			t.Errorf("a bad %s: %v", name, err)
		}
	}
	if err := f.Track(t.Context(), visit, make([]portal.Interaction, 21)); !errs.Has(err, errs.TooLarge) {
		t.Errorf("21 at once: %v", err)
	}
	private := visit
	private.DoNotTrack = true
	if err := f.Track(t.Context(), private, []portal.Interaction{{Type: "page.viewed"}, {Type: "page.left"}}); err != nil {
		t.Error(err)
	}
	if err := f.Track(t.Context(), visit, nil); err != nil {
		t.Error(err)
	}
	if err := f.Track(t.Context(), visit, nil); !errs.Has(err, errs.TooMany) {
		t.Errorf("the ninth: %v", err)
	}
	if s := f.Stats(); len(f.out.all("interactions")) != 3 || s.Tracked != 3 || s.Private != 2 || s.LimitedView != 1 {
		t.Errorf("%d events, %+v", len(f.out.all("interactions")), s)
	}
	s := ada(nil)
	s.Visit.VisitorID, s.Visit.DoNotTrack = "v-12345678", true
	f.submit(s)
	if _, there := f.data("leads")["context"].(map[string]any)["visitorid"]; there {
		t.Error("the lead carries the visitor id of a person who asks not to be tracked")
	}
}
