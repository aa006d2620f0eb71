package httpapi

import (
	"context"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AccessAPI explains who may do what with a record, and why.
//
//	GET /api/access/{table}/{id}              my own rights on it, each with its reasons
//	GET /api/access/{table}/{id}?user={id}    another user's; wants the right to share it
//	GET /api/access/{table}/{id}/holders      everybody who may read it, and why; wants the right to share it
type AccessAPI struct {
	Records interface {
		record.Reader
		Rights(ctx context.Context, table string, key id.ID) (access.Right, error)
		SharedFor(ctx context.Context, table string, key id.ID, right access.Right) ([]id.ID, error)
		Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
	}
	Access interface {
		Explain(user id.ID, s access.Subject, right access.Right) ([]access.Reason, string)
		Holders(s access.Subject, right access.Right) []access.Holder
	}
}

// Register adds the routes.
func (a *AccessAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/access/{table}/{id}", answering(a.rights))
	mux.HandleFunc("GET /api/access/{table}/{id}/holders", answering(a.holders))
}

type reasonBody struct {
	Rule  access.Rule `json:"rule"`
	Depth string      `json:"depth,omitempty"`
	Via   *id.ID      `json:"via,omitempty"`
	Name  string      `json:"name,omitempty"` // of Via
	Roles []roleBody  `json:"roles,omitempty"`
}

type roleBody struct {
	Name string `json:"name"`
	Team string `json:"team,omitempty"` // by which it is held
}

// subject reads what access sees of a record; only who may read it gets that far.
func (a *AccessAPI) subject(r *http.Request) (s access.Subject, key id.ID, mine access.Right, err error) {
	if key, err = pathID(r); err != nil {
		return s, key, 0, err
	}
	s.Table = r.PathValue("table")
	if mine, err = a.Records.Rights(r.Context(), s.Table, key); err != nil {
		return s, key, 0, err
	}
	if mine&access.Read == 0 {
		return s, key, 0, record.ErrNotFound
	}
	row, err := a.Records.Get(r.Context(), s.Table, key, nil, nil)
	s.Owner, s.Unit = row.ID("ownerid"), row.ID("owningbusinessunit")
	return s, key, mine, err
}

var errOthers = errs.New(errs.Forbidden, "access.others", "only who may share this record may see who else can use it")

func (a *AccessAPI) rights(w http.ResponseWriter, r *http.Request) error {
	s, key, mine, err := a.subject(r)
	if err != nil {
		return err
	}
	who := access.From(r.Context()).ID
	if other := r.URL.Query().Get("user"); other != "" {
		if mine&access.Share == 0 {
			return errOthers
		}
		if who, err = id.Parse(other); err != nil {
			return errs.New(errs.Invalid, "access.user", "user must be the id of a user")
		}
	}
	out := map[string]any{}
	for _, right := range access.Rights() {
		if s.Shares, err = a.Records.SharedFor(r.Context(), s.Table, key, right); err != nil {
			return err
		}
		reasons, missing := a.Access.Explain(who, s, right)
		list, err := a.reasons(r.Context(), reasons)
		if err != nil {
			return err
		}
		out[right.String()] = map[string]any{"held": len(list) > 0, "reasons": list, "missing": missing}
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"systemuserid": who, "rights": out})
	return nil
}

func (a *AccessAPI) holders(w http.ResponseWriter, r *http.Request) error {
	s, key, mine, err := a.subject(r)
	if err != nil {
		return err
	}
	if mine&access.Share == 0 {
		return errOthers
	}
	if s.Shares, err = a.Records.SharedFor(r.Context(), s.Table, key, access.Read); err != nil {
		return err
	}
	list := []map[string]any{}
	for _, h := range a.Access.Holders(s, access.Read) {
		reasons, err := a.reasons(r.Context(), h.Reasons)
		if err != nil {
			return err
		}
		list = append(list, map[string]any{"systemuserid": h.User, "fullname": h.Name, "reasons": reasons})
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"value": list})
	return nil
}

func (a *AccessAPI) reasons(ctx context.Context, all []access.Reason) ([]reasonBody, error) {
	out := make([]reasonBody, len(all))
	for i, x := range all {
		out[i] = reasonBody{Rule: x.Rule}
		if x.Depth != access.None {
			out[i].Depth = x.Depth.String()
		}
		for _, r := range x.Roles {
			team, err := a.name(ctx, r.Team, "team")
			if err != nil {
				return nil, err
			}
			out[i].Roles = append(out[i].Roles, roleBody{r.Name, team})
		}
		if x.Via == id.Nil {
			continue
		}
		out[i].Via = &x.Via
		var err error
		if out[i].Name, err = a.name(ctx, x.Via, "systemuser", "team"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// name gives the name of a row that is in one of the tables; "" for one that is
// nowhere or that may not be read.
func (a *AccessAPI) name(ctx context.Context, key id.ID, tables ...string) (string, error) {
	if key == id.Nil {
		return "", nil
	}
	for _, table := range tables {
		names, err := a.Records.Names(ctx, table, []id.ID{key})
		if err != nil {
			return "", err
		}
		if name := names[key]; name != "" {
			return name, nil
		}
	}
	return "", nil
}
