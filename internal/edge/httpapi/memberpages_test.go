package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// clubhouse is a club with the members' area.
type clubhouse struct {
	*club
	area   *memberarea.Area
	pages  *httpapi.MemberPages
	events []cloudevents.Event
	views  []memberarea.View
	echo   *echo
}

// echo is a section that says what it was asked.
type echo struct{ served []string }

func (*echo) Name() string { return "echo" }

func (*echo) Show(_ context.Context, r memberarea.Record) (memberarea.Block, bool, error) {
	return memberarea.Block{Title: "Echo", HTML: "<p>echo " + "</p>", Script: "void 0"}, true, nil
}

func (e *echo) Serve(w http.ResponseWriter, req *http.Request, r memberarea.Record) error {
	e.served = append(e.served, req.Method+" "+r.ID.String())
	fmt.Fprint(w, "served "+r.Action("file", "a b"))
	return nil
}

func (h *clubhouse) Publish(_ context.Context, _ string, events ...cloudevents.Event) error {
	h.events = append(h.events, events...)
	return nil
}

const (
	leadView = `{"title":{"en":"Applications","de":"Anträge"},"one":{"en":"Application"},"member":["customerid"],"list":["subject"],"fields":[{"columns":["lastname","budgetamount","numberofemployees"]}],"money":["numberofemployees"],"messages":true,
		"asks":[{"when":"subject eq 'Muster'","text":{"en":"Send us your papers","de":"Senden Sie uns Ihre Unterlagen"}}],
		"claim":{"address":"emailaddress1","when":"startswith(rpt_source,'/portal/forms/')"}}`
	caseView = `{"title":{"en":"Requests"},"one":{"en":"Request"},"member":["customerid"],"fields":[{"columns":["ticketnumber","description"]}],"messages":true}`
)

