package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func testUI(t *testing.T) *UI {
	t.Helper()
	ui, err := NewUI(fstest.MapFS{
		".gitkeep":                {},
		"index.html":              {Data: []byte("<title>Rapport</title>")},
		"index.html.gz":           {Data: []byte("gz-index")},
		"theme.js":                {Data: []byte("theme()")},
		"assets/app-1a2b.js":      {Data: []byte("app()")},
		"assets/app-1a2b.js.br":   {Data: []byte("br-app")},
		"assets/app-1a2b.js.gz":   {Data: []byte("gz-app")},
		"assets/face-3c4d.woff2":  {Data: []byte("face")},
		"assets/manifest.json":    {Data: []byte("{}")},
		"assets/manifest.json.gz": {Data: []byte("x")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ui
}

func askUI(ui *UI, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	ui.ServeHTTP(w, r)
	return w
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestUIFilesAndFallback(t *testing.T) {
	t.Parallel()
	ui := testUI(t)
	tests := []struct {
		name, method, target, accept string
		status                       int
		body, contentType, cache     string
	}{
		{"the root", "GET", "/", browser, 200, "<title>Rapport</title>", "text/html; charset=utf-8", "no-cache"},
		{"a screen's address", "GET", "/r/lead/0190?x=1", browser, 200, "<title>Rapport</title>", "text/html; charset=utf-8", "no-cache"},
		{"index by name", "GET", "/index.html", browser, 200, "<title>Rapport</title>", "text/html; charset=utf-8", "no-cache"},
		{"a hashed asset", "GET", "/assets/app-1a2b.js", "*/*", 200, "app()", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"a font", "GET", "/assets/face-3c4d.woff2", "*/*", 200, "face", "font/woff2", "public, max-age=31536000, immutable"},
		{"a file with a lasting name", "GET", "/theme.js", "*/*", 200, "theme()", "text/javascript; charset=utf-8", "no-cache"},
		{"no page is wanted", "GET", "/r/lead", "application/json", 404, "404 page not found\n", "", ""},
		{"an unknown asset", "GET", "/assets/old-9z.js", browser, 404, "404 page not found\n", "", ""},
		{"an unknown API address", "GET", "/api/nothing", browser, 404, "404 page not found\n", "", ""},
		{"an unknown form", "GET", "/f/nothing", browser, 404, "404 page not found\n", "", ""},
		{"a hidden file", "GET", "/.gitkeep", "*/*", 404, "404 page not found\n", "", ""},
		{"the build's manifest", "GET", "/assets/manifest.json", "*/*", 404, "404 page not found\n", "", ""},
		{"a packed twin by name", "GET", "/index.html.gz", "*/*", 404, "404 page not found\n", "", ""},
		{"a way out of the folder", "GET", "/assets/../../index.html", browser, 200, "<title>Rapport</title>", "text/html; charset=utf-8", "no-cache"},
		{"a write", "POST", "/r/lead", browser, 405, "Method Not Allowed\n", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := askUI(ui, test.method, test.target, "Accept", test.accept)
			if got.Code != test.status || got.Body.String() != test.body {
				t.Errorf("answered %d %q, want %d %q", got.Code, got.Body, test.status, test.body)
			}
			if test.contentType != "" && got.Header().Get("Content-Type") != test.contentType {
				t.Errorf("content type %q, want %q", got.Header().Get("Content-Type"), test.contentType)
			}
			if test.cache != "" && got.Header().Get("Cache-Control") != test.cache {
				t.Errorf("cache control %q, want %q", got.Header().Get("Cache-Control"), test.cache)
			}
			policy := got.Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("content security policy %q", policy)
			}
		})
	}
}

func TestUIEncodings(t *testing.T) {
	t.Parallel()
	ui := testUI(t)
	tests := []struct{ target, accepts, encoding, body string }{
		{"/assets/app-1a2b.js", "gzip, deflate, br", "br", "br-app"},
		{"/assets/app-1a2b.js", "gzip;q=1.0", "gzip", "gz-app"},
		{"/assets/app-1a2b.js", "br;q=0, gzip", "gzip", "gz-app"},
		{"/assets/app-1a2b.js", "br; q=0, gzip; q=0.0", "", "app()"},
		{"/assets/app-1a2b.js", "", "", "app()"},
		{"/", "br, gzip", "gzip", "gz-index"},
		{"/assets/face-3c4d.woff2", "br, gzip", "", "face"},
	}
	for _, test := range tests {
		got := askUI(ui, "GET", test.target, "Accept", browser, "Accept-Encoding", test.accepts)
		if got.Header().Get("Content-Encoding") != test.encoding || got.Body.String() != test.body {
			t.Errorf("%s with %q: %q in %q, want %q in %q", test.target, test.accepts, got.Body, got.Header().Get("Content-Encoding"), test.body, test.encoding)
		}
		if got.Header().Get("Content-Length") == "" {
			t.Errorf("%s with %q: no length", test.target, test.accepts)
		}
	}
}

func TestUIConditional(t *testing.T) {
	t.Parallel()
	ui := testUI(t)
	first := askUI(ui, "GET", "/", "Accept", browser)
	etag := first.Header().Get("ETag")
	if etag == "" {
		t.Fatal("no ETag")
	}
	for _, given := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		again := askUI(ui, "GET", "/", "Accept", browser, "If-None-Match", given)
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("If-None-Match %s: %d with %d bytes", given, again.Code, again.Body.Len())
		}
	}
	if other := askUI(ui, "GET", "/", "Accept", browser, "If-None-Match", `"other"`); other.Code != http.StatusOK {
		t.Errorf("another ETag: %d", other.Code)
	}
	packed := askUI(ui, "GET", "/", "Accept", browser, "Accept-Encoding", "gzip")
	if packed.Header().Get("ETag") == etag {
		t.Error("two encodings share one strong ETag")
	}
	head := askUI(ui, "HEAD", "/", "Accept", browser)
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("ETag") != etag {
		t.Errorf("HEAD: %d, %d bytes, ETag %s", head.Code, head.Body.Len(), head.Header().Get("ETag"))
	}
}

func TestUINotBuilt(t *testing.T) {
	t.Parallel()
	ui, err := NewUI(fstest.MapFS{".gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	if ui.Built() {
		t.Error("an empty folder counts as built")
	}
	got := askUI(ui, "GET", "/", "Accept", browser)
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "<code>make</code>") {
		t.Errorf("answered %d %q", got.Code, got.Body)
	}
	if missing := askUI(ui, "GET", "/api/x", "Accept", browser); missing.Code != http.StatusNotFound {
		t.Errorf("API address: %d", missing.Code)
	}
}
