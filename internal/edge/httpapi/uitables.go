package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Allower tells whether the context's principal holds a privilege on a table
// at any depth; *access.Control is one.
type Allower interface {
	Allow(ctx context.Context, table string, right access.Right) error
}

// TablesAPI describes tables to the interface, in the person's language and
// with the person's privileges:
//
//	GET /api/ui/tables          the tables that the person may read
//	GET /api/ui/tables/{table}  columns, views and forms of one, by logical name
//
// Both carry an ETag of their content and answer 304 to If-None-Match.
type TablesAPI struct {
	Catalog func() *metadata.Catalog
	Access  Allower
	Users   record.Reader
	Rules   func() *businessrule.Set // the business rules in force; nil has none
	Actions func() []action.Info     // what can be run; nil is nothing
}

// Register adds the routes.
func (a *TablesAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/tables", answering(a.list))
	mux.HandleFunc("GET /api/ui/tables/{table}", answering(a.one))
}

func (a *TablesAPI) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if access.From(ctx).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	lang, catalog := languageOf(r, a.Users), a.Catalog()
	out := []uiSummary{}
	for _, name := range catalog.Names() {
		if a.Access.Allow(ctx, name, access.Read) == nil {
			t, _ := catalog.Table(name)
			out = append(out, summaryOf(t, lang))
		}
	}
	return writeTagged(w, r, lang, out)
}

func (a *TablesAPI) one(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if access.From(ctx).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	t, ok := a.Catalog().Table(r.PathValue("table"))
	if !ok {
		return errTable
	}
	if err := a.Access.Allow(ctx, t.Name, access.Read); err != nil {
		return err
	}
	lang := languageOf(r, a.Users)
	out := tableOf(t, lang, func(right access.Right) bool { return a.Access.Allow(ctx, t.Name, right) == nil })
	out.Related = relatedOf(t, a.Catalog(), lang, func(table string) bool { return a.Access.Allow(ctx, table, access.Read) == nil })
	if a.Rules != nil {
		var err error
		if out.Rules, err = a.Rules().Views(t, lang); err != nil {
			return err
		}
	}
	if a.Actions != nil {
		out.Actions = runnable(a.Actions(), t.Name, func(name string) *metadata.Table {
			other, ok := a.Catalog().Table(name)
			if !ok || a.Access.Allow(ctx, name, access.Read) != nil {
				return nil
			}
			return other
		}, lang)
	}
	return writeTagged(w, r, lang, out)
}

// runnable lists the actions that are bound to rows of a table and need no
// input, or none but records of tables that the person may read.
func runnable(all []action.Info, table string, readable func(table string) *metadata.Table, lang string) []uiAction {
	var out []uiAction
	for _, i := range all {
		if i.Table != table || i.Function || i.Collection || i.Effect != action.DB {
			continue
		}
		if asks, ok := asked(i.In, readable, lang); ok {
			out = append(out, uiAction{i.Name, i.Description, asks})
		}
	}
	return out
}

// asked gives what must be said to run an action, where that is records alone.
func asked(in []action.Param, readable func(table string) *metadata.Table, lang string) (out []uiAsk, ok bool) {
	for _, p := range in {
		if p.Optional {
			continue
		}
		table, isRecord := strings.CutPrefix(p.Type, "mscrm.")
		if !isRecord {
			return nil, false
		}
		t := readable(table)
		if t == nil {
			return nil, false
		}
		out = append(out, uiAsk{p.Name, t.Label.In(lang), t.Name})
	}
	return out, true
}

var errTable = errs.New(errs.NotFound, "ui.table", "there is no such table")

// languages are those that labels are written in; the first is the default.
var languages = []string{"en", "de"}

// languageOf chooses the language: the first that the request asks for and we
// have, else the one in the person's settings, else English.
func languageOf(r *http.Request, users record.Reader) string {
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err == nil {
		for _, tag := range wanted {
			base, _ := tag.Base()
			if known := knownLanguage(base.String()); known != "" {
				return known
			}
		}
	}
	p := access.From(r.Context())
	if p.Kind == access.User {
		// Labels in English are better than none when the row can't be read.
		if row, err := self(r.Context(), users, p.ID, "rpt_language"); err == nil {
			if tag, err := language.Parse(row.Text("rpt_language")); err == nil {
				base, _ := tag.Base()
				if known := knownLanguage(base.String()); known != "" {
					return known
				}
			}
		}
	}
	return languages[0]
}

func knownLanguage(base string) string {
	for _, l := range languages {
		if l == base {
			return l
		}
	}
	return ""
}

// writeTagged answers with JSON and an ETag of it.
func writeTagged(w http.ResponseWriter, r *http.Request, lang string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return errs.Wrap(err, errs.Internal, "ui.json", "the description can't be written")
	}
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Content-Language", lang)
	h.Set("Vary", "Accept-Language, Cookie, Authorization")
	h.Set("ETag", tag)
	if uiMatches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(text) // when the client has gone nobody is left to tell
	return nil
}
