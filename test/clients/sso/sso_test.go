// Package sso_test signs in at an OpenID Connect provider that we did not
// write, the npm package oidc-provider, against the running product on both
// databases. It needs Node and `make clients`.
package sso_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: Node is missing; install Node 20.19 or newer")
	}
	if _, err := os.Stat("node_modules/oidc-provider"); err != nil {
		t.Skip("skipped: the provider is not installed; run `make clients`")
	}
	testenv.Each(t, testenv.Options{Sample: false}, func(t *testing.T, e *testenv.Env) {
		issuer := provider(t, node, e.URL+"/api/auth/signin/sso")
		admin := newBrowser(t, e.URL)
		admin.token = e.Token("admin")
		unit := fmt.Sprintf("/businessunits(%s)", admin.json(t, 200, "GET", "/api/data/v9.2/WhoAmI", nil)["BusinessUnitId"])
		users := map[string]string{}
		for _, name := range []string{"ann", "bob"} {
			users[name] = admin.create(t, "systemusers", map[string]any{"domainname": name, "lastname": name, "internalemailaddress": name + "@example.com", "businessunitid@odata.bind": unit})
		}
		// Two users with one address: either could be meant, so nobody is.
		for _, name := range []string{"twin1", "twin2"} {
			admin.create(t, "systemusers", map[string]any{"domainname": name, "lastname": name, "internalemailaddress": "twin@example.com", "businessunitid@odata.bind": unit})
		}
		admin.json(t, 400, "POST", "/api/auth/admin/providers", map[string]any{"name": "x", "issuer": "http://provider.example.com", "clientid": "rapport", "secret": "s", "match": "email"})
		admin.json(t, 503, "POST", "/api/auth/admin/providers", map[string]any{"name": "x", "issuer": "http://127.0.0.1:1", "clientid": "rapport", "secret": "s", "match": "email"})
		made := admin.json(t, 201, "POST", "/api/auth/admin/providers", map[string]any{"name": "Company", "issuer": issuer, "clientid": "rapport", "secret": "a secret of the client", "scopes": []string{"email", "profile"}, "match": "email"})
		which, _ := made["id"].(string)
		if list := fmt.Sprint(admin.json(t, 200, "GET", "/api/auth/admin/providers", nil)); strings.Contains(list, "a secret of the client") || !strings.Contains(list, which) {
			t.Errorf("the list of providers: %s", list)
		}
		if ways := fmt.Sprint(newBrowser(t, e.URL).json(t, 200, "GET", "/api/auth/signin/ways", nil)); !strings.Contains(ways, "Company") || strings.Contains(ways, "rapport") {
			t.Errorf("the ways of signing in: %s", ways)
		}

		ann := newBrowser(t, e.URL)
		if at := ann.signIn(t, which, "ann", "/tables/lead?view=mine"); at.Path != "/tables/lead" || at.RawQuery != "view=mine" {
			t.Errorf("after signing in the browser is at %s", at)
		}
		if who := ann.json(t, 200, "GET", "/api/auth/session", nil); fmt.Sprint(who["user"].(map[string]any)["systemuserid"]) != users["ann"] {
			t.Errorf("signed in as %v", who)
		}
		// The link holds although the address changes; the subject is who it is.
		admin.json(t, 204, "PATCH", "/api/data/v9.2/systemusers("+users["ann"]+")", map[string]any{"internalemailaddress": "ann.new@example.com"})
		again := newBrowser(t, e.URL)
		again.signIn(t, which, "ann", "/")
		again.json(t, 200, "GET", "/api/auth/session", nil)

		for name, next := range map[string]string{"bob": "//evil.example.com/", "bob ": "https://evil.example.com", "bob  ": `/\evil.example.com`} {
			if at := newBrowser(t, e.URL).signIn(t, which, strings.TrimSpace(name), next); at.Host != "" && !strings.Contains(e.URL, at.Host) || at.Path != "/" {
				t.Errorf("next %q leads to %s", next, at)
			}
		}
		for _, nobody := range []string{"stranger", "unverified-bob", "twin"} {
			b := newBrowser(t, e.URL)
			if at := b.signIn(t, which, nobody, "/"); at.Query().Get("signin") != "auth.sso_nobody" {
				t.Errorf("%s ends at %s", nobody, at)
			}
			b.json(t, 401, "GET", "/api/auth/session", nil)
		}
		attacks(t, e, which)
		admin.json(t, 204, "DELETE", "/api/auth/admin/providers/"+which, nil)
		if at := newBrowser(t, e.URL).get(t, e.URL+"/api/auth/signin/sso/"+which).Request.URL; at.Query().Get("signin") != "auth.provider_unknown" {
			t.Errorf("a removed provider leads to %s", at)
		}
	})
}

