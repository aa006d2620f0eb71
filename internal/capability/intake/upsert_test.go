package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// house is the way from an event to records with all its real parts: intake,
// the shipped rules and flow, the record store, routing, notifications.
type house struct {
	testing.TB
	db      *sqldb.DB
	clock   *clock.Fake
	store   *record.Store
	intake  *intake.Intake
	actions *action.Registry
	snap    atomic.Pointer[access.Snapshot]
	sellers []id.ID
	routes  []queue.Route
	seq     atomic.Uint64
}

func newHouse(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *house {
	h := &house{TB: t, db: db, clock: clock.NewFake(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))}
	c := func() *metadata.Catalog { return catalog }
	control := &access.Control{Catalog: c, Current: h.snap.Load}
	h.store = record.New(record.Options{DB: db, Catalog: c, Clock: h.clock, Log: changelog.New(db), Access: control})
	h.store.AddHook(party.FullName("lead"))
	actions := action.New(control, h.store)
	queue.Define(actions, h.clock)
	notify.Define(actions, control.Members)
	sales.Define(actions, sales.Routing{Engine: &routing.Engine{Sets: func() *routing.Sets { return nil }, People: func() *routing.People { return nil },
		Queues: func() []queue.Route { return h.routes }, Catalog: control.Catalog, Teams: control, Clock: h.clock}})
	text, err := intake.ShippedFlows()
	if err != nil {
		t.Fatal(err)
	}
	program, err := flow.Compile(text[intake.Flow], &flow.Checker{Catalog: c, Action: flow.KnownActions(actions)})
	if err != nil {
		t.Fatal(err)
	}
	set := flow.NewSet(program)
	engine := flow.New(flow.Options{DB: db, Queue: job.NewQueue(db, h.clock), Clock: h.clock, Flows: func() *flow.Set { return set },
		Bind: func(tx *sqldb.Tx) flow.Records { return h.store.Bind(tx) }, Caller: flow.NewCaller(actions, h.store.Bind)})
	rules := shipped(t)
	lead, _ := catalog.Table("lead")
	h.intake = intake.New(intake.Config{Cleaner: &intake.Cleaner{Columns: lead, Country: "US"}, Rules: func() *rule.Set { return rules }, Flows: engine, Store: h.store, Logger: slog.New(slog.DiscardHandler)})
	h.actions = actions
	intake.Actions{Intake: h.intake, Env: intake.RuleEnvOf(func() *metadata.Table { return lead }), Clock: h.clock}.Define(actions)
	h.seed()
	return h
}

func (h *house) system() context.Context { return access.AsSystem(h.Context(), "test") }

func (h *house) refresh() {
	s, err := access.Load(h.Context(), h.db)
	if err != nil {
		h.Fatal(err)
	}
	h.snap.Store(s)
	if h.routes, err = queue.Load(h.system(), h.store); err != nil {
		h.Fatal(err)
	}
}

func (h *house) make(table string, row record.Row) (out record.Row) {
	h.Helper()
	err := h.store.Write(h.system(), func(tx *record.Tx) (err error) {
		out, err = tx.Create(h.system(), table, row)
		return err
	})
	if err != nil {
		h.Fatal(table, err)
	}
	return out
}

