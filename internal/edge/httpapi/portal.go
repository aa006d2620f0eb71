// Package httpapi speaks HTTP for the capabilities: one small file each, which
// reads the request, calls the capability and writes its answer, and decides
// nothing itself.
package httpapi

import (
	"bytes"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// PortalAPI serves forms, their scripts and the reports of the tracking script:
//
//	GET, POST /f/{form}   the form; sent by a page (202 and a thank-you page) or as JSON (202 and {"id"})
//	GET       /f/{form}/challenge  another proof of work, as JSON
//	POST      /t          what track.js reports (204)
//	GET       /embed.js   shows a form inside another site
//	GET       /track.js   reports page views
//	GET       /pow.js     solves proofs of work, in a worker
//
// A POST whose _tool names one of the form's tools sends nothing: the answer is
// the page with what the tool says, or that as JSON.
type PortalAPI struct {
	Service *portal.Service
	// Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
	Proxies []netip.Prefix
}

const (
	maxForm  = 256 << 10 // bytes of a submission
	maxTrack = 32 << 10  // bytes of a report
)

// Register adds the routes.
func (p *PortalAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /f/{form}", p.show)
	mux.HandleFunc("POST /f/{form}", p.submit)
	mux.HandleFunc("OPTIONS /f/{form}", p.preflight)
	mux.HandleFunc("GET /f/{form}/challenge", p.challenge)
	mux.HandleFunc("GET /pow.js", asset("pow.js"))
	mux.HandleFunc("POST /t", p.track)
	mux.HandleFunc("OPTIONS /t", p.trackPreflight)
	mux.HandleFunc("GET /embed.js", asset("embed.js"))
	mux.HandleFunc("GET /track.js", asset("track.js"))
}

// pageLanguages are those of pages that belong to no form, whose language is given; the first is the default.
var (
	pageLanguages = []language.Tag{language.English, language.German}
	visitors      = language.NewMatcher(pageLanguages)
)

// show answers GET /f/{form}.
func (p *PortalAPI) show(w http.ResponseWriter, r *http.Request) {
	form, err := p.Service.Form(r.PathValue("form"))
	if errs.Has(err, errs.NotFound) && strings.Contains(r.Header.Get("Accept"), "text/html") {
		_, at := language.MatchStrings(visitors, r.Header.Get("Accept-Language"))
		page, err := portal.Missing(pageLanguages[at])
		w.Header().Set("Vary", "Accept, Accept-Language")
		p.writePage(w, r, http.StatusNotFound, page, err)
		return
	}
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	query := r.URL.Query()
	if form.IsClosed() {
		page, err := form.Closed(query.Get("embed") != "")
		p.writePage(w, r, http.StatusGone, page, err)
		return
	}
	view := portal.View{Embed: query.Get("embed") != "", Token: p.Service.NewToken(form.Name), Referrer: query.Get("referrer"),
		Country: acceptedCountry(r), Values: map[string]string{}}
	if view.Referrer == "" && !view.Embed { // in a frame, the header names the embedding page
		view.Referrer = r.Referer()
	}
	for _, field := range form.Fields {
		if query.Has(field.Name) {
			view.Values[field.Name] = query.Get(field.Name)
		}
	}
	if view.Preview = query.Get("preview") != ""; view.Preview {
		view.Embed = true
	}
	p.showPage(w, r, &form, view, http.StatusOK)
}

// showPage gives a form's page a challenge, where it wants one, and sends it.
func (p *PortalAPI) showPage(w http.ResponseWriter, r *http.Request, form *portal.Form, view portal.View, status int) {
	if p.Service.WantsProof(form) && !view.Preview {
		c := p.Service.NewChallenge(form.Name)
		view.Proof = &c
	}
	page, err := form.Show(view)
	p.writePage(w, r, status, page, err)
}

// challenge answers GET /f/{form}/challenge.
func (p *PortalAPI) challenge(w http.ResponseWriter, r *http.Request) {
	form, err := p.Service.Form(r.PathValue("form"))
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	allowOrigin(w, r, &form)
	writePortalJSON(w, http.StatusOK, p.Service.NewChallenge(form.Name))
}

// use answers a POST of a form by which one of its tools is asked.
func (p *PortalAPI) use(w http.ResponseWriter, r *http.Request, form *portal.Form, sub portal.Submission, html bool) {
	answer, err := p.Service.Use(r.Context(), *form, sub.Tool, sub.Values, sub.Visit)
	switch {
	case html && err != nil:
		p.complain(w, r, form, sub, err)
	case err != nil:
		writePortalError(w, r, err)
	case html:
		view := typed(r, sub)
		view.Answer = &answer
		p.showPage(w, r, form, view, http.StatusOK)
	default:
		writePortalJSON(w, http.StatusOK, answer)
	}
}

// typed shows a form again with what was typed.
func typed(r *http.Request, sub portal.Submission) portal.View {
	view := portal.View{Embed: r.URL.Query().Get("embed") != "", Token: sub.Token, Referrer: sub.Visit.Referrer, Filled: true, Values: map[string]string{}}
	for name, value := range sub.Values {
		if s, ok := value.(string); ok {
			view.Values[name] = s
		}
	}
	return view
}

// submit answers POST /f/{form}.
func (p *PortalAPI) submit(w http.ResponseWriter, r *http.Request) {
	form, err := p.Service.Form(r.PathValue("form"))
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	if !allowOrigin(w, r, &form) {
		writePortalError(w, r, errs.New(errs.Forbidden, "portal.origin", "this form may not be sent from that site"))
		return
	}
	sub, html, err := p.readSubmission(w, r, &form)
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	if sub.Tool != "" && !form.IsClosed() {
		p.use(w, r, &form, sub, html)
		return
	}
	id, err := p.Service.Submit(r.Context(), form, sub)
	switch {
	case err == nil && !html:
		writePortalJSON(w, http.StatusAccepted, map[string]string{"id": id})
	case err == nil:
		page, err := form.Thanks(r.URL.Query().Get("embed") != "")
		p.writePage(w, r, http.StatusAccepted, page, err)
	case !html:
		writePortalError(w, r, err)
	default:
		p.complain(w, r, &form, sub, err)
	}
}

// complain shows the form again with what was typed and what is to be done.
func (p *PortalAPI) complain(w http.ResponseWriter, r *http.Request, form *portal.Form, sub portal.Submission, err error) {
	e := publicError(err)
	status := portalStatus(e)
	if e.Code == portal.CodeClosed {
		page, err := form.Closed(r.URL.Query().Get("embed") != "")
		p.writePage(w, r, status, page, err)
		return
	}
	view := typed(r, sub)
	view.Faults = e.Fields
	if len(e.Fields) == 0 {
		view.Notice = form.Trouble(e)
	}
	setRetryAfter(w, e)
	p.showPage(w, r, form, view, status)
}

// preflight tells a browser that scripts of the form's sites may send it.
func (p *PortalAPI) preflight(w http.ResponseWriter, r *http.Request) {
	form, err := p.Service.Form(r.PathValue("form"))
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	if allowOrigin(w, r, &form) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key, Traceparent, Tracestate")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// track answers POST /t. The script can't read the answer and needs none.
func (p *PortalAPI) track(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	interactions, err := readInteractions(w, r)
	if err == nil {
		err = p.Service.Track(r.Context(), p.visit(r), interactions)
	}
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (p *PortalAPI) trackPreflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// writePage sends a page that must not be kept: its token is one visitor's.
func (p *PortalAPI) writePage(w http.ResponseWriter, r *http.Request, status int, page portal.Page, err error) {
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.HTML) // the visitor has gone: nobody is left to tell
}

// asset serves one of the scripts that other sites load.
func asset(name string) http.HandlerFunc {
	content, etag, ok := portal.Asset(name)
	return func(w http.ResponseWriter, r *http.Request) {
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Etag", etag)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}
