package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// uiPolicy is the content security policy of the interface: scripts only from
// our own files. Mantine writes its colour variables into a style element, so
// styles alone may stand inline.
const uiPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const (
	uiForever = "public, max-age=31536000, immutable" // the name holds the content's hash
	uiAlways  = "no-cache"                            // asked again each time, answered 304 by ETag
)

// uiReserved are the first path segments that belong to other parts of the
// server: an unknown address below them is a plain 404 and never the interface.
var uiReserved = map[string]bool{
	"api": true, "f": true, "member": true, "t": true, "mcp": true, "assets": true, "metrics": true, "healthz": true, "readyz": true,
	"embed.js": true, "track.js": true, "debug": true, ".well-known": true,
}

// UI serves the built web interface. Its files are read and hashed once; an
// answer then costs no disk, no compression and no hashing.
type UI struct {
	files map[string]*uiFile // by path without the leading slash
}

// uiFile is one file with the encodings that were made when it was built.
type uiFile struct {
	contentType string
	cache       string
	plain       uiBody
	gzip        uiBody
	brotli      uiBody
}

// uiBody is one encoding of a file; an absent one has no bytes.
type uiBody struct {
	bytes []byte
	etag  string
}

// NewUI reads the built interface. files has index.html at its root; when it
// has none, the interface was not built, and UI answers with a page that says so.
func NewUI(files fs.FS) (*UI, error) {
	ui := &UI{files: map[string]*uiFile{}}
	if _, err := fs.Stat(files, "index.html"); errors.Is(err, fs.ErrNotExist) {
		return ui, nil
	}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || uiHidden(name) {
			return err
		}
		file, err := readUIFile(files, name)
		ui.files[name] = file
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the web interface: %w", err)
	}
	return ui, nil
}

// Register puts the interface under every address that nothing else has taken.
func (ui *UI) Register(mux *http.ServeMux) { mux.Handle("/", ui) }

// Built reports whether there is an interface to serve.
func (ui *UI) Built() bool { return ui.files["index.html"] != nil }

// uiHidden tells of files that are not served under their own name.
func uiHidden(name string) bool {
	return strings.HasPrefix(path.Base(name), ".") || strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".br") ||
		name == "assets/manifest.json"
}

func readUIFile(files fs.FS, name string) (*uiFile, error) {
	plain, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	file := &uiFile{contentType: uiContentType(name), cache: uiAlways, plain: newUIBody(plain)}
	if strings.HasPrefix(name, "assets/") {
		file.cache = uiForever
	}
	for suffix, body := range map[string]*uiBody{".gz": &file.gzip, ".br": &file.brotli} {
		packed, err := fs.ReadFile(files, name+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		*body = newUIBody(packed)
	}
	return file, nil
}

func newUIBody(content []byte) uiBody {
	sum := sha256.Sum256(content)
	return uiBody{bytes: content, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`}
}

// uiContentType names the types the build produces itself: the machine's own
// table, which mime reads, differs from one system to the next.
func uiContentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

// ServeHTTP answers with a file, or with index.html where a person's browser
// asks for a page: the interface finds the screen by the address itself.
func (ui *UI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	uiHeaders(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if file := ui.files[name]; file != nil {
		file.serve(w, r)
		return
	}
	if !uiWantsPage(name, r) {
		http.NotFound(w, r)
		return
	}
	if index := ui.files["index.html"]; index != nil {
		index.serve(w, r)
		return
	}
	serveUINotBuilt(w)
}

// uiWantsPage tells a page of the interface from everything else.
func uiWantsPage(name string, r *http.Request) bool {
	first, _, _ := strings.Cut(name, "/")
	return !uiReserved[first] && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func uiHeaders(h http.Header) {
	h.Set("Content-Security-Policy", uiPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}

func (f *uiFile) serve(w http.ResponseWriter, r *http.Request) {
	body, encoding := f.plain, ""
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case f.brotli.bytes != nil && uiAccepts(accepted, "br"):
		body, encoding = f.brotli, "br"
	case f.gzip.bytes != nil && uiAccepts(accepted, "gzip"):
		body, encoding = f.gzip, "gzip"
	}
	h := w.Header()
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", body.etag)
	if f.brotli.bytes != nil || f.gzip.bytes != nil {
		h.Add("Vary", "Accept-Encoding")
	}
	if uiMatches(r.Header.Get("If-None-Match"), body.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.contentType)
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body.bytes)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body.bytes) // a failed write means that the client has gone
}

// uiAccepts reads an Accept-Encoding header; a weight of zero is a refusal.
func uiAccepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		key, weight, _ := strings.Cut(strings.TrimSpace(parameters), "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			return true
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && value > 0
	}
	return false
}

// uiMatches compares an If-None-Match list weakly, as GET has it (RFC 9110 §13.1.2).
func uiMatches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		given := strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if given == etag || given == "*" {
			return true
		}
	}
	return false
}

// uiNotBuilt says what to do when the binary carries no interface.
const uiNotBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Rapport</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.6 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto 0; padding: 0 1.5rem }
code { font-size: .95em; padding: .1em .35em; border: 1px solid; border-radius: .3em }
</style></head>
<body>
<h1>The server is running; the interface is not built</h1>
<p>This binary was built without the web interface. Run <code>make</code> (it needs Node 20.19 or newer), then start again.</p>
<p>The programming interfaces under <code>/api</code> work as they are.</p>
</body>
</html>
`

func serveUINotBuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(uiNotBuilt)) // a failed write means that the client has gone
}