// seed makes an organisation: two sellers in a team, its default queue.
func (h *house) seed() {
	h.refresh()
	unit := h.make("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	h.make("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
	team := h.make("team", record.Row{"name": "Sellers", "businessunitid": unit}).ID("teamid")
	for _, name := range []string{"ann", "bob"} {
		who := h.make("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit}).ID("systemuserid")
		h.make("teammembership", record.Row{"teamid": team, "systemuserid": who})
		h.sellers = append(h.sellers, who)
	}
	h.make("queue", record.Row{"name": "All", "rpt_isdefault": true, "rpt_teamid": team, "ownerid": team, "owneridtype": "team"})
	h.make("queue", record.Row{"name": "Enterprise", "rpt_routingteam": "Enterprise", "rpt_teamid": team, "ownerid": team, "owneridtype": "team"})
	h.refresh()
}

// send lets an event arrive, as the consumer does.
func (h *house) send(eventID string, data map[string]any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	e := event.Event{Topic: intake.Topic, Seq: h.seq.Add(1), Source: "/test", ID: eventID, At: h.clock.Now(),
		Cloud: &cloudevents.Event{ID: eventID, Source: "/test", Type: intake.Type, Data: text}}
	effect, err := h.intake.Handle(h.Context(), e)
	if err != nil {
		return err
	}
	return h.db.Write(h.Context(), func(tx *sqldb.Tx) error { return effect(h.Context(), tx) })
}

func (h *house) must(eventID string, data map[string]any) {
	h.Helper()
	if err := h.send(eventID, data); err != nil {
		h.Fatal(err)
	}
}

func (h *house) find(table string, where query.Node) []record.Row {
	h.Helper()
	page, err := h.store.Find(h.system(), query.Query{Table: table, Where: where, Order: []query.Order{{Column: "createdon"}}})
	if err != nil {
		h.Fatal(err)
	}
	return page.Rows
}

func equals(column string, v any) query.Node {
	return query.Compare{Left: query.Path{column}, Value: v}
}

func eachHouse(t *testing.T, run func(h *house)) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(newHouse(t, db, catalog)) })
}

