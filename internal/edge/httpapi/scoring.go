package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Scoring is what the addresses below need; *scoring.Service is one.
type Scoring interface {
	Upload(ctx context.Context, name string, from io.Reader) (record.Row, error)
	Preview(ctx context.Context, key id.ID, m history.Mapping) (history.Preview, error)
	Refused(ctx context.Context, key id.ID) (io.ReadCloser, error)
	Export(ctx context.Context, version id.ID) (string, error)
}

// ScoringAPI takes files of history and gives those of models. Everything else
// about scoring is records and actions.
//
//	POST /api/scoring/imports?name=FILE     the file as the body → {"id"}
//	POST /api/scoring/imports/{id}/preview  a mapping, or {} → history.Preview
//	GET  /api/scoring/imports/{id}/refused  the rows that were refused, as CSV
//	GET  /api/scoring/versions/{id}/model   the model as LightGBM text, or as it was imported
type ScoringAPI struct{ Scoring Scoring }

// Register adds the routes.
func (a *ScoringAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/scoring/imports", answering(a.upload))
	mux.HandleFunc("POST /api/scoring/imports/{id}/preview", answering(a.preview))
	mux.HandleFunc("GET /api/scoring/imports/{id}/refused", answering(a.refused))
	mux.HandleFunc("GET /api/scoring/versions/{id}/model", answering(a.model))
}

func (a *ScoringAPI) upload(w http.ResponseWriter, r *http.Request) error {
	if access.From(r.Context()).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "history.csv"
	}
	row, err := a.Scoring.Upload(r.Context(), name, http.MaxBytesReader(w, r.Body, scoring.MaxUpload+1))
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusCreated, map[string]any{"id": row.ID("rpt_historyimportid")})
	return nil
}

// maxMappingBody bounds a mapping as JSON.
const maxMappingBody = 1 << 20

func (a *ScoringAPI) preview(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	var m history.Mapping
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMappingBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return errs.New(errs.Invalid, "history.mapping", "the mapping can't be read")
	}
	p, err := a.Scoring.Preview(r.Context(), key, m)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, p)
	return nil
}

func (a *ScoringAPI) refused(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	f, err := a.Scoring.Refused(r.Context(), key)
	if err != nil {
		return err
	}
	defer f.Close()
	attach(w, "text/csv; charset=utf-8", "refused.csv")
	_, _ = io.Copy(w, f) // when the client has gone nobody is left to tell
	return nil
}

func (a *ScoringAPI) model(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	text, err := a.Scoring.Export(r.Context(), key)
	if err != nil {
		return err
	}
	attach(w, "text/plain; charset=utf-8", "model.txt")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
	return nil
}

func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// signedID reads the id of the path for somebody who is signed in.
func signedID(r *http.Request) (id.ID, error) {
	if access.From(r.Context()).Kind == access.Anonymous {
		return id.Nil, access.ErrSignIn
	}
	return id.Parse(r.PathValue("id"))
}
