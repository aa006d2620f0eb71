package sales_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// env is an organisation with the sales actions. sella may do everything with
// her own rows; lena may only read and write leads.
type env struct {
	t       *testing.T
	ctx     context.Context // the platform's
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	control *access.Control
	catalog *metadata.Catalog
	snap    *access.Snapshot
	routes  atomic.Pointer[[]queue.Route]

	unit, team, sella, lena id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, ctx: access.AsSystem(t.Context(), "test"), db: db, catalog: catalog}
		e.routes.Store(&[]queue.Route{})
		e.control = &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		clk := clock.NewFake(start)
		e.store = record.New(record.Options{DB: db, Catalog: e.control.Catalog, Access: e.control, Log: changelog.New(db), Clock: clk})
		e.store.AddHook(party.FullName("lead"))
		e.store.AddHook(party.FullName("contact"))
		e.actions = action.New(e.control, e.store)
		sales.Define(e.actions, sales.Routing{Engine: &routing.Engine{Sets: func() *routing.Sets { return nil }, People: func() *routing.People { return nil },
			Queues: func() []queue.Route { return *e.routes.Load() }, Catalog: e.control.Catalog, Teams: e.control, Clock: clk}})
		e.reload()
		e.people()
		e.maps()
		run(t, e)
	})
}

func (e *env) people() {
	e.unit = e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
	e.team = e.create("team", record.Row{"name": "Sales", "businessunitid": e.unit}).ID("teamid")
	e.sella, e.lena = e.user("sella", access.Rights(), "lead", "account", "contact", "opportunity", "queueitem", "queue"), e.user("lena", []access.Right{access.Read, access.Write}, "lead")
}

// maps puts the column maps in that the product comes with.
func (e *env) maps() {
	a := &solution.Applier{Store: e.store, Catalog: e.control.Catalog}
	files := fstest.MapFS{}
	text, err := os.ReadFile("../../../solutions/core/records/20-maps.yaml")
	if err != nil {
		e.t.Fatal(err)
	}
	files["records/20-maps.yaml"] = &fstest.MapFile{Data: text}
	if err := a.Apply(e.ctx, solution.Bundle{Name: "core", Files: files}); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) user(name string, rights []access.Right, tables ...string) id.ID {
	u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": e.unit}).ID("systemuserid")
	r := e.create("role", record.Row{"name": name}).ID("roleid")
	e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
	for _, table := range tables {
		for _, right := range rights {
			e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(access.Basic)})
		}
	}
	e.reload()
	return u
}

func (e *env) reload() {
	snap, err := access.Load(e.t.Context(), e.db)
	if err != nil {
		e.t.Fatal(err)
	}
	e.snap = snap
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err })
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) lead(owner id.ID, row record.Row) id.ID {
	e.t.Helper()
	row["ownerid"], row["owneridtype"] = owner, "systemuser"
	return e.create("lead", row).ID("leadid")
}

func (e *env) get(table string, key id.ID) record.Row {
	e.t.Helper()
	row, err := e.store.Get(e.ctx, table, key, nil, nil)
	if err != nil {
		e.t.Fatal(table, err)
	}
	return row
}

func (e *env) count(table string) int64 {
	e.t.Helper()
	page, err := e.store.Find(e.ctx, query.Query{Table: table, Limit: 1, Count: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return page.Total
}

func as(ctx context.Context, user id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: user})
}

func (e *env) call(user id.ID, name string, lead id.ID, body map[string]any) (map[string]any, error) {
	return e.actions.Call(as(e.t.Context(), user), name, lead, body)
}

var everything = map[string]any{"CreateAccount": true, "CreateContact": true, "CreateOpportunity": true, "Status": 3}

// made reads the ids out of the answer, by table.
func made(t *testing.T, out map[string]any) map[string]id.ID {
	t.Helper()
	ids := map[string]id.ID{}
	list, _ := out["value"].([]any)
	for _, v := range list {
		m := v.(odata.Typed)
		if len(m.Columns) != 0 || m.Row.ID(m.Table+"id") == id.Nil {
			t.Fatalf("%v", m)
		}
		ids[m.Table] = m.Row.ID(m.Table + "id")
	}
	return ids
}

