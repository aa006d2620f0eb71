package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

var (
	errFormSyntax  = errs.New(errs.Invalid, "portal.malformed", "the request's body can't be read")
	errFormSize    = errs.New(errs.TooLarge, "portal.too_large", "the request's body is too large")
	errFormType    = errs.New(errs.Unsupported, "portal.content_type", "send a form (application/x-www-form-urlencoded or multipart/form-data) or application/json")
	errFormUTF8    = errs.New(errs.Invalid, "portal.invalid_utf8", "the request's body is not valid UTF-8")
	errFormUpload  = errs.New(errs.Invalid, "portal.file", "this form takes no files")
	errFormContext = errs.New(errs.Invalid, "portal.context", "context must be an object of texts")
)

// readSubmission reads a submission in any of its forms. html tells whether the
// sender is a person's browser that wants a page.
func (p *PortalAPI) readSubmission(w http.ResponseWriter, r *http.Request, form *portal.Form) (sub portal.Submission, html bool, err error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return sub, false, errFormType
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	sub.Visit = p.visit(r)
	sub.Visit.Page = p.pageAddress(r)
	query := r.URL.Query()
	sub.Visit.Referrer = query.Get("referrer")
	sub.Visit.UTM = utmOf(query)
	if id := query.Get("visitorid"); id != "" {
		sub.Visit.VisitorID = id
	}
	sub.Key = r.Header.Get("Idempotency-Key")
	if len(sub.Key) > 200 {
		return sub, false, errs.New(errs.Invalid, "portal.key", "an Idempotency-Key has at most 200 characters")
	}
	switch mediaType {
	case "application/json":
		sub.API = true
		err := readJSONSubmission(r, &sub)
		return sub, false, err
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case "multipart/form-data":
		if err = r.ParseMultipartForm(maxForm); err == nil && len(r.MultipartForm.File) > 0 {
			err = errFormUpload
		}
	default:
		return sub, false, errFormType
	}
	if err != nil {
		return sub, false, bodyError(err)
	}
	if err := readFormSubmission(r.PostForm, &sub); err != nil {
		return sub, false, err
	}
	return sub, !acceptsJSON(r), nil
}

// readFormSubmission takes the inputs of an HTML form.
func readFormSubmission(inputs url.Values, sub *portal.Submission) error {
	sub.Values = make(map[string]any, len(inputs))
	for name, values := range inputs {
		if !utf8.ValidString(name) {
			return errFormUTF8
		}
		for _, v := range values {
			if !utf8.ValidString(v) {
				return errFormUTF8
			}
		}
		switch name {
		case portal.InputToken:
			sub.Token = values[0]
		case portal.InputTrap:
			sub.Trap = values[0]
		case portal.InputProof:
			sub.Proof = values[0]
		case portal.InputTool:
			sub.Tool = values[0]
		case portal.InputLocalTime:
			sub.Visit.LocalTime = values[0]
		case portal.InputReferrer:
			if values[0] != "" {
				sub.Visit.Referrer = values[0]
			}
		case "context": // only JSON clients have one
		default:
			if len(values) == 1 {
				sub.Values[name] = values[0]
				continue
			}
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = v
			}
			sub.Values[name] = list
		}
	}
	if len(sub.Token) > 200 {
		return errFormSyntax
	}
	return nil
}

// readJSONSubmission takes {"firstname": …, "context": {"page": …}}.
func readJSONSubmission(r *http.Request, sub *portal.Submission) error {
	if err := readJSON(r, &sub.Values); err != nil {
		return err
	}
	if sub.Values == nil {
		return errFormSyntax
	}
	if trap, ok := sub.Values[portal.InputTrap].(string); ok {
		sub.Trap = trap
	}
	sub.Proof, _ = sub.Values[portal.InputProof].(string)
	sub.Tool, _ = sub.Values[portal.InputTool].(string)
	raw, given := sub.Values["context"]
	delete(sub.Values, "context")
	if !given || raw == nil {
		return nil
	}
	context, ok := raw.(map[string]any)
	if !ok {
		return errFormContext
	}
	for name, value := range context {
		text, ok := value.(string)
		if !ok {
			return errFormContext
		}
		switch v := &sub.Visit; name {
		case "page":
			v.Page = text
		case "referrer":
			v.Referrer = text
		case "visitorid":
			v.VisitorID = text
		case "localtime":
			v.LocalTime = text
		case "useragent": // of the person, where a server sends for them
			v.UserAgent = text
		default:
			if portal.IsUTM(name) {
				if v.UTM == nil {
					v.UTM = map[string]string{}
				}
				v.UTM[name] = text
			}
		}
	}
	return nil
}

