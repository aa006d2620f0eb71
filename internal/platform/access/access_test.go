package access_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
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

// TestMain sets how many organisations the property test draws: few in the
// ordinary run, many with RAPPORT_SOAK=1. The flag -rapid.checks overrides it.
func TestMain(m *testing.M) {
	checks := "40"
	if os.Getenv("RAPPORT_SOAK") != "" {
		checks, size = "2000", 4
		debug.SetGCPercent(400) // much of the time would go into collecting what little there is
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

type env struct {
	db      *sqldb.DB
	store   *record.Store
	log     *changelog.Log
	control *access.Control
	catalog *metadata.Catalog
	snap    *access.Snapshot
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	eachOf(t, fixture.With(t, dossiers), run)
}

func eachOf(t *testing.T, catalog *metadata.Catalog, run func(t *testing.T, e *env)) {
	t.Helper()
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{db: db, log: changelog.New(db), catalog: catalog}
		e.control = &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		e.store = record.New(record.Options{DB: db, Catalog: e.control.Catalog, Access: e.control, Log: e.log, Clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))})
		run(t, e)
	})
}

// fatal is what *testing.T and *rapid.T have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (e *env) reload(ctx context.Context, t fatal) {
	t.Helper()
	s, err := access.Load(ctx, e.db)
	if err != nil {
		t.Fatal(err)
	}
	e.snap = s
}

