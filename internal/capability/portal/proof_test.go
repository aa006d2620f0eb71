package portal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// solve does what a browser does.
func solve(t *testing.T, c portal.Challenge) string {
	t.Helper()
	for n := range c.MaxNumber {
		sum := sha256.Sum256([]byte(c.Salt + strconv.Itoa(n)))
		if hex.EncodeToString(sum[:]) == c.Challenge {
			text, err := json.Marshal(map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "number": n, "salt": c.Salt, "signature": c.Signature})
			if err != nil {
				t.Fatal(err)
			}
			return base64.StdEncoding.EncodeToString(text)
		}
	}
	t.Fatal("no number solves the challenge")
	return ""
}

func guarded(t *testing.T, proof string, change func(*portal.Config)) (*fixture, portal.Form) {
	fx := setUp(t, change)
	form, err := portal.Parse([]byte(`{"name": "guarded", "title": "T", "protection": {"proof": "` + proof + `"}, "fields": [{"name": "lastname", "label": "Name", "required": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return fx, form
}

func (f *fixture) suspect() any {
	f.t.Helper()
	c, _ := f.data("leads")["context"].(map[string]any)
	return c["suspect"]
}

// A proof counts once, for its form, until it ends; whoever has none is marked
// and may come less often, but is never shut out for good.
func TestProofOfWork(t *testing.T) {
	t.Parallel()
	fx, form := guarded(t, "always", func(c *portal.Config) { c.SubmitRate = portal.Rate{Burst: 1000, Second: 1} })
	n := 0
	send := func(proof, name, address string) (string, error) {
		n++
		return fx.Submit(t.Context(), form, portal.Submission{Values: map[string]any{"lastname": name}, Proof: proof, Token: "page", Visit: portal.Visit{Address: netip.MustParseAddr(address)}})
	}
	good := solve(t, fx.NewChallenge("guarded"))
	first, err := send(good, "One", "192.0.2.1")
	if err != nil || fx.suspect() != nil {
		t.Fatalf("a good proof: %v", err)
	}
	if again, err := send(good, "One", "192.0.2.1"); err != nil || again != first || fx.suspect() != nil {
		t.Errorf("a double click: %v, %v", again, err)
	}
	late := solve(t, fx.NewChallenge("guarded"))
	foreign := solve(t, fx.NewChallenge("other"))
	var forged map[string]any
	text, _ := base64.StdEncoding.DecodeString(late)
	if err := json.Unmarshal(text, &forged); err != nil {
		t.Fatal(err)
	}
	forged["signature"] = "00"
	text, _ = json.Marshal(forged)
	for i, test := range []struct{ proof, want string }{{good, "used_proof"}, {foreign, "bad_proof"}, {"", "no_proof"}, {"nonsense", "bad_proof"}, {base64.StdEncoding.EncodeToString(text), "bad_proof"}} {
		if _, err := send(test.proof, "Two "+test.want, "192.0.2."+strconv.Itoa(10+i)); err != nil || fx.suspect() != test.want {
			t.Errorf("%s: %v, %v", test.want, fx.suspect(), err)
		}
	}
	fx.clock.Advance(31 * time.Minute)
	if _, err := send(late, "Three", "192.0.2.30"); err != nil || fx.suspect() != "old_proof" {
		t.Errorf("an old one: %v, %v", fx.suspect(), err)
	}
	for range 3 {
		if _, err := send("", "Four", "192.0.2.40"); err != nil {
			t.Fatal(err)
		}
	}
	var e *errs.Error
	if _, err := send("", "Five", "192.0.2.40"); !errors.As(err, &e) || e.Kind != errs.TooMany || e.RetryAfter <= 0 {
		t.Fatalf("the fourth without a proof: %v", err)
	}
	if _, err := send(solve(t, fx.NewChallenge("guarded")), "Five", "192.0.2.40"); err != nil || fx.suspect() != nil {
		t.Errorf("with a proof after all: %v", err)
	}
	fx.clock.Advance(time.Minute)
	if _, err := send("", "Six", "192.0.2.40"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// A form that is sent faster than people do asks for a proof, of those pages
// that were shown since.
func TestProofUnderPressure(t *testing.T) {
	t.Parallel()
	fx, form := guarded(t, "auto", func(c *portal.Config) {
		c.FormRate = portal.Rate{Burst: 5, Second: 0.01}
		c.SubmitRate = portal.Rate{Burst: 1000, Second: 1}
	})
	before := fx.NewToken("guarded")
	fx.clock.Advance(time.Minute)
	send := func(i int, sub portal.Submission) any {
		t.Helper()
		sub.Values = map[string]any{"lastname": "N" + strconv.Itoa(i)}
		sub.Visit.Address = netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		if _, err := fx.Submit(t.Context(), form, sub); err != nil {
			t.Fatal(err)
		}
		return fx.suspect()
	}
	for i := range 5 {
		if s := send(i, portal.Submission{}); s != nil {
			t.Errorf("submission %d is suspect: %v", i, s)
		}
	}
	if fx.WantsProof(&form) {
		t.Error("a proof is wanted too early")
	}
	easy := fx.NewChallenge("guarded").MaxNumber
	if s := send(6, portal.Submission{}); s != "no_proof" || !fx.WantsProof(&form) {
		t.Errorf("under pressure: %v", s)
	}
	if hard := fx.NewChallenge("guarded").MaxNumber; hard <= easy {
		t.Errorf("the work is not harder: %d, %d", easy, hard)
	}
	if s := send(7, portal.Submission{Token: before}); s != nil {
		t.Errorf("a page from before: %v", s)
	}
	if s := send(8, portal.Submission{API: true}); s != nil {
		t.Errorf("a program's JSON: %v", s)
	}
	fx.clock.Advance(11 * time.Minute)
	if fx.WantsProof(&form) {
		t.Error("the pressure never ends")
	}
	fx, form = guarded(t, "off", func(c *portal.Config) { c.FormRate = portal.Rate{Burst: 1, Second: 0.01} })
	send(1, portal.Submission{})
	send(2, portal.Submission{})
	if s := send(3, portal.Submission{}); s != nil || fx.WantsProof(&form) {
		t.Errorf("switched off: %v", s)
	}
}

func TestCaptcha(t *testing.T) {
	t.Parallel()
	var status int
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("secret") != "s" || r.PostFormValue("remoteip") != "192.0.2.1" {
			t.Errorf("asked with %v", r.PostForm)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"success": ` + strconv.FormatBool(r.PostFormValue("response") == "solved") + `}`))
	}))
	defer provider.Close()
	fx := setUp(t, func(c *portal.Config) {
		c.Captcha = &portal.HTTPVerifier{URL: provider.URL, Secret: "s", Client: provider.Client()}
	})
	form, err := portal.Parse([]byte(`{"name": "guarded", "title": "T", "captcha": {"script": "https://captcha.example/api.js", "origins": ["https://cdn.captcha.example"], "class": "c", "sitekey": "k", "field": "c-response"}, "fields": [{"name": "lastname", "label": "Name", "required": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		response string
		status   int
		want     any
	}{{"solved", 200, nil}, {"guessed", 200, "no_captcha"}, {"", 200, "no_captcha"}, {"solved", 500, nil}} {
		status = test.status
		values := map[string]any{"lastname": "N" + strconv.Itoa(i)}
		if test.response != "" {
			values["c-response"] = test.response
		}
		if _, err := fx.Submit(t.Context(), form, portal.Submission{Values: values, Visit: portal.Visit{Address: netip.MustParseAddr("192.0.2.1")}}); err != nil || fx.suspect() != test.want {
			t.Errorf("%q, %d: %v, %v", test.response, test.status, fx.suspect(), err)
		}
		if _, kept := fx.data("leads")["rpt_extra"]; kept {
			t.Error("the captcha's answer went into the lead")
		}
	}
}