func TestUpsertOfLeads(t *testing.T) {
	eachHouse(t, func(h *house) {
		ada := map[string]any{"firstname": "Ada", "lastname": "Lovelace", "emailaddress1": "Ada@Engines.example", "mobilephone": "+1 212 555 0123", "numberofemployees": 250,
			"address1_country": "US", "rpt_productinterest": "ILP", "context": map[string]any{"page": "https://bank.example/about"}}
		h.must("e1", ada)
		leads := h.find("lead", nil)
		if len(leads) != 1 {
			t.Fatalf("%d leads; runs: %v", len(leads), h.find("rpt_flowrun", nil))
		}
		first := leads[0]
		key := first.ID("leadid")
		if first.Text("rpt_matchkey") != "ada@engines.example" || first.Int("msdyn_leadscore") == 0 || first.Int("rpt_firstscore") != first.Int("msdyn_leadscore") || first.Text("rpt_routingteam") != "Enterprise" ||
			first.Int("rpt_nextaction") == 0 || first["rpt_reasons"] == nil || first["rpt_rulehits"] == nil || first.Text("rpt_modelversion") == "" || first.Int("msdyn_leadscoretrend") != 3 {
			t.Errorf("%v", first)
		}
		if first.ID("ownerid") != h.sellers[0] && first.ID("ownerid") != h.sellers[1] {
			t.Errorf("owned by %v", first.ID("ownerid"))
		}
		items := h.find("queueitem", equals("objectid", key))
		told := h.find("appnotification", equals("rpt_regardingid", key))
		if len(items) != 1 || len(told) != 1 || told[0].ID("ownerid") != first.ID("ownerid") {
			t.Errorf("%v %v", items, told)
		}
		if q := h.find("queue", equals("queueid", items[0].ID("queueid"))); q[0].Text("name") != "Enterprise" {
			t.Error(q[0].Text("name"))
		}

		// The same person again, from a page that says more: refreshed, with a response; what is missing now stays.
		again := map[string]any{"lastname": "Lovelace", "emailaddress1": "ADA@engines.example", "jobtitle": "CEO", "numberofemployees": 250, "address1_country": "US", "rpt_productinterest": "ILP",
			"mobilephone": "", "context": map[string]any{"page": "https://bank.example/calculator"}}
		h.must("e2", again)
		h.must("e2", again) // redelivered
		leads = h.find("lead", nil)
		if len(leads) != 1 {
			t.Fatalf("%d leads", len(leads))
		}
		now := leads[0]
		if now.Text("jobtitle") != "CEO" || now.Text("mobilephone") != "+12125550123" || now.Text("firstname") != "Ada" || now.Int("rpt_firstscore") != first.Int("rpt_firstscore") ||
			now.Int("msdyn_leadscore") <= first.Int("msdyn_leadscore") || now.Int("msdyn_leadscoretrend") != 0 || now.Text("rpt_eventid") != "e1" || now.ID("ownerid") != first.ID("ownerid") {
			t.Errorf("%v", now)
		}
		responses := h.find("campaignresponse", equals("regardingobjectid", key))
		if len(responses) != 1 || responses[0].Text("rpt_eventid") != "e2" || responses[0].ID("ownerid") != now.ID("ownerid") || len(h.find("appnotification", nil)) != 1 || len(h.find("queueitem", nil)) != 1 {
			t.Errorf("%v", responses)
		}

		// Once the lead is closed, the person becomes a new lead, linked to the old one.
		if err := h.store.Write(h.system(), func(tx *record.Tx) error {
			_, err := tx.Update(h.system(), "lead", key, record.Row{"statecode": int64(2)}, record.Match{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Second)
		h.must("e3", again)
		leads = h.find("lead", equals("statecode", int64(0)))
		if len(leads) != 1 || leads[0].ID("rpt_previousleadid") != key || leads[0].ID("ownerid") == first.ID("ownerid") {
			t.Errorf("%v", leads)
		}
		for _, run := range h.find("rpt_flowrun", nil) {
			if run.Int("rpt_status") != int64(flow.Succeeded) || run.ID("rpt_regarding") == id.Nil || run.Text("rpt_name") == "" {
				t.Errorf("%v", run)
			}
		}
	})
}

func TestLeadsWithoutAddress(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.must("e1", map[string]any{"lastname": "Hopper", "mobilephone": "+12125550123"})
		h.must("e2", map[string]any{"lastname": "HOPPER", "telephone1": "(212) 555-0123"})
		h.must("e3", map[string]any{"lastname": "Other", "telephone1": "(212) 555-0123"})
		hints := 0
		for _, l := range h.find("lead", nil) {
			if l.Text("rpt_duplicatehint") != "" {
				hints++
				if l.Text("rpt_eventid") != "e2" || l.Text("rpt_duplicatehint") != "Hopper has the same phone number and name" {
					t.Errorf("%v", l)
				}
			}
		}
		if n := len(h.find("lead", nil)); n != 3 || hints != 1 {
			t.Errorf("%d leads, %d hints", n, hints)
		}
	})
}

func TestSuppressedLeadsReachNobody(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.must("e1", map[string]any{"lastname": "Bot", "emailaddress1": "bot@example.com", "context": map[string]any{"suspect": "honeypot"}})
		if l := h.find("lead", nil); len(l) != 1 || l[0].Int("rpt_nextaction") != intake.Suppress || len(h.find("queueitem", nil)) != 0 || len(h.find("appnotification", nil)) != 0 {
			t.Errorf("%v", l)
		}
	})
}

func TestBadLeadsGoToQuarantine(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.must("e1", map[string]any{"lastname": "X", "emailaddress1": "nonsense", "numberofemployees": "many"})
		rows := h.find("rpt_quarantine", nil)
		if len(rows) != 1 || len(h.find("lead", nil)) != 0 {
			t.Fatal(rows)
		}
		var reasons []intake.Fault
		if err := json.Unmarshal(rows[0]["rpt_reasons"].(json.RawMessage), &reasons); err != nil || len(reasons) != 2 {
			t.Error(reasons, err)
		}
	})
}