func newClubhouse(s *site) *clubhouse {
	s.t.Helper()
	h := &clubhouse{echo: &echo{}}
	views := func() []memberarea.View { return h.views }
	s.store.AddHook(party.FullName("contact"))
	s.store.AddHook((&memberarea.Correspondence{Views: views, Clock: s.clock, Members: s.control.Members}).Hook())
	s.store.AddHook(s.auth.MemberHook())
	s.store.AddHook(memberarea.CheckBrand())
	s.store.AddHook(memberarea.CheckZone())
	subs := &memberarea.Submissions{DB: s.db, Views: views, Clock: s.clock}
	s.store.AddHooks(subs.Hook(s.control.Catalog))
	h.club = newClub(s)
	for _, v := range []struct{ table, text string }{{"lead", leadView}, {"incident", caseView}} {
		view, err := memberarea.ParseView(v.table, []byte(v.text), s.catalog, s.clock.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		h.views = append(h.views, view)
	}
	leads := h.permit(h.role, record.Row{"mspp_entitylogicalname": "lead", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "customerid", "rpt_columns": "subject,lastname,customerid,createdon,fullname,budgetamount,numberofemployees", "mspp_read": true, "mspp_appendto": true})
	cases := h.permit(h.role, record.Row{"mspp_entitylogicalname": "incident", "mspp_scope": int64(access.ReachContact), "rpt_lookup": "customerid", "rpt_columns": "*", "mspp_read": true, "mspp_appendto": true})
	for _, above := range []id.ID{leads, cases} {
		h.permit(h.role, record.Row{"mspp_entitylogicalname": "adx_portalcomment", "mspp_scope": int64(access.ReachParent), "rpt_lookup": "regardingobjectid", "mspp_parententitypermission": above, "rpt_columns": "subject,description,regardingobjectid,adx_portalcommentdirectioncode,rpt_readon,createdon", "mspp_read": true, "mspp_create": true, "mspp_append": true})
	}
	s.reload()
	var err error
	h.area, err = memberarea.New(memberarea.Options{Records: s.store, Catalog: s.control.Catalog, Views: views, Processes: func() *process.Set { return nil }, History: s.log,
		Consents: &consent.Keeper{Records: s.store, History: s.log}, Hidden: s.control.Hidden, Clock: s.clock})
	if err != nil {
		s.t.Fatal(err)
	}
	h.area.Add(h.echo)
	form, err := portal.Parse([]byte(`{"name":"ask","title":"Ask","members":true,"fields":[{"name":"lastname","label":"Name","required":true},{"name":"mail","column":"emailaddress1","type":"email","label":"Mail","required":true}]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	closed, err := portal.Parse([]byte(`{"name":"public","title":"Public","fields":[{"name":"lastname","label":"Name"}]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	forms := portal.New(portal.Config{Publisher: h, Forms: portal.Set{"ask": form, "public": closed}, Clock: s.clock})
	h.pages = &httpapi.MemberPages{Area: h.area, Auth: s.auth, Account: s.auth, Clock: s.clock, Send: h.post, Forms: forms, Expect: subs.Expect}
	h.pages.Register(s.mux)
	return h
}

func eachClubhouse(t *testing.T, run func(t *testing.T, h *clubhouse)) {
	t.Helper()
	eachSite(t, func(t *testing.T, s *site) { run(t, newClubhouse(s)) })
}

var formToken = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

// page is a browser that reads pages and sends forms, and follows nothing by itself.
type page struct{ *browser }

func (h *clubhouse) page() *page {
	b := h.browser()
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &page{b}
}

func (p *page) get(path string) *siteReply {
	p.s.t.Helper()
	return p.do("GET", path, "")
}

// send posts a form with the token that the page at from shows.
func (p *page) send(from, to string, fields ...string) *siteReply {
	p.s.t.Helper()
	m := formToken.FindStringSubmatch(p.get(from).want(200).body)
	if m == nil {
		p.s.t.Fatalf("no token on %s", from)
	}
	return p.post(to, append(fields, "_csrf", m[1])...)
}

func (p *page) post(to string, fields ...string) *siteReply {
	p.s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return p.do("POST", to, v.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

// come signs a member in by a link, as a person does.
func (h *clubhouse) come(mail string) *page {
	h.t.Helper()
	p := h.page()
	p.send("/member", "/member/link", "email", mail).want(200)
	p.send("/member/open?key=x", "/member/open", "secret", h.letters[len(h.letters)-1].Secret).want(303)
	p.get("/member/home").want(200)
	return p
}

func (r *siteReply) says(words ...string) *siteReply {
	r.t.Helper()
	for _, w := range words {
		if !strings.Contains(r.body, w) {
			_, main, _ := strings.Cut(r.body, "<main")
			r.t.Errorf("the page does not say %q:\n%s", w, main)
		}
	}
	return r
}

func (r *siteReply) hides(words ...string) *siteReply {
	r.t.Helper()
	for _, w := range words {
		if strings.Contains(r.body, w) {
			r.t.Errorf("the page says %q", w)
		}
	}
	return r
}

func (h *clubhouse) message(table string, about id.ID, text string) id.ID {
	h.t.Helper()
	ctx := access.With(h.t.Context(), access.Principal{Kind: access.User, ID: h.ada})
	var key id.ID
	h.write(ctx, func(tx *record.Tx) error {
		row, err := tx.Create(ctx, "adx_portalcomment", record.Row{"description": text, "regardingobjectid": about, "regardingobjectidtype": table, "ownerid": h.ada, "owneridtype": "systemuser"})
		key = row.ID("activityid")
		return err
	})
	return key
}

func TestMembersSeeTheirPages(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		h.message("incident", h.miaCase, "Please send a copy")
		h.message("incident", h.maxCase, marker+" message")
		p := h.come("mia@example.com")
		r := p.get("/member/home").says("Hello, Mia Muster", "Applications", "Send us your papers", "Mia&#39;s case", "1 unread").hides(marker, "Company case")
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", r.header)
		}
		p.do("GET", "/member/home", "", "Accept-Language: de-CH,de;q=0.9,en;q=0.5").says(`<html lang="de">`, "Guten Tag, Mia Muster", "Senden Sie uns Ihre Unterlagen")
		r = p.get("/member/r/incident/"+h.miaCase.String()).want(200).says("Please send a copy", "Echo", "Received by us").hides(marker)
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'sha256-") || !strings.Contains(csp, "connect-src 'self'") {
			t.Errorf("a section's script is not allowed by its digest: %s", csp)
		}
		p.get("/member/home").hides("unread") // it has been seen
		p.get("/member/messages").says("Please send a copy").hides(marker)
		// Amounts say what they are in, also to whom the currency itself is not shown.
		francs := h.must("transactioncurrency", record.Row{"currencyname": "Franc", "isocurrencycode": "CHF", "currencysymbol": "CHF", "exchangerate": int64(1)}).ID("transactioncurrencyid")
		loan := h.must("lead", record.Row{"lastname": "M", "subject": "Loan", "budgetamount": 12000, "numberofemployees": int64(7500), "transactioncurrencyid": francs, "customerid": h.mia, "customeridtype": "contact", "ownerid": h.ada, "owneridtype": "systemuser"}).ID("leadid")
		p.get("/member/r/lead/"+loan.String()).says("CHF\u00a012,000.00", "CHF\u00a07,500.00")
		// The member writes: the owner is told, the staff reads it in the timeline.
		p.send("/member/r/incident/"+h.miaCase.String(), "/member/r/incident/"+h.miaCase.String()+"/messages", "text", " ").want(400)
		p.send("/member/r/incident/"+h.miaCase.String(), "/member/r/incident/"+h.miaCase.String()+"/messages", "text", strings.Repeat("x", 2001)).want(400)
		p.send("/member/r/incident/"+h.miaCase.String(), "/member/r/incident/"+h.miaCase.String()+"/messages", "text", "Here it is <b>bold</b>").want(303)
		p.get("/member/r/incident/"+h.miaCase.String()).says("Here it is &lt;b&gt;bold", "You ·")
		sys := access.AsSystem(t.Context(), "test")
		told, err := h.store.Find(sys, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"rpt_regardingid"}, Value: h.miaCase}})
		if err != nil || len(told.Rows) != 1 || told.Rows[0].ID("ownerid") != h.ada || !strings.Contains(told.Rows[0].Text("title"), "Mia Muster") {
			t.Errorf("who was told: %v, %v", told.Rows, err)
		}
		h.signedIn("ada").do("GET", "/api/ui/tables/incident/"+h.miaCase.String()+"/timeline", "").want(200).says("Here it is", "adx_portalcomment")
	})
}

