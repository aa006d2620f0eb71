package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/bulk"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// Bulk is what the addresses below need; *bulk.Service is one.
type Bulk interface {
	Preview(ctx context.Context, r bulk.Request) (bulk.Preview, error)
	Start(ctx context.Context, r bulk.Request) (id.ID, error)
	State(ctx context.Context, key id.ID) (bulk.State, error)
}

// BulkAPI changes many rows at once. Pausing, cancelling and undoing are actions
// on the record of the change.
//
//	POST /api/bulk/preview      a bulk.Request → bulk.Preview
//	POST /api/bulk              a bulk.Request → {"id"}
//	GET  /api/bulk/{id}         how far it has got → bulk.State
//	GET  /api/bulk/{id}/failed  rows that were not changed, as CSV
//	GET  /api/bulk/{id}/kept    changes that an undo left, as CSV
type BulkAPI struct {
	Bulk   Bulk
	Keeper *operation.Keeper
}

// Register adds the routes.
func (a *BulkAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/bulk/preview", answering(a.preview))
	mux.HandleFunc("POST /api/bulk", answering(a.start))
	mux.HandleFunc("GET /api/bulk/{id}", answering(a.state))
	mux.HandleFunc("GET /api/bulk/{id}/failed", answering(a.faults("failed.csv", operation.PhaseRun)))
	mux.HandleFunc("GET /api/bulk/{id}/kept", answering(a.faults("kept.csv", operation.PhaseUndo)))
}

const maxBulkBody = 4 << 20

func bulkRequest(w http.ResponseWriter, r *http.Request) (in bulk.Request, err error) {
	if access.From(r.Context()).Kind == access.Anonymous {
		return in, access.ErrSignIn
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBulkBody))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return in, errs.New(errs.Invalid, "bulk.request", "the request can't be read: table, kind, and which rows are expected")
	}
	return in, nil
}

func (a *BulkAPI) preview(w http.ResponseWriter, r *http.Request) error {
	in, err := bulkRequest(w, r)
	if err != nil {
		return err
	}
	p, err := a.Bulk.Preview(r.Context(), in)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, p)
	return nil
}

func (a *BulkAPI) start(w http.ResponseWriter, r *http.Request) error {
	in, err := bulkRequest(w, r)
	if err != nil {
		return err
	}
	key, err := a.Bulk.Start(r.Context(), in)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusAccepted, map[string]any{"id": key})
	return nil
}

func (a *BulkAPI) state(w http.ResponseWriter, r *http.Request) error {
	key, err := signedID(r)
	if err != nil {
		return err
	}
	s, err := a.Bulk.State(r.Context(), key)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, s)
	return nil
}

func (a *BulkAPI) faults(name string, phase int64) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := signedID(r)
		if err != nil {
			return err
		}
		if _, err := a.Bulk.State(r.Context(), key); err != nil {
			return err
		}
		return streamed(w, "text/csv; charset=utf-8", name, func(to io.Writer) error { return transfer.WriteFaults(r.Context(), a.Keeper, key, phase, to) })
	}
}
