package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

// Importer is what the addresses below need; *transfer.Service is one.
type Importer interface {
	Upload(ctx context.Context, into id.ID, table, name string, from io.Reader) (transfer.Uploaded, error)
	Preview(ctx context.Context, file id.ID, table string, m transfer.Mapping) (transfer.Preview, error)
	Remove(ctx context.Context, file id.ID) error
	Map(ctx context.Context, file id.ID, table string, m transfer.Mapping) error
	State(ctx context.Context, key id.ID) (transfer.State, error)
	Refused(ctx context.Context, file id.ID, to io.Writer) error
	Kept(ctx context.Context, key id.ID, to io.Writer) error
}

// ImportsAPI takes files that are imported into tables. Starting, pausing and
// undoing are actions on the record of the import.
//
//	POST /api/imports?table=T&name=FILE[&import=ID]  the file as the body → {"import", "file"}
//	GET  /api/imports/{id}                           how far it has got → transfer.State
//	GET  /api/imports/{id}/kept                      changes that an undo left, as CSV
//	POST /api/imports/files/{id}/preview[?table=T]   a mapping, or {} → transfer.Preview
//	PUT  /api/imports/files/{id}?table=T             the mapping to import by
//	DELETE /api/imports/files/{id}                   takes a file out of an import that has not begun
//	GET  /api/imports/files/{id}/refused             the rows that were refused, as CSV
type ImportsAPI struct {
	Imports Importer
	Clock   clock.Clock
}

// Register adds the routes.
func (a *ImportsAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/imports", answering(a.upload))
	mux.HandleFunc("GET /api/imports/{id}", answering(a.state))
	mux.HandleFunc("GET /api/imports/{id}/kept", answering(a.kept))
	mux.HandleFunc("POST /api/imports/files/{id}/preview", answering(a.preview))
	mux.HandleFunc("PUT /api/imports/files/{id}", answering(a.mapped))
	mux.HandleFunc("DELETE /api/imports/files/{id}", answering(a.remove))
	mux.HandleFunc("GET /api/imports/files/{id}/refused", answering(a.refused))
}

func (a *ImportsAPI) upload(w http.ResponseWriter, r *http.Request) error {
	if access.From(r.Context()).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	q := r.URL.Query()
	into := id.Nil
	if text := q.Get("import"); text != "" {
		var err error
		if into, err = id.Parse(text); err != nil {
			return err
		}
	}
	name := q.Get("name")
	if name == "" {
		name = "import.csv"
	}
	body := patient{from: http.MaxBytesReader(w, r.Body, transfer.MaxUpload+1), control: http.NewResponseController(w), clock: a.Clock}
	out, err := a.Imports.Upload(r.Context(), into, q.Get("table"), name, body)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusCreated, out)
	return nil
}

// patient gives a long upload time as long as it goes on.
type patient struct {
	from    io.Reader
	control *http.ResponseController
	clock   clock.Clock
}

const uploadPause = time.Minute

func (p patient) Read(b []byte) (int, error) {
	// Where the connection has no deadline there is none to move.
	_ = p.control.SetReadDeadline(p.clock.Now().Add(uploadPause))
	return p.from.Read(b)
}

func (a *ImportsAPI) state(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	out, err := a.Imports.State(r.Context(), key)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, out)
	return nil
}

func (a *ImportsAPI) mapping(w http.ResponseWriter, r *http.Request) (id.ID, transfer.Mapping, error) {
	key, err := signedID(r)
	if err != nil {
		return id.Nil, transfer.Mapping{}, err
	}
	m, err := transfer.ParseMapping(http.MaxBytesReader(w, r.Body, maxMappingBody))
	return key, m, err
}

func (a *ImportsAPI) preview(w http.ResponseWriter, r *http.Request) error {
	key, m, err := a.mapping(w, r)
	if err != nil {
		return err
	}
	p, err := a.Imports.Preview(r.Context(), key, r.URL.Query().Get("table"), m)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, p)
	return nil
}

func (a *ImportsAPI) mapped(w http.ResponseWriter, r *http.Request) error {
	key, m, err := a.mapping(w, r)
	if err != nil {
		return err
	}
	if err := a.Imports.Map(r.Context(), key, r.URL.Query().Get("table"), m); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *ImportsAPI) remove(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	if err := a.Imports.Remove(r.Context(), key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *ImportsAPI) refused(w http.ResponseWriter, r *http.Request) error {
	return a.file(w, r, "refused.csv", a.Imports.Refused)
}

func (a *ImportsAPI) kept(w http.ResponseWriter, r *http.Request) error {
	return a.file(w, r, "kept.csv", a.Imports.Kept)
}

// file answers with a file that is written on the way.
func (a *ImportsAPI) file(w http.ResponseWriter, r *http.Request, name string, write func(context.Context, id.ID, io.Writer) error) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	return streamed(w, "text/csv; charset=utf-8", name, func(to io.Writer) error { return write(r.Context(), key, to) })
}

// streamed answers with what is written. An error before the first byte is
// answered as such; one after it breaks the connection, so that nobody takes the
// part for the whole.
func streamed(w http.ResponseWriter, kind, name string, write func(io.Writer) error) error {
	out := &late{w: w, begin: func() { attach(w, kind, name) }}
	err := write(out)
	if err == nil {
		if !out.begun {
			attach(w, kind, name)
		}
		return nil
	}
	if !out.begun {
		return err
	}
	panic(http.ErrAbortHandler)
}

// late writes the head of an answer with its first byte.
type late struct {
	w     http.ResponseWriter
	begin func()
	begun bool
}

func (l *late) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.begin()
	}
	return l.w.Write(p)
}