func TestQualifyMakesAllThree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lead := e.lead(e.sella, record.Row{"firstname": "Ann", "lastname": "Berg", "companyname": "Berg Ltd", "subject": "New plant", "emailaddress1": "ann@example.com", "address1_city": "Ulm", "budgetamount": 50000, "numberofemployees": 7, "donotphone": true})
		out, err := e.call(e.sella, "QualifyLead", lead, everything)
		if err != nil {
			t.Fatal(err)
		}
		ids := made(t, out)
		account, contact, opportunity, after := e.get("account", ids["account"]), e.get("contact", ids["contact"]), e.get("opportunity", ids["opportunity"]), e.get("lead", lead)
		if account.Text("name") != "Berg Ltd" || account.Int("numberofemployees") != 7 || account.ID("primarycontactid") != ids["contact"] || account.Text("address1_city") != "Ulm" {
			t.Errorf("account %v", account)
		}
		if contact.Text("fullname") != "Ann Berg" || contact.Text("emailaddress1") != "ann@example.com" || contact.ID("parentcustomerid") != ids["account"] || contact.Text("parentcustomeridtype") != "account" || contact["donotphone"] != true {
			t.Errorf("contact %v", contact)
		}
		if opportunity.Text("name") != "New plant" || opportunity.ID("customerid") != ids["account"] || opportunity.Text("customeridtype") != "account" || opportunity.ID("parentcontactid") != ids["contact"] || opportunity["estimatedvalue"] != (query.Number{Units: 500_000_000, Scale: 4}) {
			t.Errorf("opportunity %v", opportunity)
		}
		for table, row := range map[string]record.Row{"account": account, "contact": contact, "opportunity": opportunity} {
			if row.ID("originatingleadid") != lead || row.ID("ownerid") != e.sella || row.Int("statecode") != 0 || row.ID("createdby") != e.sella {
				t.Errorf("%s: %v", table, row)
			}
		}
		if after.Int("statecode") != 1 || after.Int("statuscode") != 3 || after.ID("parentaccountid") != ids["account"] || after.ID("parentcontactid") != ids["contact"] || after.ID("qualifyingopportunityid") != ids["opportunity"] {
			t.Errorf("lead %v", after)
		}
		if _, err := e.call(e.sella, "QualifyLead", lead, everything); !errs.Has(err, errs.Conflict) || e.count("account") != 1 {
			t.Errorf("twice: %v, %d accounts", err, e.count("account"))
		}
	})
}

func TestQualifyMakesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		nothing := e.lead(e.sella, record.Row{"lastname": "Berg", "companyname": "Berg Ltd"})
		if out, err := e.call(e.sella, "QualifyLead", nothing, map[string]any{"CreateAccount": false, "CreateContact": false, "CreateOpportunity": false, "Status": -1}); err != nil || len(made(t, out)) != 0 || e.get("lead", nothing).Int("statuscode") != 3 {
			t.Errorf("nothing: %v, %v", out, err)
		}
		// A person without a company: the contact is the customer.
		person := e.lead(e.sella, record.Row{"lastname": "Berg", "rpt_productinterest": "ILP"})
		out, err := e.call(e.sella, "QualifyLead", person, everything)
		if err != nil {
			t.Fatal(err)
		}
		ids := made(t, out)
		if o := e.get("opportunity", ids["opportunity"]); len(ids) != 2 || o.ID("customerid") != ids["contact"] || o.Text("customeridtype") != "contact" || o.Text("name") != "ILP" {
			t.Errorf("a person: %v, %v", ids, o)
		}
		// A company that is a customer already is not made again.
		known := e.create("account", record.Row{"name": "Old", "ownerid": e.sella, "owneridtype": "systemuser"}).ID("accountid")
		returning := e.lead(e.sella, record.Row{"lastname": "Berg", "parentaccountid": known})
		if out, err = e.call(e.sella, "QualifyLead", returning, map[string]any{"CreateOpportunity": true}); err != nil {
			t.Fatal(err)
		}
		if o := e.get("opportunity", made(t, out)["opportunity"]); o.ID("customerid") != known || o.Text("name") != "Berg" {
			t.Errorf("a known company: %v", o)
		}
	})
}

// Whatever a lead can hold can be carried over.
func TestQualifyCarriesTheLargestValues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		table, _ := e.catalog.Table("lead")
		row := record.Row{}
		for _, c := range table.Columns {
			if c.ReadOnly || c.System || c.IsLookup() || c.Name == table.ID {
				continue
			}
			switch c.TypeName {
			case "text", "memo":
				n := c.Max
				if n == 0 {
					n = 100
				}
				row[c.Name] = strings.Repeat("ß", n)
			case "choice":
				row[c.Name] = c.Options[len(c.Options)-1].Value
			case "boolean":
				row[c.Name] = true
			case "money", "whole", "decimal":
				most := int64(1_000_000_000)
				if c.Most != nil {
					most = *c.Most
				}
				row[c.Name] = most
			case "datetime":
				row[c.Name] = start
			case "date":
				row[c.Name] = "2026-12-31"
			}
		}
		out, err := e.call(e.sella, "QualifyLead", e.lead(e.sella, row), everything)
		if err != nil {
			t.Fatal(err)
		}
		if ids := made(t, out); len(ids) != 3 || len([]rune(e.get("contact", ids["contact"]).Text("lastname"))) != len([]rune(row.Text("lastname"))) {
			t.Errorf("made %v", ids)
		}
	})
}

