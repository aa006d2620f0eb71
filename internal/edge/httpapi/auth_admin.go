package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// SignInAdminAPI is what an administrator does about others' sign-in. It wants
// the privilege prvManageSignIn.
//
//	GET    /api/auth/admin/attempts              ?user=&before=; the sign-in log, newest first
//	GET    /api/auth/admin/users/{id}            {"factors","sessions"}
//	POST   /api/auth/admin/users/{id}/reset      200 {"secret"}: a link for a new password, for an hour
//	DELETE /api/auth/admin/users/{id}/factors    all second factors and passkeys, as when a phone is lost; 204
//	DELETE /api/auth/admin/users/{id}/sessions   204
//	GET    /api/auth/admin/providers
//	POST   /api/auth/admin/providers             {"name","issuer","clientid","secret","scopes","match"}; 201 {"id"}
//	DELETE /api/auth/admin/providers/{id}        204
type SignInAdminAPI struct {
	Auth   *auth.Auth
	Access interface {
		Privileged(ctx context.Context, name string) error
		Outranks(ctx context.Context, user id.ID) error
	}
	// NameOf gives the name by which a user signs in.
	NameOf func(ctx context.Context, user id.ID) (string, error)
}

// Register adds the routes.
func (a *SignInAdminAPI) Register(mux *http.ServeMux) {
	for route, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /api/auth/admin/attempts": a.attempts, "GET /api/auth/admin/users/{id}": a.user, "POST /api/auth/admin/users/{id}/reset": a.reset,
		"DELETE /api/auth/admin/users/{id}/factors": a.dropFactors, "DELETE /api/auth/admin/users/{id}/sessions": a.endSessions,
		"GET /api/auth/admin/providers": a.providers, "POST /api/auth/admin/providers": a.addProvider, "DELETE /api/auth/admin/providers/{id}": a.removeProvider,
	} {
		mux.HandleFunc(route, answering(func(w http.ResponseWriter, r *http.Request) error {
			if err := a.Access.Privileged(r.Context(), access.ManageSignIn); err != nil {
				return err
			}
			w.Header().Set("Cache-Control", "no-store")
			return h(w, r)
		}))
	}
}

type factorBody struct {
	ID      id.ID   `json:"id"`
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	Created *string `json:"createdon"`
	Used    *string `json:"usedon"`
}

type sessionLine struct {
	ID      id.ID   `json:"id"`
	Address string  `json:"address"`
	Agent   string  `json:"agent"`
	Method  string  `json:"method"`
	Created *string `json:"createdon"`
	Seen    *string `json:"seenon"`
	Current bool    `json:"current"`
}

type attemptLine struct {
	At       *string `json:"at"`
	Username string  `json:"username"`
	User     *id.ID  `json:"systemuserid"`
	Address  string  `json:"address"`
	Outcome  string  `json:"outcome"`
}

// wireTime gives an instant as the Web API does; null if there is none.
func wireTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

func attemptLines(all []auth.Attempt) []attemptLine {
	out := make([]attemptLine, len(all))
	for i, t := range all {
		out[i] = attemptLine{wireTime(t.At), t.Username, nil, t.Address, t.Outcome}
		if t.User != id.Nil {
			out[i].User = &t.User
		}
	}
	return out
}

func (a *SignInAdminAPI) attempts(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	user := id.Nil
	if v, err := id.Parse(q.Get("user")); err == nil {
		user = v
	}
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64) // what is no number begins at the newest
	list, next, err := a.Auth.Attempts(r.Context(), user, before, 100)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"value": attemptLines(list), "next": next})
	return nil
}

func (a *SignInAdminAPI) user(w http.ResponseWriter, r *http.Request) error {
	who, err := pathID(r)
	if err != nil {
		return err
	}
	factors, err := a.Auth.Factors(r.Context(), who)
	if err != nil {
		return err
	}
	sessions, err := a.Auth.Sessions(r.Context(), who, "")
	if err != nil {
		return err
	}
	f, s := []factorBody{}, []sessionLine{}
	for _, x := range factors {
		f = append(f, factorBody{x.ID, x.Kind, x.Name, wireTime(x.Created), wireTime(x.Used)})
	}
	for _, x := range sessions {
		s = append(s, sessionLine{x.ID, x.Address, x.Agent, x.Method, wireTime(x.Created), wireTime(x.Seen), false})
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"factors": f, "sessions": s})
	return nil
}

// reset gives a link that opens another's account, so it is for those only
// whose rights the caller has, too.
func (a *SignInAdminAPI) reset(w http.ResponseWriter, r *http.Request) error {
	who, err := a.subordinate(r)
	if err != nil {
		return err
	}
	name, err := a.NameOf(r.Context(), who)
	if err != nil {
		return err
	}
	secret, err := a.Auth.BeginReset(r.Context(), who, name)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"secret": secret, "path": "/reset#" + secret})
	return nil
}

func (a *SignInAdminAPI) subordinate(r *http.Request) (id.ID, error) {
	who, err := pathID(r)
	if err != nil {
		return id.Nil, err
	}
	return who, a.Access.Outranks(r.Context(), who)
}

func (a *SignInAdminAPI) dropFactors(w http.ResponseWriter, r *http.Request) error {
	who, err := a.subordinate(r)
	if err != nil {
		return err
	}
	factors, err := a.Auth.Factors(r.Context(), who)
	for _, f := range factors {
		if err == nil {
			err = a.Auth.RemoveFactor(r.Context(), who, f.ID)
		}
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (a *SignInAdminAPI) endSessions(w http.ResponseWriter, r *http.Request) error {
	who, err := pathID(r)
	if err == nil {
		err = a.Auth.RevokeOthers(r.Context(), who, "")
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

type providerBody struct {
	ID       id.ID    `json:"id"`
	Name     string   `json:"name"`
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"clientid"`
	Secret   string   `json:"secret,omitempty"` // only sent in
	Scopes   []string `json:"scopes"`
	Match    string   `json:"match"`
}

func (a *SignInAdminAPI) providers(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Auth.Providers(r.Context())
	if err != nil {
		return err
	}
	out := make([]providerBody, len(all))
	for i, p := range all {
		out[i] = providerBody{ID: p.ID, Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, Scopes: p.Scopes, Match: p.Match}
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"value": out})
	return nil
}

func (a *SignInAdminAPI) addProvider(w http.ResponseWriter, r *http.Request) error {
	var in providerBody
	if err := readOwn(w, r, &in, `{"name": "…", "issuer": "https://…", "clientid": "…", "secret": "…", "scopes": ["email"], "match": "email"}`); err != nil {
		return err
	}
	made, err := a.Auth.AddProvider(r.Context(), auth.Provider{Name: in.Name, Issuer: in.Issuer, ClientID: in.ClientID, Secret: in.Secret, Scopes: in.Scopes, Match: in.Match})
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusCreated, map[string]any{"id": made})
	return nil
}

func (a *SignInAdminAPI) removeProvider(w http.ResponseWriter, r *http.Request) error {
	which, err := pathID(r)
	if err == nil {
		err = a.Auth.RemoveProvider(r.Context(), which)
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