// settle replaces what is in the database by the organisation.
func (e *env) settle(ctx context.Context, t fatal, o *organisation) {
	t.Helper()
	e.reload(ctx, t)
	ctx = access.AsSystem(ctx, "test")
	err := e.store.Write(ctx, func(tx *record.Tx) error {
		if err := empty(tx, append(access.Watched(), "lead", dossier, "contact", "account", "fieldsecurityprofile")...); err != nil {
			return err
		}
		for _, entry := range o.rows() {
			if _, err := tx.Create(ctx, entry.table, entry.row); err != nil {
				return err
			}
		}
		for _, p := range o.pairs() {
			if err := tx.Associate(ctx, p.table, p.key, p.relation, p.other); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.reload(ctx, t)
}

// empty empties tables. On PostgreSQL deleted rows, and those of writes that were
// only tried, would lie about and have every question slower than the one before.
func empty(tx *record.Tx, tables ...string) error {
	if tx.SQL().Dialect() == sqldb.Postgres {
		_, err := tx.SQL().Exec("TRUNCATE " + strings.Join(tables, ", "))
		return err
	}
	for _, table := range tables {
		if _, err := tx.SQL().Exec("DELETE FROM " + table); err != nil {
			return err
		}
	}
	return nil
}

func as(ctx context.Context, who id.ID) context.Context {
	return access.With(ctx, access.Principal{Kind: access.User, ID: who})
}

// errUndo rolls a write back that was only tried.
var errUndo = errors.New("undo")

// try runs a write, undoes it, and gives the error that the write itself met.
func (e *env) try(ctx context.Context, write func(tx *record.Tx) error) error {
	err := e.store.Write(ctx, func(tx *record.Tx) error {
		if err := write(tx); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// What SQL shows and what the store lets be written is what the plain model
// says, in random organisations, for every user and every row.
func TestAccessIsThatOfAPlainModel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		var checks atomic.Int64
		rapid.Check(t, func(rt *rapid.T) {
			o := drawOrganisation(rt)
			e.settle(t.Context(), rt, o)
			for n, u := range o.users {
				ctx := as(t.Context(), u.id)
				c := comparison{t: rt, e: e, o: o, u: u, n: n, ctx: ctx, checks: &checks}
				c.visible()
				c.owned(rt)
				for i := range o.leads {
					c.row(i)
				}
				c.secrets()
			}
			for n, m := range o.members {
				p := access.Principal{Kind: access.Member, ID: m.id, Member: &access.Membership{}}
				if m.company > 0 {
					p.Member.Account = o.companies[m.company-1]
				}
				if m.role {
					p.Member.Roles = []id.ID{someRole}
				}
				c := comparison{t: rt, e: e, o: o, member: &m, n: n, ctx: access.With(t.Context(), p), checks: &checks}
				c.visible()
				for i := range o.leads {
					c.row(i)
				}
				c.listed()
			}
		})
		most := int64(2000)
		if os.Getenv("RAPPORT_SOAK") != "" {
			most = 1_000_000
		}
		if n := checks.Load(); n < most && !t.Failed() {
			t.Errorf("only %d decisions were compared", n)
		} else {
			t.Log(n, "decisions compared")
		}
	})
}

// comparison compares all decisions for one user, or for one member of the portal.
type comparison struct {
	t      *rapid.T
	e      *env
	o      *organisation
	u      user
	member *member
	n      int
	ctx    context.Context
	checks *atomic.Int64
}

func (c *comparison) may(right access.Right, l lead) bool {
	if c.member != nil {
		return c.o.memberMay(*c.member, right, l)
	}
	return c.o.may(c.u, right, l)
}

// has tells whether the privilege is held at all.
func (c *comparison) has(right access.Right) bool {
	if c.member != nil {
		return c.o.memberHas(*c.member, right)
	}
	return len(c.o.holdings(c.u, right)) > 0
}

// listed compares which columns a member sees, filters and sorts by.
func (c *comparison) listed() {
	sees := c.o.memberSees(*c.member)
	for _, l := range c.o.leads {
		if !c.may(access.Read, l) {
			continue
		}
		row, err := c.e.store.Get(c.ctx, "lead", l.id, []string{"subject", "lastname"}, nil)
		c.want("read columns", -1, err, true)
		if (row.Text("subject") != "") != sees || row.Text("lastname") == "" {
			c.t.Fatalf("member %d reads %v; the model says %v", c.n, row, sees)
		}
	}
	if c.has(access.Read) {
		_, err := c.e.store.Find(c.ctx, query.Query{Table: "lead", Where: query.Compare{Left: query.Path{"subject"}, Value: "subject"}})
		c.want("filter by a column", -1, err, sees, errs.Forbidden)
	}
}

// secrets compares what a user may do with a secured column.
func (c *comparison) secrets() {
	t, _ := c.e.catalog.Table(dossier)
	read, create, update := c.o.secret(c.n)
	if c.u.disabled {
		read, create, update = false, false, false
	}
	if hidden := c.e.control.Hidden(c.ctx); hidden == nil || hidden(dossier, fixtureSecret) == read {
		c.t.Fatalf("user %d reads the secured column: the model says %v", c.n, read)
	}
	value := map[string]any{fixtureSecret: "x"}
	c.want("set a secured column", -1, c.e.control.AllowColumns(c.ctx, t, value, true), create, errs.Forbidden)
	c.want("change a secured column", -1, c.e.control.AllowColumns(c.ctx, t, value, false), update, errs.Forbidden)
	c.checks.Add(1)
}

func (c *comparison) want(what string, lead int, err error, allowed bool, kinds ...errs.Kind) {
	c.t.Helper()
	c.checks.Add(1)
	if allowed != (err == nil) {
		c.t.Fatalf("user %d, lead %d, %s: the model says %v, the store %v", c.n, lead, what, allowed, err)
	}
	if err != nil && !slices.Contains(kinds, errs.KindOf(err)) {
		c.t.Fatalf("user %d, lead %d, %s: refused by %v", c.n, lead, what, err)
	}
}

// visible compares lists and counts.
func (c *comparison) visible() {
	var want, got []string
	for _, l := range c.o.leads {
		if c.may(access.Read, l) {
			want = append(want, l.id.String())
		}
	}
	for _, q := range []query.Query{
		{Table: "lead", Select: []string{"lastname"}, Count: true},
		{Table: "lead", Order: []query.Order{{Column: "lastname", Desc: true}}, Limit: 2, Count: true},
		{Table: "lead", Where: query.TextMatch{Left: query.Path{"lastname"}, Op: query.StartsWith, Text: "lead"}, Order: []query.Order{{Column: "createdon"}}, Limit: 3, Count: true},
	} {
		got = got[:0]
		for {
			page, err := c.e.store.Find(c.ctx, q)
			if !c.has(access.Read) {
				c.want("find", -1, err, false, errs.Forbidden, errs.Unauthenticated)
				return
			}
			c.want("find", -1, err, true)
			if page.Total != int64(len(want)) {
				c.t.Fatalf("user %d: %d rows are counted, want %d", c.n, page.Total, len(want))
			}
			for _, row := range page.Rows {
				got = append(got, row.ID("leadid").String())
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.t.Fatalf("user %d sees %d leads, want %d: %v", c.n, len(got), len(want), q)
		}
		c.checks.Add(int64(len(c.o.leads))) // of each lead whether it is shown
	}
}

// row compares what may be done with one lead.
func (c *comparison) row(i int) {
	l := c.o.leads[i]
	read, write := c.may(access.Read, l), c.may(access.Write, l)
	hidden := []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}
	if read {
		hidden = []errs.Kind{errs.Forbidden} // what one can read is not denied to be there
	}
	_, err := c.e.store.Get(c.ctx, "lead", l.id, nil, nil)
	c.want("get", i, err, read, hidden...)
	err = c.e.try(c.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(c.ctx, "lead", l.id, record.Row{"firstname": "changed"}, record.Match{})
		return err
	})
	c.want("update", i, err, write, hidden...)
	err = c.e.try(c.ctx, func(tx *record.Tx) error { return tx.Delete(c.ctx, "lead", l.id, record.Match{}) })
	c.want("delete", i, err, c.may(access.Delete, l), hidden...)
	if c.member != nil {
		return // a member assigns nothing
	}
	to := record.Row{"ownerid": c.o.users[0].id, "owneridtype": "systemuser"}
	if l.owner == c.o.users[0].id {
		return // to whom it belongs already
	}
	err = c.e.try(c.ctx, func(tx *record.Tx) error {
		_, err := tx.Update(c.ctx, "lead", l.id, to, record.Match{})
		return err
	})
	c.want("assign", i, err, write && c.o.may(c.u, access.Assign, l), hidden...)
}

// owned compares for whom the user may make leads.
func (c *comparison) owned(rt *rapid.T) {
	owner, isTeam, unit := c.o.drawOwner(rt)
	err := c.e.try(c.ctx, func(tx *record.Tx) error {
		_, err := tx.Create(c.ctx, "lead", record.Row{"lastname": "new", "ownerid": owner, "owneridtype": map[bool]string{true: "team", false: "systemuser"}[isTeam]})
		return err
	})
	c.want("create", -1, err, c.o.reaches(c.u, access.Create, owner, unit), errs.Forbidden, errs.Unauthenticated)
	err = c.e.try(c.ctx, func(tx *record.Tx) error {
		_, err := tx.Create(c.ctx, "lead", record.Row{"lastname": "new"})
		return err
	})
	c.want("create for oneself", -1, err, len(c.o.holdings(c.u, access.Create)) > 0, errs.Forbidden, errs.Unauthenticated)
}

// Who has no privilege sees and changes nothing, in any table.
func TestWithoutPrivilegeNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		nobody, somebody := id.New(), id.New()
		o := &organisation{units: []unit{{id: id.New(), parent: -1}}, users: []user{{id: somebody}}}
		o.leads = []lead{{id: id.New(), owner: somebody}}
		e.settle(t.Context(), t, o)
		before, err := e.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for who, ctx := range map[string]context.Context{"without a role": as(t.Context(), somebody), "unknown": as(t.Context(), nobody), "anonymous": t.Context()} {
			for _, name := range e.catalog.Names() {
				table, _ := e.catalog.Table(name)
				key := id.New()
				if name == "lead" {
					key = o.leads[0].id
				}
				_, find := e.store.Find(ctx, query.Query{Table: name})
				_, get := e.store.Get(ctx, name, key, nil, nil)
				create := e.try(ctx, func(tx *record.Tx) error {
					_, err := tx.Create(ctx, name, record.Row{table.Title: "x"})
					return err
				})
				update := e.try(ctx, func(tx *record.Tx) error {
					_, err := tx.Update(ctx, name, key, record.Row{table.Title: "x"}, record.Match{})
					return err
				})
				remove := e.try(ctx, func(tx *record.Tx) error { return tx.Delete(ctx, name, key, record.Match{}) })
				for what, err := range map[string]error{"find": find, "get": get, "create": create, "update": update, "delete": remove} {
					if table.Intersect && errs.CodeOf(err) == "record.intersect" {
						continue // nobody writes these by hand, whatever the rights
					}
					if k := errs.KindOf(err); err == nil || k != errs.Forbidden && k != errs.Unauthenticated && k != errs.NotFound {
						t.Errorf("%s, %s %s: %v", who, what, name, err)
					}
				}
			}
		}
		if after, err := e.log.Last(t.Context()); err != nil || after != before {
			t.Errorf("%v; the log has grown from %d to %d", err, before, after)
		}
	})
}

