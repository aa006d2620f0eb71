package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/solution"
)

// Solutions brings bundles in and out.
type Solutions interface {
	Import(ctx context.Context, files fs.FS, how customise.How) (customise.Report, error)
	Export(ctx context.Context, name string) (map[string][]byte, error)
	Remove(ctx context.Context, name string, how customise.How) (customise.Report, error)
}

// SolutionsAPI serves solutions as archives:
//
//	GET    /api/solutions/{name}   the bundle as a zip
//	POST   /api/solutions          a zip to bring in; ?dryRun=true tells only what would be
//	DELETE /api/solutions/{name}   takes the solution out
//
// ?confirmDataLoss=true says that data may be lost.
type SolutionsAPI struct{ Solutions Solutions }

// Register adds the routes.
func (a *SolutionsAPI) Register(mux *http.ServeMux) {
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			err := error(access.ErrSignIn)
			if access.From(r.Context()).Kind != access.Anonymous {
				err = h(w, r)
			}
			if err != nil {
				WriteError(w, r, err)
			}
		})
	}
	handle("GET /api/solutions/{name}", a.export)
	handle("POST /api/solutions", a.bring)
	handle("DELETE /api/solutions/{name}", a.remove)
}

func how(r *http.Request) customise.How {
	q := r.URL.Query()
	return customise.How{Confirm: q.Get("confirmDataLoss") == "true", DryRun: q.Get("dryRun") == "true"}
}

func (a *SolutionsAPI) export(w http.ResponseWriter, r *http.Request) error {
	files, err := a.Solutions.Export(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	data, err := solution.ToZip(files)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="solution.zip"`)
	_, _ = w.Write(data) // when the client has gone nobody is left to tell
	return nil
}

func (a *SolutionsAPI) bring(w http.ResponseWriter, r *http.Request) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, solution.MaxZip))
	if err != nil {
		return err
	}
	files, err := solution.FromZip(data)
	if err != nil {
		return err
	}
	report, err := a.Solutions.Import(r.Context(), files, how(r))
	return tell(w, report, err)
}

func (a *SolutionsAPI) remove(w http.ResponseWriter, r *http.Request) error {
	report, err := a.Solutions.Remove(r.Context(), r.PathValue("name"), how(r))
	return tell(w, report, err)
}

type lossBody struct {
	What string `json:"what"`
	Rows int64  `json:"rows"`
}

func tell(w http.ResponseWriter, r customise.Report, err error) error {
	if err != nil {
		return err
	}
	body := struct {
		Added   []string   `json:"added"`
		Changed []string   `json:"changed"`
		Removed []string   `json:"removed"`
		Losses  []lossBody `json:"losses"`
	}{append([]string{}, r.Added...), append([]string{}, r.Changed...), append([]string{}, r.Removed...), []lossBody{}}
	for _, l := range r.Losses {
		body.Losses = append(body.Losses, lossBody(l))
	}
	text, err := json.Marshal(body)
	if err != nil {
		return errs.Wrap(err, errs.Internal, "solution.encode", "the report has no JSON form")
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // when the client has gone nobody is left to tell
	return nil
}