// Whatever route a member tries, with whatever of another's in it, there is
// nothing of another's in the answer, and nothing of another's has changed.
func TestMembersReachNothingOfOthersByAnyPage(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		theirs := h.message("incident", h.maxCase, marker+" message")
		max := h.come("max@example.com")
		sessions, err := h.auth.MemberSessions(t.Context(), h.max, "")
		if err != nil || len(sessions) != 1 {
			t.Fatalf("%v, %v", sessions, err)
		}
		p := h.come("mia@example.com")
		token := formToken.FindStringSubmatch(p.get("/member/home").body)[1]
		before := h.all()
		keys := []id.ID{h.maxLead, h.maxCase, h.maxNote, h.max, h.other, h.moCase, h.mo, h.ada, theirs, sessions[0].ID, id.New()}
		tables := []string{"lead", "incident", "contact", "annotation", "adx_portalcomment", "systemuser", "membersession", "lead'"}
		tried := 0
		for _, route := range h.pages.Routes() {
			method, pattern, ok := strings.Cut(route, " ")
			methods := []string{method}
			if !ok {
				pattern, methods = route, []string{"GET", "POST", "DELETE"}
			}
			paths := []string{pattern}
			if strings.Contains(pattern, "{") {
				paths = nil
				for _, table := range tables {
					for _, key := range keys {
						for _, section := range []string{"messages", "echo"} {
							path := strings.NewReplacer("{table}", url.PathEscape(table), "{id}", key.String(), "{section}", section, "{rest...}", "file/1", "{form}", "public", "{$}", "").Replace(pattern)
							if !slices.Contains(paths, path) {
								paths = append(paths, path)
							}
						}
					}
				}
			}
			for _, path := range paths {
				for _, m := range methods {
					if path == "/member/signout" {
						continue
					}
					tried++
					body := url.Values{"_csrf": {token}, "session": {sessions[0].ID.String()}, "text": {"x"}, "secret": {"x"}, "email": {"nobody@example.com"}, "password": {"x"}, "old": {"x"}, "new": {"x"}, "contactid": {h.max.String()}, "next": {"https://evil.example/"}}
					if path == "/member/profile/consents" || path == "/member/security/sessions/others" {
						body.Set("contactid", h.max.String())
					}
					text, kind := "", ""
					if m != "GET" && m != "HEAD" {
						text, kind = body.Encode(), "application/x-www-form-urlencoded"
					}
					r := p.do(m, path, text, "Content-Type: "+kind, "X-CSRF-Token: "+token)
					if strings.Contains(r.body, marker) || strings.Contains(r.body, h.max.String()) || r.status >= 500 {
						t.Errorf("%s %s: %d %s", m, path, r.status, r.body)
					}
					if strings.Contains(pattern, "{table}") && r.status != 404 {
						t.Errorf("%s %s: %d, not 404", m, path, r.status)
					}
					if to := r.header.Get("Location"); to != "" && !strings.HasPrefix(to, "/member") {
						t.Errorf("%s %s leads to %s", m, path, to)
					}
				}
			}
		}
		if tried < 500 || len(h.echo.served) != 0 {
			t.Errorf("%d tries; sections were asked %v", tried, h.echo.served)
		}
		if after := h.all(); after != before {
			t.Errorf("something of others has changed:\n%s\n%s", before, after)
		}
		max.get("/member/home").want(200).says(marker) // and the session goes on

		// By the Web API the same: messages, and whose they are.
		b := h.enter("mia@example.com")
		for _, path := range []string{"adx_portalcomments", "adx_portalcomments(" + theirs.String() + ")", "incidents(" + h.maxCase.String() + ")/Incident_adx_portalcomments", "adx_portalcomments?$filter=contains(description,'Geheim')", "activitypointers", "msdynmkt_contactpointconsent4s", "rpt_memberviews"} {
			r := b.do("GET", "/api/data/v9.2/"+strings.ReplaceAll(path, " ", "%20"), "")
			if strings.Contains(r.body, marker) || strings.Contains(r.body, theirs.String()+"\"") {
				t.Errorf("%s: %s", path, r.body)
			}
		}
		b.do("POST", "/api/data/v9.2/adx_portalcomments", `{"description":"x","regardingobjectid_incident_adx_portalcomment@odata.bind":"/incidents(`+h.maxCase.String()+`)"}`)
		if after := h.all(); after != before {
			t.Errorf("a message about another's case:\n%s\n%s", before, after)
		}
	})
}

