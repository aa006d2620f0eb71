package app

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Every table can be written with the values that it asks for and no more: a
// row is made, read, changed, put through all its states, and deleted. What
// extends the activity base shows there as long as it is.
func TestEveryTableKeepsRecords(t *testing.T) {
	t.Parallel()
	catalog := theCatalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		m := newMaker(t, db, catalog)
		for _, name := range catalog.Names() {
			table, _ := catalog.Table(name)
			if table.Managed || table.Intersect || name == "businessunit" {
				continue
			}
			m.roundTrip(table)
			if t.Failed() {
				return
			}
		}
	})
}

// maker makes rows of any table with the least that they need.
type maker struct {
	testing.TB
	ctx     context.Context
	store   *record.Store
	catalog *metadata.Catalog
	known   map[string]id.ID // a row of each table, for lookups
	n       int
}

func newMaker(t testing.TB, db *sqldb.DB, catalog *metadata.Catalog) *maker {
	var snap *access.Snapshot
	control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: func() *metadata.Catalog { return catalog }}
	m := &maker{TB: t, ctx: access.AsSystem(t.Context(), "test"), catalog: catalog, known: map[string]id.ID{},
		store: record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: changelog.New(db), Clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))})}
	reload := func() {
		var err error
		if snap, err = access.Load(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	reload()
	m.known["businessunit"] = m.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	m.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": m.known["businessunit"]})
	m.known["systemuser"] = access.SystemUser
	reload()
	return m
}

func (m *maker) write(fn func(tx *record.Tx) error) error { return m.store.Write(m.ctx, fn) }

func (m *maker) create(table string, row record.Row) (out record.Row) {
	m.Helper()
	if err := m.write(func(tx *record.Tx) (err error) { out, err = tx.Create(m.ctx, table, row); return err }); err != nil {
		m.Fatalf("%s: %v %v", table, err, fieldsOf(err))
	}
	return out
}

func fieldsOf(err error) []errs.Field {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// least gives the values that a row of the table needs.
func (m *maker) least(t *metadata.Table) record.Row {
	row := record.Row{}
	for _, c := range t.Columns {
		if c.System || c.Computed() || c.ReadOnly || c.Default != nil || !c.Required && c.Name != t.Title {
			continue
		}
		m.n++
		switch {
		case c.IsLookup():
			row[c.Name] = m.row(c.Targets[0])
			if c.Polymorphic() {
				row[metadata.TypeColumn(c.Name)] = c.Targets[0]
			}
		case c.IsChoice():
			row[c.Name] = c.Options[0].Value
		default:
			row[c.Name] = map[string]any{"text": "t" + itoa(m.n), "memo": "m", "whole": 1, "decimal": 1, "double": 1, "money": 1, "boolean": true, "datetime": "2026-11-22T09:00:00Z", "date": "2026-11-22", "id": id.New(), "json": "{}"}[c.TypeName]
		}
	}
	return row
}

// row gives the id of some row of a table.
func (m *maker) row(table string) id.ID {
	if known, ok := m.known[table]; ok {
		return known
	}
	t, _ := m.catalog.Table(table)
	m.known[table] = m.create(table, m.least(t)).ID(t.ID)
	return m.known[table]
}

func (m *maker) roundTrip(t *metadata.Table) {
	m.Helper()
	key := m.create(t.Name, m.least(t)).ID(t.ID)
	got, err := m.store.Get(m.ctx, t.Name, key, nil, nil)
	if err != nil || got.Version() != 1 {
		m.Fatalf("%s: %v %v", t.Name, got, err)
	}
	change := record.Row{}
	for _, c := range t.Columns {
		if (c.TypeName == "text" || c.TypeName == "memo") && !c.System && !c.ReadOnly && !c.Computed() {
			change[c.Name] = "changed" + itoa(m.n)
			break
		}
	}
	version := int64(1)
	update := func(change record.Row) error {
		return m.write(func(tx *record.Tx) error {
			out, err := tx.Update(m.ctx, t.Name, key, change, record.Match{Version: version})
			if err == nil {
				version = out.Version()
			}
			return err
		})
	}
	if err := update(change); err != nil || len(change) > 0 && version != 2 {
		m.Fatalf("%s: %v, version %d", t.Name, err, version)
	}
	m.states(t, key, update)
	m.base(t, key, true)
	if err := m.write(func(tx *record.Tx) error { return tx.Delete(m.ctx, t.Name, key, record.Match{}) }); err != nil {
		m.Fatalf("%s: %v", t.Name, err)
	}
	if _, err := m.store.Get(m.ctx, t.Name, key, nil, nil); !errors.Is(err, record.ErrNotFound) {
		m.Errorf("%s: deleted, and then %v", t.Name, err)
	}
	m.base(t, key, false)
}

// states puts the row into every legal pair of state and reason, and tries
// one that is not.
func (m *maker) states(t *metadata.Table, key id.ID, update func(record.Row) error) {
	m.Helper()
	for i, s := range t.States {
		for _, r := range s.Reasons {
			if err := update(record.Row{"statecode": s.Value, "statuscode": r.Value}); err != nil {
				m.Fatalf("%s %d/%d: %v", t.Name, s.Value, r.Value, err)
			}
			got, err := m.store.Get(m.ctx, t.Name, key, nil, nil)
			if err != nil || got.Int("statecode") != s.Value || got.Int("statuscode") != r.Value {
				m.Fatalf("%s %d/%d: %v %v", t.Name, s.Value, r.Value, got, err)
			}
		}
		other := t.States[(i+1)%len(t.States)]
		if other.Value == s.Value {
			continue
		}
		if err := update(record.Row{"statecode": s.Value, "statuscode": other.Reasons[0].Value}); !errs.Has(err, errs.Invalid) {
			m.Fatalf("%s takes the reason %d in state %d: %v", t.Name, other.Reasons[0].Value, s.Value, err)
		}
	}
}

// base looks whether the row is mirrored in the table that its own extends.
func (m *maker) base(t *metadata.Table, key id.ID, there bool) {
	m.Helper()
	if t.Base == "" {
		return
	}
	got, err := m.store.Get(m.ctx, t.Base, key, nil, nil)
	if there != (err == nil) || there && (got.Text("activitytypecode") != t.Name || got.Text("subject") == "") {
		m.Fatalf("%s in %s: %v %v", t.Name, t.Base, got, err)
	}
	own, err := m.store.Get(m.ctx, t.Name, key, nil, nil)
	if there && (err != nil || own.Int("statecode") != got.Int("statecode") || own.Int("statuscode") != got.Int("statuscode")) {
		m.Fatalf("%s: the base is in another state", t.Name)
	}
}
