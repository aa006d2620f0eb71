package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.do("GET", "/api/auth/session", "").wantCode(401, "access.sign_in")
		r := b.do("POST", "/api/auth/signin", `{"username":" NORA ","password":"`+password+`"}`).want(200)
		user, _ := r.json["user"].(map[string]any)
		if user["systemuserid"] != s.nora.String() || user["fullname"] != "Nora" || user["domainname"] != "nora" || r.json["csrf"] == "" || len(r.json["roles"].([]any)) != 1 {
			t.Errorf("the session says %s", r.body)
		}
		cookie := r.header.Get("Set-Cookie")
		for _, want := range []string{"rapport_session=rps_", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=604800"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie lacks %q: %s", want, cookie)
			}
		}
		if strings.Contains(cookie, "Secure") || strings.Contains(cookie, "Domain") {
			t.Errorf("cookie over plain HTTP: %s", cookie)
		}
		if again := b.do("GET", "/api/auth/session", "").want(200); again.body != r.body {
			t.Errorf("read again it says %s, not %s", again.body, r.body)
		}
		b.csrf, _ = r.json["csrf"].(string)
		out := b.do("POST", "/api/auth/signout", "").want(204)
		if c := out.header.Get("Set-Cookie"); !strings.Contains(c, "rapport_session=;") || !strings.Contains(c, "Max-Age=0") {
			t.Errorf("signing out sets %q", c)
		}
		secret, _, _ := strings.Cut(strings.TrimPrefix(cookie, "rapport_session="), ";")
		s.browser().do("GET", "/api/auth/session", "", "Cookie: rapport_session="+secret).want(401)
	})
}

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		good := `{"username":"nora","password":"` + password + `"}`
		for name, c := range map[string]struct {
			body    string
			headers []string
			status  int
			code    string
		}{
			"a wrong password":        {`{"username":"nora","password":"wrong horse"}`, nil, 401, "auth.wrong"},
			"an unknown name":         {`{"username":"nobody","password":"` + password + `"}`, nil, 401, "auth.wrong"},
			"a name out of all size":  {`{"username":"` + strings.Repeat("x", 2000) + `","password":"` + password + `"}`, nil, 401, "auth.wrong"},
			"no JSON":                 {`username=nora`, nil, 400, "auth.body"},
			"wrong types":             {`{"username":1,"password":[]}`, nil, 400, "auth.body"},
			"a form":                  {"username=nora&password=" + password, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "http.content_type"},
			"plain text":              {good, []string{"Content-Type: text/plain"}, 415, "http.content_type"},
			"no content type":         {good, []string{"Content-Type: "}, 415, "http.content_type"},
			"another site's page":     {good, []string{"Sec-Fetch-Site: cross-site"}, 403, "auth.origin"},
			"another origin":          {good, []string{"Origin: https://evil.example"}, 403, "auth.origin"},
			"a body out of all bound": {`{"username":"` + strings.Repeat("x", 40_000) + `"}`, nil, 413, "http.too_large"},
		} {
			r := s.browser().do("POST", "/api/auth/signin", c.body, c.headers...)
			if e, _ := r.json["error"].(map[string]any); r.status != c.status || e["@rapport.code"] != c.code {
				t.Errorf("%s: got %d %s", name, r.status, r.body)
			}
			if r.header.Get("Set-Cookie") != "" || strings.Contains(r.body, password) {
				t.Errorf("%s: sets %q, answers %s", name, r.header.Get("Set-Cookie"), r.body)
			}
		}
	})
}

func TestSignInIsSlowedDown(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		for range 8 {
			b.do("POST", "/api/auth/signin", `{"username":"nora","password":"wrong horse"}`).want(401)
		}
		r := b.do("POST", "/api/auth/signin", `{"username":"Nora","password":"`+password+`"}`).wantCode(429, "auth.too_many")
		if r.header.Get("Retry-After") != "30" {
			t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
		}
		s.signedIn("ada") // others are not kept out
		s.clock.Advance(30 * time.Second)
		s.signedIn("nora")
	})
}