// all is what stands in others' rows, as one text.
func (h *clubhouse) all() string {
	ctx := access.AsSystem(h.t.Context(), "test")
	var b strings.Builder
	for table, key := range map[string]id.ID{"lead": h.maxLead, "incident": h.maxCase, "contact": h.max} {
		row, err := h.store.Get(ctx, table, key, nil, nil)
		if err != nil {
			h.t.Fatal(err)
		}
		page, err := h.store.Find(ctx, query.Query{Table: "adx_portalcomment", Where: query.Compare{Left: query.Path{"regardingobjectid"}, Value: key}, Count: true})
		if err != nil {
			h.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d %d\n", key, row.Version(), page.Total)
	}
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestVisitorsRegister(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		p := h.page()
		p.get("/member/register").want(200).says("New accounts are made by our staff")
		p.send("/member", "/member/register", "email", "new@example.com", "firstname", "A", "lastname", "B", "consent", "on").want(404)
		h.must("organization", record.Row{"name": "Club", "rpt_memberregistration": true})
		var admitted admitting
		admitted.Admission = &memberarea.Admission{Store: h.store, Views: func() []memberarea.View { return h.views }, Catalog: h.control.Catalog, Clock: h.clock, Members: h.control.Members}
		h.readmit(admitted)

		lead := func(mail, source string, customer any) id.ID {
			return h.must("lead", record.Row{"lastname": "Web", "subject": "Web " + mail, "emailaddress1": mail, "rpt_source": source, "customerid": customer, "customeridtype": kindOf(customer), "ownerid": h.ada, "owneridtype": "systemuser"}).ID("leadid")
		}
		mine, staffs, anothers := lead("New@example.com", "/portal/forms/ask", nil), lead("new@example.com", "", nil), lead("new@example.com", "/portal/forms/ask", h.max)
		other := lead("newer@example.com", "/portal/forms/ask", nil)

		known := p.send("/member/register", "/member/register", "email", "mia@example.com", "firstname", "Eve", "lastname", "Evil", "consent", "on").want(200).body
		fresh := p.send("/member/register", "/member/register", "email", "new@example.com", "firstname", "Nele", "lastname", "Neu", "consent", "on").want(200).body
		nobody := p.send("/member", "/member/link", "email", "nobody@example.com").want(200).body
		if known != fresh || nobody != fresh {
			t.Error("the answer tells whether the address is known")
		}
		if n := h.count("contact", "new@example.com"); n != 0 {
			t.Errorf("%d contacts before the address is shown", n)
		}
		p.send("/member/register", "/member/register", "email", "x@example.com", "firstname", "Nele", "lastname", "Neu").want(400)
		p.send("/member/register", "/member/register", "email", "x@example.com\r\nBcc: all@example.com", "firstname", "Nele", "lastname", "Neu", "consent", "on").want(400)
		link := h.letters[len(h.letters)-1]
		// Programs look at links in letters: nothing happens by looking.
		for range 3 {
			h.page().get("/member/open?key=" + link.Secret).want(200)
		}
		if n := h.count("contact", "new@example.com"); n != 0 {
			t.Errorf("%d contacts by looking", n)
		}
		p.send("/member/open?key=x", "/member/open", "secret", link.Secret).want(303)
		p.get("/member/home").says("Hello, Nele Neu", "Web New@example.com").hides(marker)
		h.page().send("/member/open?key=x", "/member/open", "secret", link.Secret).want(401).says("used already")
		if n := h.count("contact", "new@example.com"); n != 1 {
			t.Errorf("%d contacts", n)
		}
		sys := access.AsSystem(t.Context(), "test")
		page, err := h.store.Find(sys, query.Query{Table: "contact", Where: query.Compare{Left: query.Path{"emailaddress1"}, Value: "new@example.com"}})
		if err != nil || len(page.Rows) != 1 {
			t.Fatal(page.Rows, err)
		}
		nele := page.Rows[0].ID("contactid")
		changes, err := h.log.History(t.Context(), "contact", nele, 0, 10)
		if err != nil || len(changes) != 1 || !strings.Contains(changes[0].Origin, "portal") || changes[0].Actor != access.SystemUser {
			t.Errorf("%+v, %v", changes, err)
		}
		for key, want := range map[id.ID]id.ID{mine: nele, staffs: id.Nil, anothers: h.max, other: id.Nil} {
			row, err := h.store.Get(sys, "lead", key, []string{"customerid"}, nil)
			if err != nil || row.ID("customerid") != want {
				t.Errorf("lead %s belongs to %s, not %s (%v)", key, row.ID("customerid"), want, err)
			}
		}

		// Who is known comes in as who it is, and is not renamed.
		p = h.page()
		p.send("/member/open?key=x", "/member/open", "secret", h.letters[0].Secret).want(303)
		p.get("/member/home").says("Hello, Mia Muster").hides("Eve")

		// An address that several have: a calm page, a note, nobody comes in.
		h.must("contact", record.Row{"firstname": "Mia", "lastname": "Zwei", "emailaddress1": "mia@example.com", "ownerid": h.nora, "owneridtype": "systemuser"})
		for _, way := range []string{"/member/register", "/member/link"} {
			h.clock.Advance(10 * time.Minute)
			p = h.page()
			p.send("/member/register", way, "email", "mia@example.com", "firstname", "Mia", "lastname", "Muster", "consent", "on").want(200)
			p.send("/member/open?key=x", "/member/open", "secret", h.letters[len(h.letters)-1].Secret).want(200).says("We need to help you")
			p.get("/member/home").want(303)
		}
		notes, err := h.store.Find(sys, query.Query{Table: "annotation", Where: query.Compare{Left: query.Path{"subject"}, Value: "Several contacts have this e-mail address"}})
		if err != nil || len(notes.Rows) != 4 {
			t.Errorf("%d notes, %v", len(notes.Rows), err)
		}
		told, err := h.store.Find(sys, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: h.nora}})
		if err != nil || len(told.Rows) != 2 {
			t.Errorf("nora was told %d times, %v", len(told.Rows), err)
		}
	})
}