// Roles, teams and units as the snapshot tells them.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		o := &organisation{
			units: []unit{{id.New(), -1}, {id.New(), 0}},
			roles: []role{{id: id.New()}, {id: id.New()}},
			teams: []team{{id: id.New(), unit: 1, roles: []int{1, 0}}},
			users: []user{{id: id.New(), roles: []int{0}, teams: []int{0}}, {id: id.New(), unit: 1, disabled: true, roles: []int{0}, teams: []int{0}}},
		}
		e.settle(t.Context(), t, o)
		c, on, off := e.control, o.users[0].id, o.users[1].id
		if got := c.Roles(on); !slices.Equal(got, []string{"role 0", "role 1"}) || c.Roles(off) != nil {
			t.Errorf("roles %v, %v", got, c.Roles(off))
		}
		if got := c.Members(o.teams[0].id); !slices.Equal(got, []id.ID{on}) {
			t.Errorf("members %v", got)
		}
		if !c.Known(on) || c.Known(off) || c.Known(id.New()) {
			t.Error("who is known")
		}
		if c.Unit(on) != o.units[0].id || c.Unit(o.teams[0].id) != o.units[1].id || c.Unit(id.New()) != id.Nil {
			t.Error("units")
		}
		if got := c.Principals(as(t.Context(), on)); !slices.Equal(got, []id.ID{on, o.teams[0].id}) {
			t.Errorf("principals %v", got)
		}
	})
}

