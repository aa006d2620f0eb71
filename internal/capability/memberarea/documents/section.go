package documents

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/memorylocker"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/files"
)

//go:embed section.html
var page string

//go:embed upload.js
var script string

// Documents is what the section asks; *document.Service is one. Each method looks
// at the member in the context and finds what is the member's alone.
type Documents interface {
	Mine(ctx context.Context, about id.ID, lang string) ([]document.Request, error)
	Send(ctx context.Context, request id.ID, name string, body io.Reader) error
	Open(ctx context.Context, about, file id.ID) (files.Info, io.ReadSeekCloser, error)
	TakeBack(ctx context.Context, about, file id.ID) error
	Begin(ctx context.Context, request id.ID, name string, size int64) (document.Upload, error)
	Upload(ctx context.Context, key id.ID) (document.Upload, error)
	Append(ctx context.Context, u document.Upload, at int64, body io.Reader) (int64, error)
	Finish(ctx context.Context, u document.Upload) error
	Abandon(ctx context.Context, u document.Upload) error
}

// Section is the part of a record's page about documents.
type Section struct {
	documents Documents
	locks     *memorylocker.MemoryLocker
	pages     map[string]*template.Template
}

// New makes the section.
func New(d Documents) (*Section, error) {
	s := &Section{documents: d, locks: memorylocker.New(), pages: map[string]*template.Template{}}
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
func (s *Section) Name() string { return "documents" }

type itemView struct {
	document.Request
	StatusText, Choose, Limits, Action string
	Files                              []fileView
}

type fileView struct {
	Name, Size, Day, Said, Link, Remove, RemoveSaid string
}

var statusWords = map[int64]string{document.Asked: "asked", document.Received: "received", document.Accepted: "accepted", document.Refused: "refused", document.Waived: "waived"}

// Show gives what is asked of the member about a record.
func (s *Section) Show(ctx context.Context, r memberarea.Record) (memberarea.Block, bool, error) {
	list, err := s.documents.Mine(ctx, r.ID, r.Lang)
	if err != nil || len(list) == 0 {
		return memberarea.Block{}, false, err
	}
	v := struct {
		Note, TokenName, Token, Upload string
		Todo                           int
		Items                          []itemView
	}{Upload: r.Path("upload"), Todo: todo(list)}
	v.TokenName, v.Token = r.Token()
	switch r.Note {
	case "documents_sent":
		v.Note = say(r.Lang, "sent")
	case "documents_removed":
		v.Note = say(r.Lang, "removed")
	}
	for _, one := range list {
		it := itemView{Request: one, StatusText: say(r.Lang, statusWords[one.Status]), Choose: say(r.Lang, "choose", one.Name), Action: r.Action(one.ID.String(), "send")}
		if one.Status == document.Asked && !one.Required {
			it.StatusText = say(r.Lang, "optional")
		}
		if it.Limits = say(r.Lang, "most", one.Most); one.Most == 1 {
			it.Limits = say(r.Lang, "most1")
		}
		if one.MaxAge > 0 {
			it.Limits = say(r.Lang, "age", one.MaxAge) + " " + it.Limits
		}
		for _, f := range one.Files {
			w := fileView{Name: f.Name, Size: size(f.Size), Day: r.Day(f.On)}
			switch f.State {
			case document.FileHeld:
				w.Said = say(r.Lang, "held")
			case document.FileInfected:
				w.Said = say(r.Lang, "infected")
			default:
				w.Link = r.Path(f.ID.String(), "file")
			}
			if one.Open {
				w.Remove, w.RemoveSaid = r.Path(f.ID.String(), "remove"), say(r.Lang, "removeof", f.Name)
			}
			it.Files = append(it.Files, w)
		}
		v.Items = append(v.Items, it)
	}
	var b strings.Builder
	err = s.pages[r.Lang].Execute(&b, v)
	return memberarea.Block{Title: say(r.Lang, "title"), HTML: template.HTML(b.String()), Script: script}, err == nil, err
}

// todo counts what is needed and has not been sent.
func todo(list []document.Request) (n int) {
	for _, r := range list {
		if r.Required && (r.Status == document.Asked || r.Status == document.Refused) {
			n++
		}
	}
	return n
}

// Asks tells what the member has still to do.
func (s *Section) Asks(ctx context.Context, r memberarea.Record) ([]string, error) {
	list, err := s.documents.Mine(ctx, r.ID, r.Lang)
	if err != nil {
		return nil, err
	}
	switch n := todo(list); n {
	case 0:
		return nil, nil
	case 1:
		return []string{say(r.Lang, "todo1")}, nil
	default:
		return []string{say(r.Lang, "todo", n)}, nil
	}
}

// uploadTime is how long one form may bring its files.
const uploadTime = 30 * time.Minute

// Serve answers what the section's page asks for.
func (s *Section) Serve(w http.ResponseWriter, req *http.Request, r memberarea.Record) error {
	rest := strings.Split(strings.Trim(strings.TrimPrefix(req.URL.Path, r.Path()), "/"), "/")
	if rest[0] == "upload" && len(rest) <= 2 {
		return s.tus(w, req, r)
	}
	if len(rest) != 2 {
		return memberarea.ErrNone
	}
	key, err := id.Parse(rest[0])
	if err != nil {
		return memberarea.ErrNone
	}
	switch req.Method + " " + rest[1] {
	case "POST send":
		err = s.send(w, req, r, key)
	case "POST remove":
		if err = s.documents.TakeBack(req.Context(), r.ID, key); err == nil {
			r.Back(w, req, "documents_removed")
		}
	case "GET file", "HEAD file":
		err = s.give(w, req, r, key)
	default:
		return memberarea.ErrNone
	}
	return worded(err, r.Lang)
}

// worded puts an error into the member's words.
func worded(err error, lang string) error {
	var e *errs.Error
	if text := document.Words(err, lang); text != "" && errors.As(err, &e) {
		said := *e
		said.Message = text
		return &said
	}
	return err
}

// formMost is how much one form may bring.
const formMost = 120 << 20

// send takes the files of a form.
func (s *Section) send(w http.ResponseWriter, req *http.Request, r memberarea.Record, request id.ID) error {
	// Large files take longer than a request usually may.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)) // not every transport knows deadlines
	req.Body = http.MaxBytesReader(w, req.Body, formMost)
	form, err := req.MultipartReader()
	if err != nil {
		return errs.New(errs.Invalid, "document.form", "%s", say(r.Lang, "nofile"))
	}
	for n := 0; ; {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return errs.New(errs.Invalid, "document.form", "%s", say(r.Lang, "nofile"))
			}
			r.Back(w, req, "documents_sent")
			return nil
		}
		if err != nil {
			return cut(err)
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		if err := s.documents.Send(req.Context(), request, fileName(part), part); err != nil {
			return cut(err)
		}
		n++
	}
}

// fileName gives the name as it was sent; FileName would leave out what stands
// before a stroke, which package files does for those of Windows, too.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil || params["filename"] == "" {
		return part.FileName()
	}
	return params["filename"]
}

// cut tells a form that is too large from one that broke off.
func cut(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return document.ErrLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errs.New(errs.Invalid, "document.form", "the files did not come to their end")
	}
	return err
}

// give sends a file back to who sent it; whatever it is, it runs nothing here.
func (s *Section) give(w http.ResponseWriter, req *http.Request, r memberarea.Record, file id.ID) error {
	in, content, err := s.documents.Open(req.Context(), r.ID, file)
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", in.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(in.Name)}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	http.ServeContent(w, req, "", in.CreatedOn, content)
	return nil
}
