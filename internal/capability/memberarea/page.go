package memberarea

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// Page is HTML, with its status and the content security policy it must be sent
// with. A page needs nothing from any other place.
type Page struct {
	Status int
	HTML   []byte
	Policy string
}

// shell is what is the same on all pages.
type shell struct {
	pages map[string]*template.Template // by language
	style string
}

func newShell() (*shell, error) {
	css, err := templateFiles.ReadFile("templates/area.css")
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(css))
	s := &shell{pages: map[string]*template.Template{}, style: text}
	for _, lang := range []string{"en", "de"} {
		t, err := template.New(lang).Funcs(template.FuncMap{"t": func(key string, args ...any) string { return say(lang, key, args...) }, "entry": newEntry}).ParseFS(templateFiles, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("templates of the members' area: %w", err)
		}
		s.pages[lang] = t
	}
	return s, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// entry is one entry of the navigation.
type entry struct {
	Path, Text, Said string
	Here             bool
	Count            int
}

func newEntry(f frame, name, path, key string) entry {
	e := entry{Path: path, Text: say(f.Lang, key), Here: f.Here == name}
	if name == "letters" && f.Unread > 0 {
		e.Count, e.Said = f.Unread, say(f.Lang, "nav.unread", f.Unread)
	}
	return e
}

// frame is what the layout shows around a page's own content.
type frame struct {
	Visit
	Organisation string
	Logo         template.URL // picture as data; "" for none
	Title        string
	Here         string // the entry of the navigation that the page belongs to
	Unread       int
	Style        template.HTML
	Scripts      []template.HTML
	Done         string // what was just done
	Body         any
}

// page is one page to be made.
type page struct {
	name    string // of its template
	title   string
	here    string
	status  int
	done    string
	body    any
	scripts []string
}

// render makes a page. Its name is that of its template.
func (a *Area) render(ctx context.Context, v Visit, p page) (Page, error) {
	if v.Lang != "de" {
		v.Lang = "en"
	}
	brand := a.o.Brand()
	style := a.shell.style + string(brand.style)
	f := frame{Visit: v, Organisation: brand.Name, Logo: brand.logo, Title: p.title, Here: p.here, Style: template.HTML("<style>" + style + "</style>"), Done: p.done, Body: p.body}
	policy := "default-src 'none'; base-uri 'none'; form-action 'self'; img-src 'self' data:; frame-ancestors 'none'; style-src " + digest(style)
	if len(p.scripts) > 0 {
		policy += "; connect-src 'self'; script-src"
		for _, s := range p.scripts {
			policy += " " + digest(s)
			f.Scripts = append(f.Scripts, template.HTML("<script>"+s+"</script>"))
		}
	}
	if v.Member != nil {
		n, err := a.unread(ctx)
		if err != nil {
			return Page{}, err
		}
		f.Unread = n
	}
	var b bytes.Buffer
	if err := a.shell.pages[v.Lang].ExecuteTemplate(&b, p.name, f); err != nil {
		return Page{}, fmt.Errorf("page %s: %w", p.name, err)
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	return Page{Status: p.status, HTML: b.Bytes(), Policy: policy}, nil
}

// Trouble is the page that says what went wrong.
func (a *Area) Trouble(ctx context.Context, v Visit, status int, message string) (Page, error) {
	title := say(v.Lang, "trouble.title")
	if status == http.StatusNotFound {
		title = say(v.Lang, "trouble.none")
	}
	return a.render(ctx, v, page{name: "trouble", title: title, status: status, body: message})
}
