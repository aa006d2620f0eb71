package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// waysServer is the portal's side of the product, on a publisher of the test's choice.
type waysServer struct {
	*httptest.Server
	t       *testing.T
	service *portal.Service
}

// topicKeys knows one secret for each topic.
type topicKeys map[string]string

func (k topicKeys) Allowed(_ context.Context, topic, secret string) (bool, error) {
	return secret != "" && k[topic] == secret, nil
}

func serveWays(t *testing.T, p portal.Publisher, change func(*portal.Config, *httpapi.PortalAPI)) *waysServer {
	t.Helper()
	text, err := os.ReadFile("../../capability/portal/testdata/loan.json")
	if err != nil {
		t.Fatal(err)
	}
	loan, err := portal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	set := portal.Set{"loan": loan}
	closed, err := portal.Parse([]byte(`{"name":"closed","title":"T","allowed_origins":["https://partner.example"],"fields":[{"name":"firstname","label":"First name","required":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	set["closed"] = closed
	cfg := portal.Config{Publisher: p, Forms: set, SubmitRate: portal.Rate{Burst: 1000, Second: 1000}}
	api := &httpapi.PortalAPI{}
	if change != nil {
		change(&cfg, api)
	}
	api.Service = portal.New(cfg)
	mux := http.NewServeMux()
	api.Register(mux)
	(&httpapi.EventsAPI{Publisher: p, Keys: topicKeys{"leads": "right"}}).Register(mux)
	w := &waysServer{Server: httptest.NewServer(mux), t: t, service: api.Service}
	t.Cleanup(w.Close)
	return w
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func (w *waysServer) do(method, path string, header http.Header, body io.Reader) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := w.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

func hdr(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func (a reply) code() string {
	var e struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(a.body), &e) != nil || e.Error.Message == "" {
		return "no error: " + a.body
	}
	return e.Error.Code
}

// eventSink is a Publisher that keeps copies of what it gets, or fails.
type eventSink struct {
	mu     sync.Mutex
	topics []string
	events []cloudevents.Event
	fail   error
}

func (m *eventSink) Publish(_ context.Context, topic string, events ...cloudevents.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for i := range events {
		copied, err := cloudevents.Decode(events[i].AppendJSON(nil))
		if err != nil {
			return err
		}
		m.topics, m.events = append(m.topics, topic), append(m.events, copied)
	}
	return nil
}

func (m *eventSink) taken(t *testing.T) cloudevents.Event {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.events) != 1 {
		t.Fatalf("%d events were published, want one", len(m.events))
	}
	e := m.events[0]
	m.events, m.topics = nil, nil
	return e
}

func realStream(t *testing.T) *stream.Stream {
	t.Helper()
	s := stream.New(stream.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	for _, topic := range []string{"leads", "interactions"} {
		if err := s.EnsureTopic(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func storedEntries(t *testing.T, s *stream.Stream, topic string, n int) []stream.Entry {
	t.Helper()
	r, err := s.NewReader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []stream.Entry
	for len(all) < n {
		more, err := r.Next(t.Context(), n, 10*time.Second)
		if err != nil || len(more) == 0 {
			t.Fatalf("%d of %d entries: %v", len(all), n, err)
		}
		all = append(all, more...)
	}
	return all
}

func adaForm() url.Values {
	return url.Values{"rpt_productinterest": {"HOME"}, "firstname": {"Ada"}, "lastname": {"Lovelace"}, "emailaddress1": {"ada@example.com"}, "address1_country": {"GB"}, "rpt_consent": {"on"}}
}

const adaJSON = `{"rpt_productinterest":"ILP","firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@example.com","address1_country":"US","numberofemployees":240,"rpt_consent":true,
	"shoe":{"size":[41,42]},"context":{"page":"https://partner.example/loans","utm_source":"partner","visitorid":"v-12345678","localtime":"2026-11-22T10:00:00+01:00","useragent":"App/2"}}`

var tokenInput = regexp.MustCompile(`name="_token" value="([^"]+)"`)

// TestFormByBrowser goes the way of a person: look, send with a mistake, mend
// it, send, click once more.
func TestFormByBrowser(t *testing.T) {
	t.Parallel()
	s := realStream(t)
	w := serveWays(t, s, nil)
	const path = "/f/loan?utm_source=paper&firstname=Ada"
	page := w.do("GET", path, hdr("Referer", "https://search.example/", "Accept-Language", "de-CH,de;q=0.9"), nil)
	if page.status != 200 || page.header.Get("Content-Type") != "text/html; charset=utf-8" || page.header.Get("Cache-Control") != "no-store" || page.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d %v", page.status, page.header)
	}
	for _, want := range []string{`value="Ada"`, `<option value="CH" selected>`, `name="_referrer" value="https://search.example/"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	token := tokenInput.FindStringSubmatch(page.body)
	if token == nil {
		t.Fatal("the page has no token")
	}
	form := adaForm()
	form.Set("_token", token[1])
	form.Set("_referrer", "https://search.example/")
	form.Set("_localtime", "2026-11-22T10:00:00+01:00")
	form.Set("emailaddress1", "ada at example.com")
	send := func() reply {
		return w.do("POST", path, hdr("Content-Type", "application/x-www-form-urlencoded", "User-Agent", "Browser/1", "Accept", "text/html,application/xhtml+xml,*/*"), strings.NewReader(form.Encode()))
	}
	back := send()
	if back.status != 422 || !strings.Contains(back.body, `value="ada at example.com"`) || !strings.Contains(back.body, "does not look like an e-mail address") || !strings.Contains(back.body, token[1]) {
		t.Fatalf("%d %s", back.status, back.body)
	}
	form.Set("emailaddress1", "ada@example.com")
	if thanks := send(); thanks.status != 202 || !strings.Contains(thanks.body, "Thank you, we have your request") || thanks.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", thanks.status, thanks.body)
	}
	if again := send(); again.status != 202 {
		t.Fatalf("the second click: %d", again.status)
	}
	got := storedEntries(t, s, "leads", 2)
	if got[0].Event.ID != got[1].Event.ID || got[0].Event.Source != got[1].Event.Source {
		t.Error("a second click is another event")
	}
	var data struct {
		Firstname string
		Context   map[string]string
	}
	if err := json.Unmarshal(got[0].Event.Data, &data); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"page": w.URL + path, "referrer": "https://search.example/", "utm_source": "paper", "useragent": "Browser/1", "localtime": "2026-11-22T10:00:00+01:00", "form": "loan"} {
		if data.Context[name] != want {
			t.Errorf("context %s is %q, want %q", name, data.Context[name], want)
		}
	}
}

// TestEmbeddedForm is the same form inside a partner's page: the context's page is the partner's.
func TestEmbeddedForm(t *testing.T) {
	t.Parallel()
	m := &eventSink{}
	w := serveWays(t, m, nil)
	path := "/f/loan?embed=1&page=" + url.QueryEscape("https://partner.example/loans?utm_campaign=autumn") + "&referrer=" + url.QueryEscape("https://news.example/") + "&visitorid=v-12345678"
	page := w.do("GET", path, hdr("Referer", "https://partner.example/"), nil)
	if !strings.Contains(page.body, `<body class="embed">`) || !strings.Contains(page.body, `name="_referrer" value="https://news.example/"`) {
		t.Error("the page is not fit for a frame")
	}
	res := w.do("POST", path, hdr("Content-Type", "application/x-www-form-urlencoded", "Origin", w.URL), strings.NewReader(adaForm().Encode()))
	if res.status != 202 || !strings.Contains(res.body, `<body class="embed">`) {
		t.Fatalf("%d %s", res.status, res.body)
	}
	if data := string(m.taken(t).Data); !strings.Contains(data, `"page":"https://partner.example/loans?utm_campaign=autumn"`) || !strings.Contains(data, `"utm_campaign":"autumn"`) ||
		!strings.Contains(data, `"referrer":"https://news.example/"`) || !strings.Contains(data, `"visitorid":"v-12345678"`) {
		t.Errorf("data %s", data)
	}
}

func TestFormByScript(t *testing.T) {
	t.Parallel()
	s := realStream(t)
	w := serveWays(t, s, nil)
	res := w.do("POST", "/f/loan", hdr("Content-Type", "application/json", "Idempotency-Key", "k1", "Origin", "https://partner.example"), strings.NewReader(adaJSON))
	var ok struct{ ID string }
	if err := json.Unmarshal([]byte(res.body), &ok); err != nil || res.status != 202 || ok.ID == "" || res.header.Get("Access-Control-Allow-Origin") != "https://partner.example" {
		t.Fatalf("%d %v %s", res.status, res.header, res.body)
	}
	again := w.do("POST", "/f/loan", hdr("Content-Type", "application/json; charset=utf-8", "Idempotency-Key", "k1"), strings.NewReader(adaJSON))
	if again.body != res.body {
		t.Errorf("the same key gave %s and %s", res.body, again.body)
	}
	got := storedEntries(t, s, "leads", 2)[0].Event
	if got.ID != ok.ID || string(got.Data) != `{"address1_country":"US","context":{"form":"loan","localtime":"2026-11-22T10:00:00+01:00","page":"https://partner.example/loans","useragent":"App/2","utm_source":"partner","visitorid":"v-12345678"},"emailaddress1":"ada@example.com","firstname":"Ada","lastname":"Lovelace","numberofemployees":240,"rpt_consent":true,"rpt_consentversion":"2026-11","rpt_extra":{"shoe":{"size":[41,42]}},"rpt_productinterest":"ILP"}` {
		t.Errorf("event %s", got.AppendJSON(nil))
	}
	bad := w.do("POST", "/f/loan", hdr("Content-Type", "application/json"), strings.NewReader(`{"firstname":"Ada"}`))
	var complaint struct {
		Error struct {
			Code   string
			Fields []errs.Field
		}
	}
	if err := json.Unmarshal([]byte(bad.body), &complaint); err != nil || bad.status != 422 || complaint.Error.Code != "portal.form_invalid" || len(complaint.Error.Fields) != 5 {
		t.Errorf("%d %s", bad.status, bad.body)
	}
	var multi bytes.Buffer
	mw := multipart.NewWriter(&multi)
	for name, values := range adaForm() {
		if err := mw.WriteField(name, values[0]); err != nil {
			t.Fatal(err)
		}
	}
	mw.Close()
	if res := w.do("POST", "/f/loan", hdr("Content-Type", mw.FormDataContentType(), "Accept", "application/json"), &multi); res.status != 202 || !strings.HasPrefix(res.body, `{"id":`) {
		t.Errorf("FormData: %d %s", res.status, res.body)
	}
}

func TestHostileSubmissions(t *testing.T) {
	t.Parallel()
	m := &eventSink{}
	w := serveWays(t, m, nil)
	upload := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.exe\"\r\n\r\nMZ\r\n--b--\r\n"
	for name, test := range map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"no content type":      {"", "a=b", 415, "portal.content_type"},
		"XML":                  {"text/xml", "<a/>", 415, "portal.content_type"},
		"10 MB of form":        {"application/x-www-form-urlencoded", "firstname=" + strings.Repeat("x", 10<<20), 413, "portal.too_large"},
		"10 MB of JSON":        {"application/json", `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "portal.too_large"},
		"10 MB of junk":        {"application/json", strings.Repeat("\x00\xff", 5<<20), 413, "portal.too_large"},
		"broken escapes":       {"application/x-www-form-urlencoded", "firstname=%zz", 400, "portal.malformed"},
		"form in Latin-1":      {"application/x-www-form-urlencoded", "firstname=Andr%E9", 400, "portal.invalid_utf8"},
		"name in Latin-1":      {"application/x-www-form-urlencoded", "caf%E9=1", 400, "portal.invalid_utf8"},
		"long token":           {"application/x-www-form-urlencoded", "_token=" + strings.Repeat("x", 201), 400, "portal.malformed"},
		"a file":               {"multipart/form-data; boundary=b", upload, 400, "portal.file"},
		"broken multipart":     {"multipart/form-data; boundary=b", "--b\r\nnonsense", 400, "portal.malformed"},
		"no boundary":          {"multipart/form-data", upload, 400, "portal.malformed"},
		"not JSON":             {"application/json", "hello", 400, "portal.malformed"},
		"two of JSON":          {"application/json", "{}{}", 400, "portal.malformed"},
		"null":                 {"application/json", "null", 400, "portal.malformed"},
		"an array":             {"application/json", "[]", 400, "portal.malformed"},
		"JSON in Latin-1":      {"application/json", `{"firstname":"Andr` + "\xe9" + `"}`, 400, "portal.invalid_utf8"},
		"deep JSON":            {"application/json", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), 400, "portal.malformed"},
		"deep within the data": {"application/json", `{"a":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, 422, "portal.form_invalid"},
		"context of a number":  {"application/json", `{"context":7}`, 400, "portal.context"},
		"context of numbers":   {"application/json", `{"context":{"page":7}}`, 400, "portal.context"},
		"an operator":          {"application/json", `{"firstname":{"$gt":""}}`, 422, "portal.form_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := w.do("POST", "/f/loan", hdr("Content-Type", test.contentType), strings.NewReader(test.body))
			if res.status != test.status || res.code() != test.code {
				t.Errorf("%d %s, want %d %s", res.status, res.code(), test.status, test.code)
			}
		})
	}
	t.Cleanup(func() {
		if len(m.events) != 0 {
			t.Errorf("%d events were published", len(m.events))
		}
	})
}

func TestUnknownForm(t *testing.T) {
	t.Parallel()
	w := serveWays(t, &eventSink{}, nil)
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		if res := w.do(method, "/f/nobody", nil, nil); res.status != 404 || res.code() != "portal.form_unknown" {
			t.Errorf("%s: %d %s", method, res.status, res.body)
		}
	}
	for tongue, words := range map[string]string{"de-AT,de;q=0.9": "Dieses Formular gibt es nicht", "en": "This form is not here", "": "This form is not here", "!": "This form is not here"} {
		res := w.do("GET", "/f/nobody", http.Header{"Accept": {"text/html,*/*"}, "Accept-Language": {tongue}}, nil)
		if res.status != 404 || !strings.Contains(string(res.body), words) || res.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%q: %d %s", tongue, res.status, res.body)
		}
	}
	if res := w.do("DELETE", "/f/loan", nil, nil); res.status != 405 {
		t.Errorf("DELETE: %d", res.status)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	m := &eventSink{}
	w := serveWays(t, m, nil)
	post := func(origin string) reply {
		return w.do("POST", "/f/closed", hdr("Content-Type", "application/json", "Origin", origin), strings.NewReader(`{"firstname":"Ada"}`))
	}
	if res := post("https://partner.example"); res.status != 202 || res.header.Get("Access-Control-Allow-Origin") != "https://partner.example" || res.header.Get("Vary") != "Origin" {
		t.Errorf("%d %v", res.status, res.header)
	}
	for _, origin := range []string{w.URL, "null"} {
		if res := post(origin); res.status != 202 || res.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", origin, res.status, res.header)
		}
	}
	for _, origin := range []string{"https://evil.example", "https://partner.example.evil.example", "http://partner.example", "*"} {
		if res := post(origin); res.status != 403 || res.code() != "portal.origin" || res.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %s", origin, res.status, res.body)
		}
		if res := w.do("OPTIONS", "/f/closed", hdr("Origin", origin, "Access-Control-Request-Method", "POST"), nil); res.header.Get("Access-Control-Allow-Origin") != "" || res.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s may ask: %v", origin, res.header)
		}
	}
	if res := w.do("OPTIONS", "/f/closed", hdr("Origin", "https://partner.example", "Access-Control-Request-Method", "POST"), nil); res.status != 204 || res.header.Get("Access-Control-Allow-Origin") != "https://partner.example" || !strings.Contains(res.header.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("%d %v", res.status, res.header)
	}
	if page := w.do("GET", "/f/closed", nil, nil); !strings.HasSuffix(page.header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://partner.example") {
		t.Errorf("policy %s", page.header.Get("Content-Security-Policy"))
	}
	if len(m.events) != 3 {
		t.Errorf("%d events", len(m.events))
	}
}

func TestTroubleKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	m := &eventSink{fail: &errs.Error{Kind: errs.Unavailable, Code: "stream.full", Message: "full", RetryAfter: 4500 * time.Millisecond}}
	w := serveWays(t, m, func(c *portal.Config, _ *httpapi.PortalAPI) { c.SubmitRate = portal.Rate{Burst: 2, Second: 0.01} })
	post := func(accept string) reply {
		return w.do("POST", "/f/loan", hdr("Content-Type", "application/x-www-form-urlencoded", "Accept", accept), strings.NewReader(adaForm().Encode()))
	}
	if res := post("text/html"); res.status != 503 || res.header.Get("Retry-After") != "5" || !strings.Contains(res.body, `value="Lovelace"`) || !strings.Contains(res.body, "please try again in a moment") {
		t.Errorf("%d %v", res.status, res.header)
	}
	if res := post("application/json"); res.status != 503 || res.header.Get("Retry-After") != "5" || res.code() != "stream.full" {
		t.Errorf("%d %s", res.status, res.body)
	}
	if res := post("text/html"); res.status != 429 || res.header.Get("Retry-After") == "" || !strings.Contains(res.body, `value="Lovelace"`) {
		t.Errorf("%d %v", res.status, res.header)
	}
	m.fail = io.ErrUnexpectedEOF
	other := serveWays(t, m, nil)
	if res := other.do("POST", "/f/loan", hdr("Content-Type", "application/json"), strings.NewReader(adaJSON)); res.status != 500 || res.code() != "internal" || strings.Contains(res.body, "EOF") {
		t.Errorf("%d %s", res.status, res.body)
	}
}

// TestAddresses makes sure that only a known proxy may say for whom it speaks.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proxies []netip.Prefix
		forward func(i int) string
		allowed bool
	}{
		"no proxy, the header is made up": {nil, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, false},
		"a proxy, other visitors":         {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, true},
		"a proxy, one visitor who lies":   {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, func(i int) string { return fmt.Sprintf("198.51.100.%d, 203.0.113.1", i) }, false},
		"a proxy that says nonsense":      {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, func(i int) string { return fmt.Sprintf("203.0.113.%d, unknown", i) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serveWays(t, &eventSink{}, func(c *portal.Config, a *httpapi.PortalAPI) {
				c.SubmitRate, a.Proxies = portal.Rate{Burst: 1, Second: 0.001}, test.proxies
			})
			for i := range 2 {
				res := w.do("POST", "/f/loan", hdr("Content-Type", "application/json", "X-Forwarded-For", test.forward(i)), strings.NewReader(adaJSON))
				if want := i == 0 || test.allowed; (res.status == 202) != want {
					t.Errorf("request %d: %d", i, res.status)
				}
			}
		})
	}
}

func TestTrackingScript(t *testing.T) {
	t.Parallel()
	s := realStream(t)
	w := serveWays(t, s, nil)
	// As sendBeacon does it: plain text, no leave asked.
	beacon := `[{"type":"page.viewed","id":"0123456789abcdef-0","view":"0123456789abcdef","page":"https://partner.example/?utm_source=x","referrer":"","visitorid":"","title":"Loans"}]`
	if res := w.do("POST", "/t", hdr("Content-Type", "text/plain;charset=UTF-8", "User-Agent", "Browser/1", "Origin", "https://partner.example"), strings.NewReader(beacon)); res.status != 204 || res.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %s", res.status, res.body)
	}
	for _, private := range []http.Header{hdr("DNT", "1"), hdr("Sec-GPC", "1")} {
		if res := w.do("POST", "/t", private, strings.NewReader(beacon)); res.status != 204 {
			t.Errorf("%d %s", res.status, res.body)
		}
	}
	if res := w.do("POST", "/t", nil, strings.NewReader(`{"type":"page.left","view":"0123456789abcdef","seconds":3.5}`)); res.status != 204 {
		t.Errorf("one alone: %d %s", res.status, res.body)
	}
	got := storedEntries(t, s, "interactions", 2)
	if got[0].Event.ID != "0123456789abcdef-0" || got[0].Event.Type != "page.viewed" || !strings.Contains(string(got[0].Event.Data), `"utm_source":"x"`) || got[1].Event.Type != "page.left" {
		t.Errorf("%s\n%s", got[0].Event.AppendJSON(nil), got[1].Event.AppendJSON(nil))
	}
	if st := w.service.Stats(); st.Private != 2 || st.Tracked != 2 {
		t.Errorf("%+v", st)
	}
	for body, status := range map[string]int{"": 400, "hello": 400, "7": 400, `[{"type":7}]`: 400, `[{"type":"x"}]`: 400, "\xff": 400, `[]`: 204, `[{"type":"` + strings.Repeat("x", 40<<10) + `"}]`: 413} {
		if res := w.do("POST", "/t", nil, strings.NewReader(body)); res.status != status {
			t.Errorf("%.20q: %d, want %d", body, res.status, status)
		}
	}
	if res := w.do("OPTIONS", "/t", hdr("Origin", "https://partner.example"), nil); res.status != 204 || res.header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("%d %v", res.status, res.header)
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	w := serveWays(t, &eventSink{}, nil)
	for _, path := range []string{"/embed.js", "/track.js"} {
		res := w.do("GET", path, nil, nil)
		if res.status != 200 || res.header.Get("Content-Type") != "text/javascript; charset=utf-8" || res.header.Get("Etag") == "" || res.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.Contains(res.body, "Rapport") {
			t.Errorf("%s: %d %v", path, res.status, res.header)
		}
		if again := w.do("GET", path, hdr("If-None-Match", res.header.Get("Etag")), nil); again.status != 304 || again.body != "" {
			t.Errorf("%s again: %d", path, again.status)
		}
	}
}
