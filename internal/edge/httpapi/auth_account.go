package httpapi

import (
	"encoding/json"
	"image"
	"net/http"

	"github.com/boombuler/barcode/qr"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AccountAPI is what people do about their own sign-in. It wants a session: a
// program's token must not be enough to give itself another way in.
//
//	GET    /api/auth/account                 {"factors","sessions","attempts","password"}
//	POST   /api/auth/account/password        {"old","new"}; 204
//	POST   /api/auth/account/totp            {"name"}; 200 {"id","secret","qr"}; qr is rows of 0 and 1
//	POST   /api/auth/account/totp/{id}       {"code"}; 200 {"recovery":[…]}
//	POST   /api/auth/account/passkey         200 {"challenge","options"} for navigator.credentials.create
//	POST   /api/auth/account/passkey/answer  {"challenge","name","answer"}; 204
//	DELETE /api/auth/account/factors/{id}    204
//	DELETE /api/auth/account/sessions/{id}   204; without an id all but this one
type AccountAPI struct {
	Auth  *auth.Auth
	Users record.Reader
}

// Register adds the routes.
func (a *AccountAPI) Register(mux *http.ServeMux) {
	for route, h := range map[string]func(http.ResponseWriter, *http.Request, auth.Session) error{
		"GET /api/auth/account": a.account, "POST /api/auth/account/password": a.password,
		"POST /api/auth/account/totp": a.enrol, "POST /api/auth/account/totp/{id}": a.confirm,
		"POST /api/auth/account/passkey": a.passkey, "POST /api/auth/account/passkey/answer": a.addPasskey,
		"DELETE /api/auth/account/factors/{id}": a.removeFactor, "DELETE /api/auth/account/sessions/{id}": a.endSession, "DELETE /api/auth/account/sessions": a.endOthers,
	} {
		mux.HandleFunc(route, answering(func(w http.ResponseWriter, r *http.Request) error {
			s := signedInOf(r.Context()).session
			if access.From(r.Context()).Kind != access.User || s.Secret == "" {
				return errs.New(errs.Unauthenticated, "auth.session_needed", "sign in with a browser to change how you sign in")
			}
			w.Header().Set("Cache-Control", "no-store")
			return h(w, r, s)
		}))
	}
}

func (a *AccountAPI) account(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	ctx := r.Context()
	factors, err := a.Auth.Factors(ctx, s.User)
	if err != nil {
		return err
	}
	sessions, err := a.Auth.Sessions(ctx, s.User, s.Secret)
	if err != nil {
		return err
	}
	attempts, _, err := a.Auth.Attempts(ctx, s.User, 0, 20)
	if err != nil {
		return err
	}
	has, err := a.Auth.HasOwnPassword(ctx, s.User)
	if err != nil {
		return err
	}
	body := struct {
		Factors  []factorBody  `json:"factors"`
		Sessions []sessionLine `json:"sessions"`
		Attempts []attemptLine `json:"attempts"`
		Password bool          `json:"password"`
	}{[]factorBody{}, []sessionLine{}, attemptLines(attempts), has}
	for _, f := range factors {
		body.Factors = append(body.Factors, factorBody{f.ID, f.Kind, f.Name, wireTime(f.Created), wireTime(f.Used)})
	}
	for _, o := range sessions {
		body.Sessions = append(body.Sessions, sessionLine{o.ID, o.Address, o.Agent, o.Method, wireTime(o.Created), wireTime(o.Seen), o.Current})
	}
	writePortalJSON(w, http.StatusOK, body)
	return nil
}

func (a *AccountAPI) password(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	var in struct{ Old, New string }
	if err := readOwn(w, r, &in, `{"old": "…", "new": "…"}`); err != nil {
		return err
	}
	if err := a.Auth.ChangePassword(r.Context(), s.User, in.Old, in.New, s.Secret); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *AccountAPI) name(r *http.Request, s auth.Session) (string, error) {
	row, err := self(r.Context(), a.Users, s.User, "domainname")
	return row.Text("domainname"), err
}

func (a *AccountAPI) enrol(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	var in struct{ Name string }
	if err := readOwn(w, r, &in, `{"name": "…"}`); err != nil {
		return err
	}
	name, err := a.name(r, s)
	if err != nil {
		return err
	}
	e, err := a.Auth.EnrolTOTP(r.Context(), s.User, name, in.Name)
	if err != nil {
		return err
	}
	code, err := qr.Encode(e.URL, qr.M, qr.Auto)
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"id": e.Factor, "secret": e.Secret, "qr": modules(code)})
	return nil
}

// modules gives a QR code as rows of 0 and 1, which the page draws itself.
func modules(code image.Image) []string {
	b := code.Bounds()
	rows := make([]string, 0, b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := make([]byte, 0, b.Dx())
		for x := b.Min.X; x < b.Max.X; x++ {
			if v, _, _, _ := code.At(x, y).RGBA(); v < 1<<15 {
				row = append(row, '1')
			} else {
				row = append(row, '0')
			}
		}
		rows = append(rows, string(row))
	}
	return rows
}

func (a *AccountAPI) confirm(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	which, err := pathID(r)
	if err != nil {
		return err
	}
	var in struct{ Code string }
	if err := readOwn(w, r, &in, `{"code": "…"}`); err != nil {
		return err
	}
	codes, err := a.Auth.ConfirmTOTP(r.Context(), s.User, which, in.Code)
	if errs.Has(err, errs.Unauthenticated) {
		// 401 would tell the page that its session has ended.
		return errs.New(errs.Invalid, "auth.factor", "the code is wrong or was used already: wait for the next one")
	}
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, map[string]any{"recovery": codes})
	return nil
}

func (a *AccountAPI) passkey(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	name, err := a.name(r, s)
	if err != nil {
		return err
	}
	c, err := a.Auth.BeginPasskey(r.Context(), s.User, name, origin(r))
	if err != nil {
		return err
	}
	writePortalJSON(w, http.StatusOK, c)
	return nil
}

func (a *AccountAPI) addPasskey(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	var in struct {
		Challenge, Name string
		Answer          json.RawMessage
	}
	if err := readOwn(w, r, &in, `{"challenge": "…", "name": "…", "answer": {…}}`); err != nil {
		return err
	}
	err := a.Auth.AddPasskey(r.Context(), s.User, in.Challenge, in.Name, origin(r), in.Answer)
	if errs.Has(err, errs.Unauthenticated) {
		return errs.New(errs.Invalid, "auth.challenge", "this took too long or was used already: begin again")
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *AccountAPI) removeFactor(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	which, err := pathID(r)
	if err == nil {
		err = a.Auth.RemoveFactor(r.Context(), s.User, which)
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (a *AccountAPI) endSession(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	which, err := pathID(r)
	if err == nil {
		err = a.Auth.Revoke(r.Context(), s.User, which)
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (a *AccountAPI) endOthers(w http.ResponseWriter, r *http.Request, s auth.Session) error {
	if err := a.Auth.RevokeOthers(r.Context(), s.User, s.Secret); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func pathID(r *http.Request) (id.ID, error) {
	v, err := id.Parse(r.PathValue("id"))
	if err != nil {
		return id.Nil, errs.New(errs.NotFound, "http.id", "the address must end with an id")
	}
	return v, nil
}
