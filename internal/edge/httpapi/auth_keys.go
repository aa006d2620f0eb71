package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// KeysAPI is about the keys by which programs act as a user, with scopes and an
// end. One's own want a session; those of others the privilege
// prvManageApplicationUsers and every privilege that the user has.
//
//	GET    /api/auth/account/keys         {"value": […]}
//	POST   /api/auth/account/keys         {"name","days","scopes"}; 201 {"id","secret","expireson"}, the secret this once
//	DELETE /api/auth/account/keys/{id}    204
//	GET    /api/auth/admin/keys           ?user=; {"keys": […], "secrets": […]}, secrets being those of programs
//	POST   /api/auth/admin/keys           {"user","name","days","scopes"}; 201 as above
//	DELETE /api/auth/admin/keys/{id}      204
type KeysAPI struct {
	Auth   *auth.Auth
	Access interface {
		Privileged(ctx context.Context, name string) error
		Outranks(ctx context.Context, user id.ID) error
		Unscoped(p access.Principal) error
		Known(user id.ID) bool
	}
}

// keyDaysMost is how long a key may live that has an end, in days.
const keyDaysMost = 3650

// Register adds the routes.
func (a *KeysAPI) Register(mux *http.ServeMux) {
	own := func(h func(http.ResponseWriter, *http.Request, id.ID) error) http.HandlerFunc {
		return answering(func(w http.ResponseWriter, r *http.Request) error {
			s := signedInOf(r.Context()).session
			if access.From(r.Context()).Kind != access.User || s.Secret == "" {
				return errs.New(errs.Unauthenticated, "auth.session_needed", "sign in with a browser to change how you sign in")
			}
			w.Header().Set("Cache-Control", "no-store")
			return h(w, r, s.User)
		})
	}
	admin := func(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
		return answering(func(w http.ResponseWriter, r *http.Request) error {
			if err := a.Access.Privileged(r.Context(), access.ManageApplications); err != nil {
				return err
			}
			w.Header().Set("Cache-Control", "no-store")
			return h(w, r)
		})
	}
	mux.HandleFunc("GET /api/auth/account/keys", own(a.mine))
	mux.HandleFunc("POST /api/auth/account/keys", own(a.create))
	mux.HandleFunc("DELETE /api/auth/account/keys/{id}", own(a.revoke))
	mux.HandleFunc("GET /api/auth/admin/keys", admin(a.all))
	mux.HandleFunc("POST /api/auth/admin/keys", admin(a.createFor))
	mux.HandleFunc("DELETE /api/auth/admin/keys/{id}", admin(a.revokeAny))
}

type keyLine struct {
	ID      id.ID        `json:"id"`
	User    id.ID        `json:"systemuserid"`
	Name    string       `json:"name"`
	Scopes  access.Scope `json:"scopes"` // empty: whatever the user may do
	Created *string      `json:"createdon"`
	Expires *string      `json:"expireson"`
	Used    *string      `json:"usedon"`
}

func keyLines(all []auth.APIKey) []keyLine {
	out := make([]keyLine, len(all))
	for i, k := range all {
		out[i] = keyLine{k.ID, k.User, k.Name, k.Scope, wireTime(k.Created), wireTime(k.Expires), wireTime(k.Used)}
	}
	return out
}

func (a *KeysAPI) mine(w http.ResponseWriter, r *http.Request, user id.ID) error {
	list, err := a.Auth.APIKeys(r.Context(), user)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"value": keyLines(list)})
	return nil
}

// newKeyBody is what a key is made of.
type newKeyBody struct {
	User   string `json:"user"`
	Name   string `json:"name"`
	Days   int    `json:"days"` // 0: until revoked
	Scopes string `json:"scopes"`
}

func (a *KeysAPI) create(w http.ResponseWriter, r *http.Request, user id.ID) error {
	var in newKeyBody
	if err := readOwn(w, r, &in, `{"name": "…", "days": 90, "scopes": "lead:read,write"}`); err != nil {
		return err
	}
	return a.make(w, r, user, in)
}

func (a *KeysAPI) make(w http.ResponseWriter, r *http.Request, user id.ID, in newKeyBody) error {
	if err := a.Access.Unscoped(access.From(r.Context())); err != nil {
		return err
	}
	if in.Days < 0 || in.Days > keyDaysMost {
		return errs.New(errs.Invalid, "auth.key_life", "a key lives up to %d days, or with 0 until it is revoked", keyDaysMost)
	}
	scope, err := access.ParseScope(in.Scopes)
	if err != nil {
		return err
	}
	life := time.Duration(in.Days) * 24 * time.Hour
	key, secret, err := a.Auth.CreateAPIKey(r.Context(), auth.NewKey{User: user, Name: in.Name, Life: life, Scope: scope})
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusCreated, map[string]any{"id": key, "secret": secret, "scopes": scope})
	return nil
}

func (a *KeysAPI) revoke(w http.ResponseWriter, r *http.Request, user id.ID) error {
	key, err := pathID(r)
	if err != nil {
		return err
	}
	if err := a.Auth.RevokeAPIKey(r.Context(), user, key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *KeysAPI) all(w http.ResponseWriter, r *http.Request) error {
	user := id.Nil
	if text := r.URL.Query().Get("user"); text != "" {
		var err error
		if user, err = id.Parse(text); err != nil {
			return errs.New(errs.Invalid, "auth.user", "user must be the id of a user")
		}
	}
	keys, err := a.Auth.APIKeys(r.Context(), user)
	if err != nil {
		return err
	}
	secrets, err := a.Auth.ClientSecrets(r.Context(), user)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"keys": keyLines(keys), "secrets": keyLines(secrets)})
	return nil
}

func (a *KeysAPI) createFor(w http.ResponseWriter, r *http.Request) error {
	var in newKeyBody
	if err := readOwn(w, r, &in, `{"user": "…", "name": "…", "days": 90, "scopes": "lead:read,write"}`); err != nil {
		return err
	}
	user, err := id.Parse(in.User)
	if err != nil || user == access.SystemUser || !a.Access.Known(user) {
		return errs.New(errs.Invalid, "auth.user", "user must be the id of an enabled user")
	}
	// Who has the key acts as its user.
	if err := a.Access.Outranks(r.Context(), user); err != nil {
		return err
	}
	return a.make(w, r, user, in)
}

func (a *KeysAPI) revokeAny(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, id.Nil)
}