// Eight qualify the same lead at once: one does, the others are told, and
// nothing of theirs stays.
func TestQualifyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lead := e.lead(e.sella, record.Row{"lastname": "Berg", "companyname": "Berg Ltd"})
		var wg sync.WaitGroup
		var done atomic.Int64
		for range 8 {
			wg.Go(func() {
				_, err := e.call(e.sella, "QualifyLead", lead, everything)
				switch {
				case err == nil:
					done.Add(1)
				case errs.CodeOf(err) != "sales.lead_closed":
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 1 || e.count("account") != 1 || e.count("contact") != 1 || e.count("opportunity") != 1 || e.get("lead", lead).Version() != 2 {
			t.Errorf("%d succeeded; %d accounts, %d contacts, %d opportunities", done.Load(), e.count("account"), e.count("contact"), e.count("opportunity"))
		}
	})
}

func TestDisqualifyAndReactivate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lead := e.lead(e.sella, record.Row{"lastname": "Berg"})
		if _, err := e.call(e.sella, "rpt_ReactivateLead", lead, nil); !errs.Has(err, errs.Conflict) {
			t.Errorf("an open lead: %v", err)
		}
		if _, err := e.call(e.sella, "rpt_DisqualifyLead", lead, map[string]any{"Status": 5, "Reason": "no answer"}); err != nil {
			t.Fatal(err)
		}
		if row := e.get("lead", lead); row.Int("statecode") != 2 || row.Int("statuscode") != 5 || row.Text("rpt_disqualifyreason") != "no answer" {
			t.Errorf("disqualified: %v", row)
		}
		if _, err := e.call(e.sella, "rpt_DisqualifyLead", lead, map[string]any{"Reason": "again"}); !errs.Has(err, errs.Conflict) {
			t.Errorf("twice: %v", err)
		}
		if _, err := e.call(e.sella, "QualifyLead", lead, everything); !errs.Has(err, errs.Conflict) {
			t.Errorf("a closed lead is qualified: %v", err)
		}
		if _, err := e.call(e.sella, "rpt_ReactivateLead", lead, map[string]any{}); err != nil {
			t.Fatal(err)
		}
		if row := e.get("lead", lead); row.Int("statecode") != 0 || row.Int("statuscode") != 1 || row["rpt_disqualifyreason"] != nil {
			t.Errorf("reactivated: %v", row)
		}
		for name, body := range map[string]map[string]any{
			"a reason of another state": {"Status": 3}, "no reason of ours": {"Status": 99}, "too long": {"Reason": strings.Repeat("x", 501)}, "another type": {"Status": "lost"}, "an unknown parameter": {"Nosuch": 1},
		} {
			if _, err := e.call(e.sella, "rpt_DisqualifyLead", lead, body); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, body := range []map[string]any{nil, {"Status": -1}} {
			if _, err := e.call(e.sella, "rpt_DisqualifyLead", lead, body); err != nil || e.get("lead", lead).Int("statuscode") != 4 {
				t.Errorf("%v: %v, reason %d", body, err, e.get("lead", lead).Int("statuscode"))
			}
			if _, err := e.call(e.sella, "rpt_ReactivateLead", lead, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A lead whose address is an open lead's by now stays closed.
func TestReactivateKeepsAddressesUnique(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		old := e.lead(e.sella, record.Row{"lastname": "Berg", "rpt_matchkey": "a@example.com"})
		if _, err := e.call(e.sella, "rpt_DisqualifyLead", old, nil); err != nil {
			t.Fatal(err)
		}
		e.lead(e.sella, record.Row{"lastname": "Berg", "rpt_matchkey": "a@example.com"})
		if _, err := e.call(e.sella, "rpt_ReactivateLead", old, nil); !errors.Is(err, record.ErrDuplicateKey) || e.get("lead", old).Int("statecode") != 2 {
			t.Errorf("got %v, state %d", err, e.get("lead", old).Int("statecode"))
		}
	})
}

func TestActionsObeyRights(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		lenas, sellas := e.lead(e.lena, record.Row{"lastname": "Berg", "companyname": "Berg Ltd"}), e.lead(e.sella, record.Row{"lastname": "Tal"})
		nobody := e.user("nobody", nil)
		for _, name := range []string{"QualifyLead", "rpt_DisqualifyLead", "rpt_ReactivateLead"} {
			for who, c := range map[string]struct {
				user, lead id.ID
				kind       errs.Kind
			}{"without a role": {nobody, sellas, errs.Forbidden}, "of another": {e.lena, sellas, errs.NotFound}, "no lead": {e.lena, id.New(), errs.NotFound}, "unnamed": {e.lena, id.Nil, errs.Invalid}} {
				if _, err := e.call(c.user, name, c.lead, nil); !errs.Has(err, c.kind) {
					t.Errorf("%s, %s: %v", name, who, err)
				}
			}
			if _, err := e.actions.Call(t.Context(), name, sellas, nil); !errs.Has(err, errs.Unauthenticated) {
				t.Errorf("%s, nobody: %v", name, err)
			}
		}
		// Who may write the lead but make no account qualifies it without one, or not at all.
		if _, err := e.call(e.lena, "QualifyLead", lenas, everything); !errs.Has(err, errs.Forbidden) || e.get("lead", lenas).Version() != 1 || e.count("account") != 0 {
			t.Errorf("got %v; version %d", err, e.get("lead", lenas).Version())
		}
		if _, err := e.call(e.lena, "QualifyLead", lenas, nil); err != nil {
			t.Error(err)
		}
	})
}
