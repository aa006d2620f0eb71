package board_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/board"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const instances = "leadtoopportunitysalesprocess"

// house is a store whose opportunities go by the shipped process, which here asks
// for a need before it goes on, and for a reason to go back.
type house struct {
	*testing.T
	db      *sqldb.DB
	ctx     context.Context
	store   *record.Store
	clock   *clock.Fake
	boards  *board.Boards
	control *access.Control
	snap    *access.Snapshot
	unit    id.ID
	catalog *metadata.Catalog
}

func each(t *testing.T, run func(h *house)) {
	t.Helper()
	text, err := os.ReadFile("../../capability/sales/processes/lead-to-opportunity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	definition := strings.Replace(string(text), "{column: customerneed}", "{column: customerneed, required: true}", 1) + "backreason: true\n"
	// A column that is kept from those without a profile.
	catalog := fixture.With(t, `table: thing_deal
schema: thing_Deal
set: thing_deals
label: {en: Deal}
plural: {en: Deals}
id: thing_dealid
name: thing_name
ownership: user
states:
  - {value: 0, label: {en: Open}, reasons: [{value: 1, label: {en: Fresh}}]}
  - {value: 1, label: {en: Closed}, reasons: [{value: 2, label: {en: Done}}]}
columns:
  - {name: thing_name, type: text, label: {en: Name}}
  - {name: thing_kind, type: choice, label: {en: Kind}, options: [{value: 1, label: {en: One}}, {value: 2, label: {en: Two}}]}
  - {name: thing_grade, type: choice, secured: true, label: {en: Grade}, options: [{value: 1, label: {en: Good}}]}
  - {name: thing_margin, type: money, secured: true, label: {en: Margin}}
`)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		h := &house{T: t, db: db, catalog: catalog, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		current := func() *metadata.Catalog { return catalog }
		h.control = &access.Control{Current: func() *access.Snapshot { return h.snap }, Catalog: current}
		h.store = record.New(record.Options{DB: db, Catalog: current, Access: h.control, Log: changelog.New(db), Clock: h.clock})
		p, err := process.Compile(definition, catalog)
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id.Derive("workflow", p.Name)
		set := process.NewSet(p)
		h.store.AddHooks(process.Follow(func() *process.Set { return set }, current, h.clock))
		h.boards = &board.Boards{Records: h.store, Catalog: current, Set: func() *process.Set { return set }, Hidden: h.control.Hidden}
		h.reload()
		h.unit = h.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		h.create("systemuser", record.Row{"systemuserid": access.SystemUser, "domainname": "system", "businessunitid": h.unit})
		h.reload()
		h.create("workflow", record.Row{"workflowid": p.ID, "name": "Sales", "category": process.Category, "clientdata": definition, "statecode": 1})
		for _, w := range set.Ways("opportunity") {
			for _, s := range w.Stages {
				h.create("processstage", record.Row{"processstageid": s.ID, "stagename": s.Name["en"], "processid": p.ID, "primaryentitytypecode": s.Table})
			}
		}
		h.create(metadata.CurrencyTable, record.Row{metadata.CurrencyColumn: record.BaseCurrency, "currencyname": "Euro", "isocurrencycode": "EUR", "currencysymbol": "€", "currencyprecision": 2, "exchangerate": 1})
		run(h)
	})
}

func (h *house) reload() {
	h.Helper()
	var err error
	if h.snap, err = access.Load(h.ctx, h.db); err != nil {
		h.Fatal(err)
	}
}

func (h *house) create(table string, row record.Row) (out record.Row) {
	h.Helper()
	if err := h.store.Write(h.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(h.ctx, table, row); return err }); err != nil {
		h.Fatal(table, err)
	}
	return out
}

func (h *house) change(table string, key id.ID, row record.Row) error {
	return h.store.Write(h.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(h.ctx, table, key, row, record.Match{})
		return err
	})
}

// user makes somebody of a unit with rights to read tables at a depth.
func (h *house) user(name string, unit id.ID, depth access.Depth, tables ...string) (context.Context, id.ID) {
	h.Helper()
	u := h.create("systemuser", record.Row{"domainname": name, "fullname": name, "businessunitid": unit}).ID("systemuserid")
	role := h.create("role", record.Row{"name": "role of " + name}).ID("roleid")
	h.create("systemuserroles", record.Row{"systemuserid": u, "roleid": role})
	for _, table := range tables {
		h.create("roleprivileges", record.Row{"roleid": role, "rpt_table": table, "accessright": int64(access.Read), "privilegedepthmask": int64(depth)})
	}
	h.reload()
	return access.With(h.Context(), access.Principal{Kind: access.User, ID: u}), u
}

func stage(key string) id.ID { return process.StageID(instances, key) }

// to moves a record's process on to a stage.
func (h *house) to(deal id.ID, path ...string) {
	h.Helper()
	page, err := h.store.Find(h.ctx, query.Query{Table: instances, Where: query.Compare{Left: query.Path{"opportunityid"}, Value: deal}})
	if err != nil || len(page.Rows) != 1 {
		h.Fatalf("%d instances, %v", len(page.Rows), err)
	}
	for _, s := range path {
		if err := h.change(instances, page.Rows[0].ID("businessprocessflowinstanceid"), record.Row{"activestageid": stage(s)}); err != nil {
			h.Fatal(s, err)
		}
	}
}

// counted asks the database itself: one row of number and sum.
func (h *house) counted(sql string, args ...any) string {
	h.Helper()
	parts := strings.Split(sql, "?")
	sql = parts[0]
	for i, a := range args {
		if key, ok := a.(id.ID); ok {
			v, err := query.Encode(h.db.Dialect(), query.ID, key)
			if err != nil {
				h.Fatal(err)
			}
			args[i] = v
		}
		sql += h.db.Dialect().Placeholder(i+1) + parts[i+1]
	}
	var n, sum int64
	if found, err := h.db.QueryRow(h.ctx, sql, args, &n, &sum); err != nil || !found {
		h.Fatal(sql, err)
	}
	return fmt.Sprintf("%d %d", n, sum)
}

// told is what a column of a board says, in the same form.
func told(c board.Column) string {
	sum, _ := c.Sum.(query.Number)
	return fmt.Sprintf("%d %d", c.Count, sum.Units)
}