// attacks: an answer counts in the browser that began, once, and only as it was given.
func attacks(t *testing.T, e *testenv.Env, which string) {
	t.Helper()
	mallory, victim := newBrowser(t, e.URL), newBrowser(t, e.URL)
	back := mallory.callback(t, which, "bob")
	if at := victim.get(t, back).Request.URL; at.Query().Get("signin") != "auth.sso" {
		t.Errorf("another's answer leads to %s", at)
	}
	victim.json(t, 401, "GET", "/api/auth/session", nil)
	back = mallory.callback(t, which, "bob")
	if at := mallory.get(t, back).Request.URL; at.Path != "/" || at.RawQuery != "" {
		t.Errorf("its own answer leads to %s", at)
	}
	if at := mallory.get(t, back).Request.URL; at.Query().Get("signin") == "" {
		t.Errorf("the answer again leads to %s", at)
	}
	for _, broken := range []string{"?code=x", "?state=x", "?code=x&state=" + strings.Repeat("y", 5000), "?error=access_denied&state=x", ""} {
		b := newBrowser(t, e.URL)
		b.callback(t, which, "bob") // has begun, and has its cookie
		if at := b.get(t, e.URL+"/api/auth/signin/sso"+broken).Request.URL; at.Query().Get("signin") == "" {
			t.Errorf("%.30q leads to %s", broken, at)
		}
		b.json(t, 401, "GET", "/api/auth/session", nil)
	}
}

// provider starts the provider and gives its address.
func provider(t *testing.T, node, callback string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), node, "provider.mjs")
	cmd.Env = append(os.Environ(), "CALLBACK="+callback, "NODE_ENV=test")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v\n%s", err, log.String())
	}
	return strings.TrimSpace(line)
}

// browser keeps cookies and follows redirects.
type browser struct {
	http  *http.Client
	base  string
	token string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{http: &http.Client{Jar: jar}, base: base}
}

func (b *browser) get(t *testing.T, at string) *http.Response {
	t.Helper()
	res, err := b.http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// json asks the product and gives the body.
func (b *browser) json(t *testing.T, status int, method, path string, body any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.base+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Prefer", "return=minimal")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := b.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("%s %s: %s instead of %d: %.300s", method, path, res.Status, status, answer)
	}
	out := map[string]any{"entity": res.Header.Get("OData-EntityId")}
	_ = json.Unmarshal(answer, &out) // 204 has none
	return out
}

// create makes a row and gives its id.
func (b *browser) create(t *testing.T, set string, row map[string]any) string {
	t.Helper()
	entity, _ := b.json(t, 204, "POST", "/api/data/v9.2/"+set, row)["entity"].(string)
	_, key, _ := strings.Cut(entity, "(")
	return strings.TrimSuffix(key, ")")
}

// signIn goes the whole way and gives where it ends.
func (b *browser) signIn(t *testing.T, which, name, next string) *url.URL {
	t.Helper()
	return b.walk(t, b.get(t, b.base+"/api/auth/signin/sso/"+which+"?next="+url.QueryEscape(next)), name).Request.URL
}

// callback goes the way up to the provider's answer and gives the address that
// the answer would lead to.
func (b *browser) callback(t *testing.T, which, name string) (back string) {
	t.Helper()
	b.http.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Query().Get("code") != "" && strings.HasPrefix(req.URL.String(), b.base) {
			back = req.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.walk(t, b.get(t, b.base+"/api/auth/signin/sso/"+which), name)
	b.http.CheckRedirect = nil
	if back == "" {
		t.Fatal("the provider gave no answer")
	}
	return back
}

var (
	action = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)
	prompt = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
)

// walk fills in the provider's forms: signing in, then consent.
func (b *browser) walk(t *testing.T, res *http.Response, name string) *http.Response {
	t.Helper()
	for range 4 {
		if strings.HasPrefix(res.Request.URL.String(), b.base) {
			return res
		}
		page, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		to, asks := action.FindSubmatch(page), prompt.FindSubmatch(page)
		if to == nil || asks == nil {
			return res
		}
		next, err := res.Request.URL.Parse(html.UnescapeString(string(to[1])))
		if err != nil {
			t.Fatal(err)
		}
		if res, err = b.http.PostForm(next.String(), url.Values{"prompt": {string(asks[1])}, "login": {name}, "password": {"anything"}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
	}
	return res
}