// readInteractions takes one interaction or an array of them. Browsers send it
// as text/plain, so that no leave of the other origin has to be asked for.
func readInteractions(w http.ResponseWriter, r *http.Request) ([]portal.Interaction, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxTrack)
	var raw json.RawMessage
	if err := readJSON(r, &raw); err != nil {
		return nil, err
	}
	var list []portal.Interaction
	var err error
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		err = json.Unmarshal(raw, &list)
	} else {
		list = make([]portal.Interaction, 1)
		err = json.Unmarshal(raw, &list[0])
	}
	if err != nil {
		return nil, errFormSyntax
	}
	return list, nil
}

// readJSON reads one JSON text and nothing after it.
func readJSON(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	if !utf8.Valid(body) {
		return errFormUTF8
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return errFormSyntax
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errFormSyntax
	}
	return nil
}

// bodyError tells a body that is too large from one that can't be read.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	var known *errs.Error
	switch {
	case errors.As(err, &tooLarge):
		return errFormSize
	case errors.As(err, &known):
		return err
	}
	return errFormSyntax
}

// visit gathers what the request itself tells of the visitor.
func (p *PortalAPI) visit(r *http.Request) portal.Visit {
	v := portal.Visit{UserAgent: r.UserAgent(), Language: r.Header.Get("Accept-Language"), Address: p.address(r),
		DoNotTrack: r.Header.Get("Dnt") == "1" || r.Header.Get("Sec-Gpc") == "1"}
	if c, err := r.Cookie("rpt_vid"); err == nil {
		v.VisitorID = c.Value
	}
	return v
}

// address gives the visitor's address: the last one in X-Forwarded-For that is
// not a proxy of ours, where the request came through one.
func (p *PortalAPI) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && p.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func (p *PortalAPI) trusted(a netip.Addr) bool {
	for _, proxy := range p.Proxies {
		if proxy.Contains(a) {
			return true
		}
	}
	return false
}

// pageAddress gives the page the visitor is on: the embedding one, which the
// embedding script names, or else the form's own.
func (p *PortalAPI) pageAddress(r *http.Request) string {
	query := r.URL.Query()
	if page := query.Get("page"); page != "" {
		return page
	}
	own := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if r.TLS != nil {
		own.Scheme = "https"
	} else if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && p.trusted(peer.Addr().Unmap()) && r.Header.Get("X-Forwarded-Proto") == "https" {
		own.Scheme = "https"
	}
	return own.String()
}

func utmOf(query url.Values) map[string]string {
	utm := map[string]string{}
	for name, values := range query {
		if portal.IsUTM(name) {
			utm[name] = values[0]
		}
	}
	return utm
}

// acceptedCountry gives the country that the browser's languages name, if any.
func acceptedCountry(r *http.Request) string {
	header := r.Header.Get("Accept-Language")
	if len(header) > 200 {
		return ""
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		if region, sure := tag.Region(); sure == language.Exact && region.IsCountry() {
			return region.String()
		}
	}
	return ""
}

// acceptsJSON tells whether the sender of an HTML form wants JSON back, as scripts do.
func acceptsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// allowOrigin sets the headers that let a page of another site read the answer.
// It is false for a site that the form does not know.
func allowOrigin(w http.ResponseWriter, r *http.Request, form *portal.Form) bool {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" { // not a browser, or one that hides where it is
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host == r.Host {
		return true
	}
	if !form.MayEmbed(origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}