// Many at once, each address several times: one lead, one queue item and one
// notification an address, a response for every further event.
func TestManyAtOnce(t *testing.T) {
	eachHouse(t, func(h *house) {
		const addresses, times = 12, 5
		var wg sync.WaitGroup
		for k := range times {
			wg.Go(func() {
				for n := range addresses {
					data := map[string]any{"lastname": "L", "emailaddress1": fmt.Sprintf("p%d@engines.example", (n+k*3)%addresses)}
					if err := h.send(fmt.Sprintf("e%d-%d", k, n), data); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := len(h.find("lead", nil)); n != addresses {
			t.Errorf("%d leads", n)
		}
		for table, want := range map[string]int{"queueitem": addresses, "appnotification": addresses, "campaignresponse": addresses * (times - 1), "rpt_flowrun": addresses * times} {
			if n := len(h.find(table, nil)); n != want {
				t.Errorf("%d rows of %s, want %d", n, table, want)
			}
		}
		for _, run := range h.find("rpt_flowrun", query.Compare{Left: query.Path{"rpt_status"}, Op: query.Ne, Value: int64(flow.Succeeded)}) {
			t.Errorf("%v", run.Text("rpt_error"))
		}
	})
}

func BenchmarkLeadToRecords(b *testing.B) {
	catalog := fixture.Catalog(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			url := ""
			if engine == "sqlite" {
				url = dbtest.SQLite(b, fixture.Schema(b, catalog))
			} else {
				url = dbtest.Postgres(b, fixture.Schema(b, catalog))
			}
			db, err := sqldb.Open(b.Context(), sqldb.Options{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			h := newHouse(b, db, catalog)
			b.ResetTimer()
			var wg sync.WaitGroup
			for k := range 16 {
				wg.Go(func() {
					for n := k; n < b.N; n += 16 {
						if err := h.send(fmt.Sprint("e", n), map[string]any{"firstname": "Ada", "lastname": "L", "emailaddress1": fmt.Sprintf("p%d@engines.example", n), "mobilephone": "+12125550123",
							"context": map[string]any{"page": "https://bank.example/calculator"}}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "leads/s")
		})
	}
}

// Queues, teams and people are kept in memory apart from each other. A lead that
// comes when its queue is known there and those who work it are not yet has a
// seller and one notification all the same, and so has a team that is told.
func TestSellersOfAMomentAgo(t *testing.T) {
	eachHouse(t, func(h *house) {
		unit := h.find("businessunit", nil)[0].ID("businessunitid")
		team := h.make("team", record.Row{"name": "South", "businessunitid": unit}).ID("teamid")
		fresh := map[id.ID]bool{}
		for _, name := range []string{"cleo", "dan", "gone"} {
			who := h.make("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit, "isdisabled": name == "gone"}).ID("systemuserid")
			h.make("teammembership", record.Row{"teamid": team, "systemuserid": who})
			fresh[who] = name != "gone"
		}
		h.make("queue", record.Row{"name": "South", "rpt_countries": []any{"PT"}, "rpt_teamid": team, "ownerid": team, "owneridtype": "team"})
		var err error
		if h.routes, err = queue.Load(h.system(), h.store); err != nil { // the rest of what memory holds stays old
			t.Fatal(err)
		}
		got := map[id.ID]int{}
		for n := range 4 {
			h.must(fmt.Sprintf("e%d", n), map[string]any{"lastname": fmt.Sprintf("Person %d", n), "emailaddress1": fmt.Sprintf("p%d@example.com", n), "address1_country": "PT"})
		}
		for _, lead := range h.find("lead", nil) {
			owner := lead.ID("ownerid")
			got[owner]++
			told := h.find("appnotification", equals("rpt_regardingid", lead.ID("leadid")))
			if !fresh[owner] || len(told) != 1 || told[0].ID("ownerid") != owner {
				t.Errorf("the lead is %v's, told are %v", owner, told)
			}
		}
		if len(got) != 2 {
			t.Errorf("dealt to %v", got)
		}
		if _, err := h.actions.Call(h.system(), "SendAppNotification", id.Nil, map[string]any{"Title": "Meeting", "Recipient": team.String()}); err != nil {
			t.Fatal(err)
		}
		for _, row := range h.find("appnotification", equals("title", "Meeting")) {
			if !fresh[row.ID("ownerid")] {
				t.Errorf("told: %v", row.ID("ownerid"))
			}
			delete(fresh, row.ID("ownerid"))
		}
		if len(fresh) != 1 {
			t.Errorf("not told: %v", fresh)
		}
	})
}