func kindOf(customer any) any {
	if customer == nil {
		return nil
	}
	return "contact"
}

func (h *clubhouse) count(table, mail string) int64 {
	h.t.Helper()
	page, err := h.store.Find(access.AsSystem(h.t.Context(), "test"), query.Query{Table: table, Where: query.Compare{Left: query.Path{"emailaddress1"}, Value: mail}, Count: true, Limit: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	return page.Total
}

type admitting struct{ auth.Admission }

// readmit has the sign-in take new members in.
func (h *clubhouse) readmit(a auth.Admission) { h.auth.Admits(a) }

func TestMembersLookAfterTheirSessions(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		p := h.page()
		// A cookie that somebody planted is not taken, and not kept.
		planted := "rpm_planted"
		r := p.do("GET", "/member", "", "Cookie: rapport_member="+planted).want(200)
		if strings.Contains(r.body, planted) || strings.Contains(strings.Join(r.header.Values("Set-Cookie"), " "), planted) {
			t.Error("a planted session is taken")
		}
		p = h.come("mia@example.com")
		first := p.cookie("rapport_member")
		if first == "" || first == planted {
			t.Fatalf("session %q", first)
		}
		two, three := h.come("mia@example.com"), h.come("mia@example.com")
		p.get("/member/security").want(200).says("this one", "End all others", "127.0.0.1", "signed in by link")
		sessions, err := h.auth.MemberSessions(t.Context(), h.mia, two.cookie("rapport_member"))
		if err != nil || len(sessions) != 3 {
			t.Fatal(sessions, err)
		}
		i := slices.IndexFunc(sessions, func(s auth.OpenSession) bool { return s.Current })
		p.send("/member/security", "/member/security/sessions/end", "session", sessions[i].ID.String()).want(303)
		two.get("/member/home").want(303)
		three.get("/member/home").want(200)
		p.send("/member/security", "/member/security/sessions/end", "session", sessions[i].ID.String()).want(404)
		p.send("/member/security", "/member/security/sessions/end", "session", "'; DROP").want(404)
		p.send("/member/security", "/member/security/sessions/others").want(303)
		three.get("/member/home").want(303)
		p.get("/member/home").want(200)

		// With a password more is entrusted to the session: it goes on under another secret.
		p.send("/member/security", "/member/security/password", "new", "short").want(400).says("between 10 and 256")
		p.send("/member/security", "/member/security/password", "new", "member password 1").want(303)
		if p.cookie("rapport_member") == first {
			t.Error("the session keeps its secret")
		}
		if _, err := h.auth.MemberSession(t.Context(), first); err == nil {
			t.Error("the old secret goes on")
		}
		p.get("/member/home").want(200)
		other := h.page()
		other.send("/member", "/member/signin", "email", "mia@example.com", "password", "wrong password").want(401).says("or the password is wrong", `value="mia@example.com"`).hides("wrong password")
		r = other.send("/member", "/member/signin", "email", "mia@example.com", "password", "member password 1", "next", "//evil.example/member/home").want(303)
		if r.header.Get("Location") != "/member/home" {
			t.Errorf("leads to %s", r.header.Get("Location"))
		}
		other.send("/member/security", "/member/security/password", "old", "wrong", "new", "member password 2").want(400).says("old password is wrong")
		other.send("/member/home", "/member/signout").want(303)
		other.get("/member/home").want(303)

		// Sessions end with what they rest on, and do not come back.
		ends := map[string]func(){
			"inactive": func() {
				h.update(h.ada, "contact", h.mia, record.Row{"statecode": int64(1)})
				h.update(h.ada, "contact", h.mia, record.Row{"statecode": int64(0)})
			},
			"another address": func() {
				h.update(h.ada, "contact", h.mia, record.Row{"emailaddress1": "other@example.com"})
				h.update(h.ada, "contact", h.mia, record.Row{"emailaddress1": "mia@example.com"})
			},
			"ended by an administrator": func() {
				if err := h.auth.EndMember(h.t.Context(), h.mia); err != nil { // what DELETE /api/auth/admin/members/{id} does
					h.t.Error(err)
				}
			},
		}
		for what, end := range ends {
			h.clock.Advance(time.Hour)
			p := h.come("mia@example.com")
			end()
			if p.get("/member/home").status != 303 {
				t.Errorf("%s: the session goes on", what)
			}
		}
		if has, err := h.auth.HasMemberPassword(t.Context(), h.mia); has || err != nil {
			t.Errorf("a password outlives its address: %v, %v", has, err)
		}
		h.clock.Advance(time.Hour)
		p = h.come("mo@example.com")
		ctx := access.AsSystem(t.Context(), "test")
		h.write(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, "contact", h.mo, record.Match{}) })
		p.get("/member/home").want(303)
		if left, err := h.auth.MemberSessions(t.Context(), h.mo, ""); err != nil || len(left) != 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

func (p *page) cookie(name string) string {
	p.s.t.Helper()
	u, err := url.Parse(p.s.url)
	if err != nil {
		p.s.t.Fatal(err)
	}
	for _, c := range p.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// What changes something wants the token of its form, from our own pages.
func TestMemberFormsShowTheirToken(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		p, max := h.come("mia@example.com"), h.come("max@example.com")
		stolen := formToken.FindStringSubmatch(max.get("/member/home").body)[1]
		for _, route := range h.pages.Routes() {
			method, path, ok := strings.Cut(route, " ")
			if !ok {
				path = strings.NewReplacer("{table}", "incident", "{id}", h.miaCase.String(), "{section}", "echo", "{rest...}", "x").Replace(route)
				method = "POST"
			}
			if method != "POST" {
				continue
			}
			path = strings.ReplaceAll(path, "{form}", "ask")
			for what, r := range map[string]*siteReply{
				"no token":         p.post(path, "text", "x"),
				"another's token":  p.post(path, "_csrf", stolen),
				"token in address": p.post(path+"?_csrf="+stolen, "text", "x"),
				"another site":     p.do("POST", path, "_csrf="+formToken.FindStringSubmatch(p.get("/member/home").body)[1], "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: cross-site"),
				"no form":          p.do("POST", path, `{"_csrf":"x"}`),
				"a stranger":       h.page().post(path, "_csrf", stolen),
			} {
				if what == "a stranger" && r.status == 303 && r.header.Get("Location") == "/member" {
					continue // is asked to sign in
				}
				if r.status != 403 {
					t.Errorf("POST %s, %s: %d", path, what, r.status)
				}
			}
		}
		if len(h.echo.served) != 0 || len(h.events) != 0 {
			t.Errorf("served %v, published %d", h.echo.served, len(h.events))
		}
		// A section's own bodies show the token in the address, for that address alone.
		base := "/member/r/incident/" + h.miaCase.String() + "/echo"
		action := strings.TrimPrefix(p.get(base).want(200).body, "served ")
		if !strings.HasPrefix(action, base+"/file/a%20b?_csrf=") {
			t.Fatal(action)
		}
		p.do("POST", action, "--x--", "Content-Type: multipart/form-data; boundary=x").want(200)
		p.do("POST", strings.Replace(action, "a%20b", "c", 1), "--x--", "Content-Type: multipart/form-data; boundary=x").want(403)
		max.do("POST", action, "--x--", "Content-Type: multipart/form-data; boundary=x").want(403)
		// Too large, not readable.
		p.send("/member/security", "/member/profile", "firstname", strings.Repeat("x", 70<<10)).want(413)
		p.send("/member/security", "/member/profile", "firstname", "a\x00b").want(400)
		// Under TLS, cookies keep to this host and to encrypted connections.
		r := h.page().do("GET", "/member", "", "X-Forwarded-Proto: https")
		if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-rapport_visit=") || !strings.Contains(c, "Secure") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("cookie %q", c)
		}
	})
}