// A session must not be one that was known before: what the browser held when
// it signed in stays worthless, and is ended if it was a session.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		const planted = "rps_planted"
		r := s.browser().do("POST", "/api/auth/signin", `{"username":"nora","password":"`+password+`"}`, "Cookie: rapport_session="+planted).want(200)
		if strings.Contains(r.header.Get("Set-Cookie"), planted) {
			t.Error("the planted session was taken over")
		}
		s.browser().do("GET", "/api/auth/session", "", "Cookie: rapport_session="+planted).want(401)

		first, err := s.auth.SignIn(t.Context(), "ada", password, auth.From{Address: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		s.browser().do("POST", "/api/auth/signin", `{"username":"nora","password":"`+password+`"}`, "Cookie: rapport_session="+first.Secret).want(200)
		if _, err := s.auth.Session(t.Context(), first.Secret); err == nil {
			t.Error("the session that the browser held before lives on")
		}
	})
}

func TestCookieWritesNeedTheToken(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedIn("ada")
		const lead = `{"lastname":"Neu"}`
		b.do("POST", "/api/data/v9.2/leads", lead).want(204)
		b.do("POST", "/api/data/v9.2/leads", lead, "X-CSRF-Token: ").wantCode(403, "auth.csrf")
		b.do("POST", "/api/data/v9.2/leads", lead, "X-CSRF-Token: "+b.csrf+"x").wantCode(403, "auth.csrf")
		b.do("POST", "/api/data/v9.2/leads", lead, "Sec-Fetch-Site: cross-site").wantCode(403, "auth.origin")
		b.do("POST", "/api/data/v9.2/leads", lead, "Sec-Fetch-Site: same-site").wantCode(403, "auth.origin")
		b.do("POST", "/api/data/v9.2/leads", lead, "Origin: null").wantCode(403, "auth.origin")
		b.do("POST", "/api/data/v9.2/leads", lead, "Sec-Fetch-Site: same-origin").want(204)
		b.do("DELETE", "/api/data/v9.2/leads("+s.ada.String()+")", "", "X-CSRF-Token: ").wantCode(403, "auth.csrf")
		b.do("GET", "/api/data/v9.2/leads", "", "X-CSRF-Token: ", "Sec-Fetch-Site: cross-site").want(200)
		other := s.signedIn("nora")
		other.do("POST", "/api/data/v9.2/leads", lead, "X-CSRF-Token: "+b.csrf).wantCode(403, "auth.csrf")
		b.do("POST", "/api/auth/signout", "", "X-CSRF-Token: ").wantCode(403, "auth.csrf")
		b.do("GET", "/api/auth/session", "").want(200)
	})
}

func TestBearerTokens(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		token, err := s.auth.CreateToken(t.Context(), s.ada, "script", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		b := s.browser()
		// A token needs no CSRF token: no browser sends it by itself.
		b.do("POST", "/api/data/v9.2/leads", `{"lastname":"Neu"}`, "Authorization: Bearer "+token, "Origin: https://elsewhere.example").want(204)
		s.wantChannel(changelog.APIKey)
		if r := b.do("GET", "/api/auth/session", "", "Authorization: bearer "+token).want(200); r.json["csrf"] != "" || r.header.Get("Set-Cookie") != "" {
			t.Errorf("a token's session says %s", r.body)
		}
		in := s.signedIn("ada")
		for name, header := range map[string]string{"unknown": "Bearer rpt_nosuch", "empty": "Bearer ", "of a topic": "Bearer rpk_x"} {
			r := in.do("GET", "/api/data/v9.2/leads", "", "Authorization: "+header).wantCode(401, "auth.token")
			if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: WWW-Authenticate is %q", name, r.header.Get("WWW-Authenticate"))
			}
		}
		in.do("GET", "/api/auth/session", "", "Authorization: Basic eDp5").want(200)
		s.clock.Advance(time.Hour + time.Second)
		b.do("GET", "/api/data/v9.2/leads", "", "Authorization: Bearer "+token).wantCode(401, "auth.token")
	})
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := s.signedIn("nora")
		s.clock.Advance(11 * time.Hour)
		b.do("GET", "/api/auth/session", "").want(200)
		s.clock.Advance(11 * time.Hour)
		b.do("GET", "/api/auth/session", "").want(200)
		s.clock.Advance(12*time.Hour + time.Second)
		b.do("GET", "/api/auth/session", "").want(401)
		b = s.signedIn("nora")
		s.update(s.ada, "systemuser", s.nora, record.Row{"isdisabled": true})
		s.reload()
		b.do("GET", "/api/auth/session", "").want(401)
		s.browser().do("POST", "/api/auth/signin", `{"username":"nora","password":"`+password+`"}`).wantCode(401, "auth.wrong")
	})
}

