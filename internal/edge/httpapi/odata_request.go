package httpapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// request is one request of the Web API.
type request struct {
	api     *ODataAPI
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	catalog *metadata.Catalog
	path    *odata.Path
	params  map[string]string
	prefer  preferences
	base    string // service root, with its slash
	rest    string // path below it, escaped
	// addresses is set within a change set: what was made so far, by content id.
	addresses map[string]string
}

// text gives what option text is read against.
func (q *request) text() *odata.Context { return q.api.text(q.ctx, q.catalog) }

// Text gives what option text is read against in the name of the context's principal.
func (a *ODataAPI) Text(ctx context.Context) *odata.Context { return a.text(ctx, a.Catalog()) }

func (a *ODataAPI) text(ctx context.Context, catalog *metadata.Catalog) *odata.Context {
	c := &odata.Context{Catalog: catalog, Now: a.Clock.Now(), UserID: access.From(ctx).ID}
	if p := a.Principals; p != nil {
		if all := p.Principals(ctx); len(all) > 0 {
			c.Teams = all[1:]
		}
		c.UnitID, c.Zone, c.Language, c.Fiscal = p.Unit(c.UserID), p.Zone(c.UserID), p.Language(c.UserID), p.Fiscal()
		c.Below = func() []id.ID { return p.Below(c.UserID) }
		c.BelowTeams = func() []id.ID { return p.TeamsOf(p.Below(c.UserID)) }
	}
	return c
}

// body reads the request's body, which must be JSON.
func (q *request) body() ([]byte, error) {
	if ct := q.r.Header.Get("Content-Type"); ct != "" {
		if kind, _, err := mime.ParseMediaType(ct); err != nil || kind != "application/json" {
			return nil, errs.New(errs.Invalid, "http.content_type", "the body must be application/json")
		}
	}
	data, err := io.ReadAll(q.r.Body)
	if err != nil {
		return nil, err
	}
	return referBody(data, q.addresses)
}

// address gives the URL of a row.
func (q *request) address(t *metadata.Table, key id.ID) string {
	return q.base + t.Set + "(" + key.String() + ")"
}

// match reads If-Match and If-None-Match of a write. The text "null", which
// Microsoft's own examples send, means nothing.
func (q *request) match() (record.Match, error) {
	var m record.Match
	bad := errs.New(errs.Precondition, "odata.etag", "the version in the header is not one that this record could have")
	switch v := strings.TrimSpace(q.r.Header.Get("If-Match")); v {
	case "", "null":
	case "*":
		m.MustExist = true
	default:
		n, ok := parseETag(v)
		if !ok {
			return m, bad
		}
		m.Version, m.MustExist = n, true
	}
	switch v := q.noneMatch(); v {
	case "":
	case "*":
		m.MustNotExist = true
	default:
		return m, errs.New(errs.Invalid, "odata.if_none_match", "If-None-Match of a write must be *")
	}
	if m.MustExist && m.MustNotExist {
		return m, errs.New(errs.Invalid, "odata.if_none_match", "If-Match and If-None-Match exclude each other")
	}
	return m, nil
}

// noneMatch gives the If-None-Match header that means something: clients that
// always send "null" may send another line beside it.
func (q *request) noneMatch() string {
	for _, v := range q.r.Header.Values("If-None-Match") {
		if v = strings.TrimSpace(v); v != "" && v != "null" {
			return v
		}
	}
	return ""
}

func parseETag(s string) (int64, bool) {
	s = strings.TrimPrefix(s, "W/")
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0
}

// A client that shows a number while it finds the exact one asks with this
// preference: where $count=true would take long, the estimate comes under the
// annotation in place of the count. The exact number is then got from …/$count.
const (
	preferEstimate = "rapport.estimate-count"
	annEstimate    = "rapport.estimatedcount"
)

// A client that lets a person drag a scrollbar to anywhere asks for the page
// that begins behind so many rows. $skip stays refused, as in Dataverse: who
// reads all rows follows the next links.
const preferSkip = "rapport.skip"

// preferences are those of the Prefer header that have a meaning here.
type preferences struct {
	representation bool
	pageSize       int
	estimate       bool // an estimate will do for a count that takes long
	skip           int  // rows to pass over
	annotations    odata.Annotations
	echo           []string
}

func parsePrefer(headers []string) preferences {
	var p preferences
	for _, h := range headers {
		for _, item := range splitPrefer(h) {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "return":
				if value == "representation" || value == "minimal" {
					p.representation = value == "representation"
					p.echo = append(p.echo, "return="+value)
				}
			case "odata.maxpagesize", "maxpagesize":
				if n, err := strconv.Atoi(value); err == nil && n > 0 {
					p.pageSize = min(n, record.MaxPage)
					p.echo = append(p.echo, "odata.maxpagesize="+strconv.Itoa(p.pageSize))
				}
			case preferSkip:
				if n, err := strconv.Atoi(value); err == nil && n > 0 {
					p.skip = n
					p.echo = append(p.echo, preferSkip+"="+strconv.Itoa(n))
				}
			case preferEstimate:
				p.estimate = true
				p.echo = append(p.echo, preferEstimate)
			case trackChanges:
				p.echo = append(p.echo, trackChanges)
			case "odata.include-annotations", "include-annotations":
				p.annotations = odata.ParseAnnotations(value)
				p.echo = append(p.echo, `odata.include-annotations="`+strings.Map(headerRune, value)+`"`)
			}
		}
	}
	return p
}

// headerRune keeps what a client sent harmless in a header of the answer.
func headerRune(r rune) rune {
	if r < ' ' || r > '~' || r == '"' {
		return -1
	}
	return r
}

// splitPrefer cuts at commas outside quotes.
func splitPrefer(s string) []string {
	var out []string
	start, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

func (p preferences) applied(h http.Header) {
	if len(p.echo) > 0 {
		h.Set("Preference-Applied", strings.Join(p.echo, ","))
	}
}