// A loop in the tree of units, which only a fault elsewhere can make, must not
// hang the server or widen a privilege past the loop.
func TestUnitsInALoop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		all := map[access.Right]access.Depth{access.Read: access.Deep}
		o := &organisation{
			units: []unit{{id.New(), -1}, {id.New(), 0}, {id.New(), 1}, {id.New(), -1}},
			roles: []role{{id.New(), all}},
			users: []user{{id: id.New(), unit: 1, roles: []int{0}}, {id: id.New(), unit: 3}},
		}
		o.leads = []lead{{id: id.New(), owner: o.users[0].id, unit: 1}, {id: id.New(), owner: o.users[1].id, unit: 3}}
		e.settle(t.Context(), t, o)
		ctx := access.AsSystem(t.Context(), "test")
		err := e.store.Write(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, "businessunit", o.units[0].id, record.Row{"parentbusinessunitid": o.units[2].id}, record.Match{})
			return err
		})
		if errs.CodeOf(err) != "record.cycle" {
			t.Fatalf("a unit was put below itself: %v", err)
		}
		d := e.db.Dialect()
		below, err := query.Encode(d, query.ID, o.units[2].id)
		if err != nil {
			t.Fatal(err)
		}
		top, err := query.Encode(d, query.ID, o.units[0].id)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.db.Write(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec("UPDATE businessunit SET parentbusinessunitid = "+d.Placeholder(1)+" WHERE businessunitid = "+d.Placeholder(2), below, top)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.reload(t.Context(), t)
		page, err := e.store.Find(as(t.Context(), o.users[0].id), query.Query{Table: "lead"})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].ID("leadid") != o.leads[0].id {
			t.Errorf("%v, %d rows", err, len(page.Rows))
		}
	})
}

// A unit that moves takes all that is below it along: what deep privileges reach
// is another at once, in lists, single decisions and explanations.
func TestUnitsMove(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		deep := map[access.Right]access.Depth{access.Read: access.Deep, access.Write: access.Deep}
		o := &organisation{
			units: []unit{{id.New(), -1}, {id.New(), 0}, {id.New(), 0}, {id.New(), 1}, {id.New(), 3}}, // north (1) has a branch (3) with a desk (4); south (2)
			roles: []role{{id.New(), deep}},
			users: []user{{id: id.New(), unit: 1, roles: []int{0}}, {id: id.New(), unit: 2, roles: []int{0}}, {id: id.New(), unit: 4, roles: []int{0}}},
		}
		o.leads = []lead{{id: id.New(), owner: o.users[2].id, unit: 4}}
		e.settle(t.Context(), t, o)
		reads := func(when string, want ...bool) {
			t.Helper()
			for n, yes := range want {
				ctx := as(t.Context(), o.users[n].id)
				page, err := e.store.Find(ctx, query.Query{Table: "lead", Count: true})
				if err != nil || (len(page.Rows) == 1) != yes || (page.Total == 1) != yes {
					t.Errorf("%s, user %d: %d rows of %d, %v; want %v", when, n, len(page.Rows), page.Total, err, yes)
				}
				if _, err := e.store.Get(ctx, "lead", o.leads[0].id, nil, nil); (err == nil) != yes {
					t.Errorf("%s, user %d: %v", when, n, err)
				}
				reasons, _ := e.control.Explain(o.users[n].id, access.Subject{Table: "lead", Owner: o.users[2].id, Unit: o.units[4].id}, access.Read)
				if (len(reasons) > 0) != yes {
					t.Errorf("%s, user %d: explained by %v", when, n, reasons)
				}
			}
		}
		reads("before", true, false, true)
		ctx := access.AsSystem(t.Context(), "test")
		move := func(unit, to int) error {
			err := e.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "businessunit", o.units[unit].id, record.Row{"parentbusinessunitid": o.units[to].id}, record.Match{})
				return err
			})
			e.reload(t.Context(), t)
			return err
		}
		if err := move(3, 2); err != nil {
			t.Fatal(err)
		}
		reads("after", false, true, true)
		if err := move(2, 4); errs.CodeOf(err) != "record.cycle" {
			t.Errorf("below itself: %v", err)
		}
		reads("after what was refused", false, true, true)
	})
}