func TestSecureCookies(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		r := s.browser().do("POST", "/api/auth/signin", `{"username":"nora","password":"`+password+`"}`, "X-Forwarded-Proto: https").want(200)
		cookie := r.header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "__Host-rapport_session=") || !strings.Contains(cookie, "; Secure") || r.header.Get("Strict-Transport-Security") == "" {
			t.Errorf("behind TLS: %s, HSTS %q", cookie, r.header.Get("Strict-Transport-Security"))
		}
		value, _, _ := strings.Cut(cookie, ";")
		s.browser().do("GET", "/api/auth/session", "", "Cookie: "+value, "X-Forwarded-Proto: https").want(200)
		_, secret, _ := strings.Cut(value, "=")
		s.browser().do("GET", "/api/auth/session", "", "Cookie: rapport_session="+secret, "X-Forwarded-Proto: https").want(401)
	})
}

// A person without any role is known, and sees and changes nothing.
func TestNoRoleNoData(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		lead := s.must("lead", record.Row{"lastname": "Secret"}).ID("leadid")
		key := lead.String()
		b := s.signedIn("otto")
		r := b.do("GET", "/api/auth/session", "").want(200)
		if roles := r.json["roles"].([]any); len(roles) != 0 {
			t.Errorf("roles are %v", roles)
		}
		for _, name := range s.catalog.Names() {
			table, _ := s.catalog.Table(name)
			b.do("GET", "/api/data/v9.2/"+table.Set, "").wantCode(403, "access.privilege")
		}
		b.do("POST", "/api/data/v9.2/leads", `{"lastname":"x"}`).want(403)
		for _, method := range []string{"GET", "DELETE", "PATCH"} {
			body := ""
			if method == "PATCH" {
				body = `{"lastname":"x"}`
			}
			if r := b.do(method, "/api/data/v9.2/leads("+key+")", body, "If-Match: *"); r.status != 403 && r.status != 404 || strings.Contains(r.body, "Secret") {
				t.Errorf("%s: %d %s", method, r.status, r.body)
			}
		}
		if r := b.do("GET", "/api/ui/tables", ""); r.body != "[]" {
			t.Errorf("tables: %s", r.body)
		}
		b.do("GET", "/api/ui/tables/lead", "").want(403)
		b.do("GET", "/api/ui/tables/lead/"+key+"/timeline", "").want(403)
		row, err := s.store.Get(access.AsSystem(t.Context(), "test"), "lead", lead, nil, nil)
		if err != nil || row.Version() != 1 || row.Text("lastname") != "Secret" {
			t.Errorf("%v, version %d", err, row.Version())
		}
	})
}

// A key does what its scopes say and its user may, and nothing else, by every
// way that takes it.
func TestKeysWithScopes(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		ada := s.signedIn("ada")
		made := ada.do("POST", "/api/auth/account/keys", `{"name":"sync","days":30,"scopes":"lead:read,create contact:read"}`).want(201)
		secret, _ := made.json["secret"].(string)
		key := "Authorization: Bearer " + secret
		b := s.browser()
		lead := s.must("lead", record.Row{"lastname": "Neu", "ownerid": s.ada, "owneridtype": "systemuser"}).ID("leadid").String()
		b.do("GET", "/api/data/v9.2/leads", "", key).want(200)
		b.do("POST", "/api/data/v9.2/leads", `{"lastname":"Neu"}`, key).want(204)
		b.do("GET", "/api/data/v9.2/contacts", "", key).want(200)
		for _, refused := range [][3]string{
			{"PATCH", "/api/data/v9.2/leads(" + lead + ")", `{"lastname":"Alt"}`},
			{"DELETE", "/api/data/v9.2/leads(" + lead + ")", ""},
			{"GET", "/api/data/v9.2/accounts", ""},
			{"GET", "/api/data/v9.2/leads?$expand=owninguser", ""},
			{"GET", "/api/data/v9.2/leads?$filter=owninguser/fullname%20eq%20'Ada'", ""},
			{"GET", "/api/data/v9.2/accounts?$apply=aggregate($count%20as%20n)", ""},
			{"GET", "/api/auth/admin/keys", ""},
			{"POST", "/api/data/v9.2/systemuserrolescollection", `{}`},
		} {
			b.do(refused[0], refused[1], refused[2], key).wantCode(403, "access.scope_lacks")
		}
		// It changes nothing about how its user signs in, and makes no other keys.
		b.do("POST", "/api/auth/account/keys", `{"name":"x"}`, key).wantCode(401, "auth.session_needed")
		list, _ := ada.do("GET", "/api/auth/account/keys", "").want(200).json["value"].([]any)
		if len(list) != 1 {
			t.Fatalf("%v", list)
		}
		line, _ := list[0].(map[string]any)
		if line["scopes"] != "contact:read lead:create,read" && line["scopes"] != "contact:read lead:read,create" || line["usedon"] == nil || line["expireson"] == nil || strings.Contains(ada.do("GET", "/api/auth/account/keys", "").body, secret) {
			t.Errorf("%v", line)
		}
		// Others don't see it and can't end it.
		nora := s.signedIn("nora")
		nora.do("DELETE", "/api/auth/account/keys/"+fmt.Sprint(line["id"]), "").wantCode(404, "auth.key_unknown")
		nora.do("GET", "/api/auth/admin/keys", "").wantCode(403, "access.privilege")
		ada.do("DELETE", "/api/auth/account/keys/"+fmt.Sprint(line["id"]), "").want(204)
		b.do("GET", "/api/data/v9.2/leads", "", key).wantCode(401, "auth.token")
		for _, bad := range []string{`{"name":"x","scopes":"lead:reed"}`, `{"name":"x","days":-1}`, `{"name":"client 1"}`} {
			ada.do("POST", "/api/auth/account/keys", bad).want(400)
		}
	})
}

