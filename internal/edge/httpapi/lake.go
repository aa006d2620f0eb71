package httpapi

import (
	"context"
	"net/http"

	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/platform/access"
)

// LakeAPI shows what state the lake is in.
//
//	GET /api/lake/tables
//
// gives {"tables": [lake.TableInfo, …]} to those who hold the privilege
// prvReadLake. No row of the lake can be read here.
type LakeAPI struct {
	Lake interface { // nil where the lake is switched off
		Tables(ctx context.Context) ([]lake.TableInfo, error)
	}
	Access interface {
		Privileged(ctx context.Context, name string) error
	}
}

// Register adds the route.
func (a *LakeAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/lake/tables", answering(a.tables))
}

func (a *LakeAPI) tables(w http.ResponseWriter, r *http.Request) error {
	if err := a.Access.Privileged(r.Context(), access.ReadLake); err != nil {
		return err
	}
	if a.Lake == nil {
		return lake.ErrOff
	}
	list, err := a.Lake.Tables(r.Context())
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"tables": list})
	return nil
}
