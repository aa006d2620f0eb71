package signing

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/commons/signature"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
)

//go:embed section.html
var page string

// Signatures is what the section asks; *signature.Service is one. Each method
// looks at the member in the context and finds what is the member's alone.
type Signatures interface {
	Mine(ctx context.Context, about id.ID) ([]signature.Document, error)
	Open(ctx context.Context, about, signer id.ID, certificate bool) (files.Info, io.ReadSeekCloser, error)
	Sign(ctx context.Context, about, signer id.ID, in signature.SignInput, from signature.From) error
	Decline(ctx context.Context, about, signer id.ID, reason string) error
}

// Options are what the section needs.
type Options struct {
	Signatures Signatures
	// SignedIn tells when the session with a form's token was opened.
	SignedIn func(ctx context.Context, contact id.ID, csrf string) (time.Time, error)
	Clock    clock.Clock
}

// Section is the part of a record's page about signatures.
type Section struct {
	o     Options
	pages map[string]*template.Template
}

// New makes the section.
func New(o Options) (*Section, error) {
	s := &Section{o: o, pages: map[string]*template.Template{}}
	for _, lang := range []string{"en", "de"} {
		t, err := template.New(lang).Funcs(template.FuncMap{"t": func(key string) string { return say(lang, key) }}).Parse(page)
		if err != nil {
			return nil, err
		}
		s.pages[lang] = t
	}
	return s, nil
}

// Name is the section's segment in addresses.
func (s *Section) Name() string { return "signing" }

type itemView struct {
	signature.Document
	Open, Read                           bool
	Said, Link, Certified, Sign, Decline string
}

// Show gives what the member signs or has signed about a record.
func (s *Section) Show(ctx context.Context, r memberarea.Record) (memberarea.Block, bool, error) {
	list, err := s.o.Signatures.Mine(ctx, r.ID)
	if err != nil || len(list) == 0 {
		return memberarea.Block{}, false, err
	}
	since, err := s.o.SignedIn(ctx, r.Member.ID, r.Member.CSRF)
	if err != nil {
		return memberarea.Block{}, false, err
	}
	v := struct {
		Note, TokenName, Token, Consent string
		Recent                          bool
		Items                           []itemView
	}{Consent: signature.Consent(r.Lang), Recent: s.o.Clock.Now().Sub(since) <= signature.Recent}
	v.TokenName, v.Token = r.Token()
	v.Note = map[string]string{"signing_done": say(r.Lang, "thanks"), "signing_declined": say(r.Lang, "noted")}[r.Note]
	for _, d := range list {
		key := d.ID.String()
		it := itemView{Document: d, Link: r.Path(key, "document"), Sign: r.Path(key, "sign"), Decline: r.Path(key, "decline"), Open: s.open(d), Read: d.Mine == signature.SignerRead}
		switch {
		case d.Mine == signature.SignerSigned:
			it.Said = say(r.Lang, "signed") + " " + r.Moment(d.SignedOn) + "."
			if d.Status == signature.Sent {
				it.Said += " " + say(r.Lang, "waits")
			}
		case d.Status == signature.Declined:
			it.Said = say(r.Lang, "declined")
		case !it.Open:
			it.Said = say(r.Lang, "expired")
		default:
			it.Said = say(r.Lang, "until") + " " + r.Moment(d.Expires) + "."
		}
		if d.Certificate {
			it.Certified = r.Path(key, "certificate")
		}
		v.Items = append(v.Items, it)
	}
	var b strings.Builder
	err = s.pages[r.Lang].Execute(&b, v)
	return memberarea.Block{Title: say(r.Lang, "title"), HTML: template.HTML(b.String())}, err == nil, err
}

// open tells whether the member can sign now.
func (s *Section) open(d signature.Document) bool {
	return d.Status == signature.Sent && (d.Mine == signature.SignerAsked || d.Mine == signature.SignerRead) && d.Expires.After(s.o.Clock.Now())
}

// Asks tells what the member has still to do.
func (s *Section) Asks(ctx context.Context, r memberarea.Record) ([]string, error) {
	list, err := s.o.Signatures.Mine(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if s.open(d) {
			return []string{say(r.Lang, "todo")}, nil
		}
	}
	return nil, nil
}

// Serve answers what the section's page asks for.
func (s *Section) Serve(w http.ResponseWriter, req *http.Request, r memberarea.Record) error {
	rest := strings.Split(strings.Trim(strings.TrimPrefix(req.URL.Path, r.Path()), "/"), "/")
	if len(rest) != 2 {
		return memberarea.ErrNone
	}
	key, err := id.Parse(rest[0])
	if err != nil {
		return memberarea.ErrNone
	}
	switch req.Method + " " + rest[1] {
	case "GET document", "HEAD document":
		err = s.give(w, req, r, key, false)
	case "GET certificate", "HEAD certificate":
		err = s.give(w, req, r, key, true)
	case "POST sign":
		if err = s.sign(req, r, key); err == nil {
			r.Back(w, req, "signing_done")
		}
	case "POST decline":
		if err = s.o.Signatures.Decline(req.Context(), r.ID, key, req.PostForm.Get("reason")); err == nil {
			r.Back(w, req, "signing_declined")
		}
	default:
		return memberarea.ErrNone
	}
	var e *errs.Error
	if text := signature.Words(err, r.Lang); text != "" && errors.As(err, &e) {
		said := *e
		said.Message = text
		return &said
	}
	return err
}

func (s *Section) sign(req *http.Request, r memberarea.Record, key id.ID) error {
	ctx := req.Context()
	since, err := s.o.SignedIn(ctx, r.Member.ID, r.Member.CSRF)
	if err != nil {
		return err
	}
	in := signature.SignInput{Typed: req.PostForm.Get("name"), Agrees: req.PostForm.Get("agrees") == "yes", SHA256: req.PostForm.Get("sha256")}
	return s.o.Signatures.Sign(ctx, r.ID, key, in, signature.From{Address: changelog.SourceOf(ctx).Address, Agent: req.UserAgent(), Method: r.Member.Method, SignedIn: since, Lang: r.Lang})
}

// give shows the document as the browser shows such files; nothing of it runs here.
func (s *Section) give(w http.ResponseWriter, req *http.Request, r memberarea.Record, key id.ID, certificate bool) error {
	in, content, err := s.o.Signatures.Open(req.Context(), r.ID, key, certificate)
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	kind, policy := "text/plain; charset=utf-8", "sandbox; default-src 'none'"
	if in.MediaType == "application/pdf" {
		// Browsers show a PDF in a process of its own, which a sandbox would keep from them.
		kind, policy = "application/pdf", "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": in.Name}))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	http.ServeContent(w, req, "", in.CreatedOn, content)
	return nil
}