// Whoever manages programs makes keys of those only who may do no more.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		role := s.must("role", record.Row{"name": "keeper"}).ID("roleid")
		s.must("roleprivileges", record.Row{"roleid": role, "rpt_table": access.ManageApplications, "accessright": int64(access.General), "privilegedepthmask": int64(access.Global)})
		s.must("systemuserroles", record.Row{"systemuserid": s.otto, "roleid": role})
		s.reload()
		otto := s.signedIn("otto")
		body := func(user id.ID) string { return `{"user":"` + user.String() + `","name":"x","scopes":"lead:read"}` }
		otto.do("POST", "/api/auth/admin/keys", body(s.ada)).wantCode(403, "access.outranked")
		otto.do("POST", "/api/auth/admin/keys", body(access.SystemUser)).want(400)
		made := otto.do("POST", "/api/auth/admin/keys", body(s.otto)).want(201)
		secret, _ := made.json["secret"].(string)
		s.browser().do("GET", "/api/data/v9.2/leads", "", "Authorization: Bearer "+secret).wantCode(403, "access.privilege")
		otto.do("DELETE", "/api/auth/admin/keys/"+fmt.Sprint(made.json["id"]), "").want(204)
		otto.do("DELETE", "/api/auth/admin/keys/"+fmt.Sprint(made.json["id"]), "").want(404)
	})
}

// The change log tells a program that signed in by OAuth from one with a key of
// somebody's making, and from a person in the browser.
func TestChannelsOfChanges(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		application, ctx := id.New(), access.AsSystem(t.Context(), "test")
		var secret string
		err := s.store.Write(ctx, func(tx *record.Tx) (err error) {
			if _, err = tx.Update(ctx, "systemuser", s.ada, record.Row{"applicationid": application}, record.Match{}); err != nil {
				return err
			}
			_, secret, _, err = s.auth.CreateClientSecret(ctx, tx.SQL(), s.ada, "nightly", time.Hour, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := s.auth.ClientToken(t.Context(), application.String(), secret, "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		s.browser().do("POST", "/api/data/v9.2/leads", `{"lastname":"Neu"}`, "Authorization: Bearer "+token).want(204)
		s.wantChannel(changelog.Client)
		s.signedIn("ada").do("POST", "/api/data/v9.2/leads", `{"lastname":"Neu"}`).want(204)
		s.wantChannel(changelog.Web)
	})
}

// wantChannel looks by which way the latest change came.
func (s *site) wantChannel(want changelog.Channel) {
	s.t.Helper()
	var got string
	if _, err := s.db.QueryRow(s.t.Context(), "SELECT COALESCE(channel, '') FROM changelog ORDER BY pos DESC LIMIT 1", nil, &got); err != nil || changelog.Channel(got) != want {
		s.t.Errorf("the change came by %q, not %q: %v", got, want, err)
	}
}