func TestMembersApplyAndKeepTheirProfile(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		p := h.come("mia@example.com")
		p.get("/member/apply").says("Ask").hides("Public")
		p.get("/member/apply/public").want(404)
		to := p.get("/member/apply/ask").want(303).header.Get("Location")
		r := p.get(to).want(200).says(`value="Muster"`)
		if csp := r.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors 'none'") {
			t.Error(csp)
		}
		p.post(to, "lastname", "", "mail", "x").want(422)
		for range 2 { // the second click
			p.post(to, "lastname", "Muster", "mail", "max@example.com", "_token", "t").want(303)
		}
		if len(h.events) != 2 || h.events[0].ID != h.events[1].ID || strings.Contains(string(h.events[0].Data), "max@example.com") || !strings.Contains(string(h.events[0].Data), "mia@example.com") {
			t.Fatalf("%+v", h.events)
		}
		// What becomes of the event is the member's; of another's event of that source it is not.
		made := h.must("lead", record.Row{"lastname": "M", "subject": "Applied", "emailaddress1": "mia@example.com", "rpt_eventid": h.events[0].ID, "ownerid": h.ada, "owneridtype": "systemuser"})
		if made.ID("customerid") != h.mia {
			t.Errorf("the application belongs to %s", made.ID("customerid"))
		}
		if other := h.must("lead", record.Row{"lastname": "M", "subject": "Else", "rpt_eventid": id.New().String(), "ownerid": h.ada, "owneridtype": "systemuser"}); other.ID("customerid") != id.Nil {
			t.Error("a lead of nobody became somebody's")
		}
		// An open lead that the event refreshed: only if it bears the member's address and is nobody's.
		for mail, want := range map[string]id.ID{"mia@example.com": h.mia, "max@example.com": id.Nil} {
			lead := h.must("lead", record.Row{"lastname": "M", "subject": "Refreshed", "emailaddress1": mail, "ownerid": h.ada, "owneridtype": "systemuser"}).ID("leadid")
			h.must("campaignresponse", record.Row{"subject": "came back", "regardingobjectid": lead, "regardingobjectidtype": "lead", "rpt_eventid": h.events[0].ID, "ownerid": h.ada, "owneridtype": "systemuser"})
			row, err := h.store.Get(access.AsSystem(t.Context(), "test"), "lead", lead, []string{"customerid"}, nil)
			if err != nil || row.ID("customerid") != want {
				t.Errorf("%s: %s, %v", mail, row.ID("customerid"), err)
			}
		}

		p.send("/member/profile", "/member/profile", "firstname", "Maria", "lastname", "Muster", "mobilephone", "+49 40 1", "jobtitle", "boss", "emailaddress1", "evil@example.com", "language", "de").want(303)
		p.get("/member/profile?note=saved").says(`value="Maria"`, "gespeichert", `lang="de"`)
		row, err := h.store.Get(access.AsSystem(t.Context(), "test"), "contact", h.mia, nil, nil)
		if err != nil || row.Text("jobtitle") != "" || row.Text("emailaddress1") != "mia@example.com" {
			t.Errorf("%v, %v", row, err)
		}
		p.send("/member/profile", "/member/profile", "lastname", " ").want(400).says("Nachnamen")
		p.send("/member/profile", "/member/profile", "lastname", strings.Repeat("x", 60)).want(400)

		news := h.must("msdynmkt_purpose", record.Row{"msdynmkt_name": "News"}).ID("msdynmkt_purposeid")
		name := "c_" + news.String() + "_email"
		p.send("/member/profile", "/member/profile/consents", name, "on", "c_"+id.New().String()+"_email", "on").want(303)
		p.get("/member/profile").says(name+`" value="on" checked`, "Zugestimmt am")
		h.clock.Advance(time.Minute)
		p.send("/member/profile", "/member/profile/consents").want(303)
		p.get("/member/profile").says("Widerrufen am", "Zugestimmt am").hides(`value="on" checked`)
		page, err := h.store.Find(access.AsSystem(t.Context(), "test"), query.Query{Table: "msdynmkt_contactpointconsent4"})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].ID("rpt_contactid") != h.mia || page.Rows[0].Int("msdynmkt_value") != 534120002 {
			t.Errorf("%v, %v", page.Rows, err)
		}
	})
}

// Guessing is slowed by account and by address, and letters to one address are few.
func TestMemberPagesAreNotGuessed(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		p := h.page()
		until := func(most int, try func(i int) *siteReply) {
			t.Helper()
			for i := range most {
				if r := try(i); r.status == 429 {
					if r.header.Get("Retry-After") == "" {
						t.Error("no word about when to come back")
					}
					return
				}
			}
			t.Errorf("%d tries, none refused", most)
		}
		until(20, func(int) *siteReply {
			return p.send("/member", "/member/signin", "email", "mia@example.com", "password", "x")
		})
		h.clock.Advance(time.Hour)
		until(60, func(i int) *siteReply {
			return p.send("/member", "/member/signin", "email", fmt.Sprintf("m%d@example.com", i), "password", "x")
		})
		h.clock.Advance(time.Hour)
		n := len(h.letters)
		until(10, func(int) *siteReply { return p.send("/member", "/member/link", "email", "mia@example.com") })
		if sent := len(h.letters) - n; sent > 6 {
			t.Errorf("%d letters to one address", sent)
		}
	})
}
