package search_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/search"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

type env struct {
	t        testing.TB
	db       *sqldb.DB
	log      *changelog.Log
	store    *record.Store
	index    *search.Index
	fresh    func(ranked int) *search.Index
	follower *event.Batch
	jobs     *job.Queue
	snap     *access.Snapshot
	clock    *clock.Fake
	unit     id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) { run(t, prepare(t, catalog, db)) })
}

// prepare puts an organisation of one unit in.
func prepare(t testing.TB, catalog *metadata.Catalog, db *sqldb.DB) *env {
	t.Helper()
	e := &env{t: t, db: db, log: changelog.New(db), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
	control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
	e.store = record.New(record.Options{DB: db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock})
	e.jobs = job.NewQueue(db, e.clock)
	e.fresh = func(ranked int) *search.Index {
		return search.New(search.Options{DB: db, Store: e.store, Log: e.log, Access: control, Catalog: control.Catalog, Clock: e.clock, Jobs: e.jobs, Ranked: ranked})
	}
	e.index = e.fresh(0)
	e.follower = e.index.Follower(slog.New(slog.DiscardHandler))
	e.reload()
	e.unit = e.must("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
	e.must("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": e.unit})
	return e
}

func (e *env) reload() {
	var err error
	if e.snap, err = access.Load(e.t.Context(), e.db); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) system() context.Context { return access.AsSystem(e.t.Context(), "test") }

func (e *env) must(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	err := e.store.Write(e.system(), func(tx *record.Tx) (err error) { out, err = tx.Create(e.system(), table, row); return err })
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *env) write(do func(tx *record.Tx) error) {
	e.t.Helper()
	if err := e.store.Write(e.system(), do); err != nil {
		e.t.Fatal(err)
	}
}

// settle takes everything in that has been written.
func (e *env) settle() {
	e.t.Helper()
	if _, err := e.log.Through(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	for {
		n, err := e.follower.Step(e.t.Context())
		if err != nil {
			e.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// names gives the names of what is found, in order.
func (e *env) names(ctx context.Context, r search.Request) string {
	e.t.Helper()
	hits, _, err := e.index.Find(ctx, r)
	if err != nil {
		e.t.Fatal(r.Text, err)
	}
	var out []string
	for _, h := range hits {
		if h.Table == "account" {
			out = append(out, h.Row.Text("name"))
		} else {
			out = append(out, h.Table+" "+h.Row.Text("subject"))
		}
	}
	return strings.Join(out, ", ")
}

// The same words find the same records, in the same order, on both databases.
func TestFind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		berg := e.must("account", record.Row{"name": "Bergmann Söhne", "address1_city": "Berlin"}).ID("accountid")
		e.must("account", record.Row{"name": "Søndergaard Import", "emailaddress1": "post@soender.example"})
		e.must("account", record.Row{"name": "東京 商事", "address1_city": "Tokyo"})
		e.must("account", record.Row{"name": "Miller Import", "accountnumber": "A-4711"})
		e.must("lead", record.Row{"lastname": "X", "subject": "Import of machines", "companyname": "Bergmann"})
		e.settle()
		all := e.system()
		for text, want := range map[string]string{
			"bergmann sohne":       "Bergmann Söhne", // without accents; the lead has one of two words only, and comes after
			"BERGM":                "Bergmann Söhne, lead Import of machines",
			"bergmnan":             "Bergmann Söhne, lead Import of machines", // two letters swapped
			"berlim":               "Bergmann Söhne",
			"søndergaard":          "Søndergaard Import",
			"東京":                   "東京 商事",
			"post@soender":         "Søndergaard Import",
			"4711":                 "Miller Import",
			"import -miller":       "Søndergaard Import, lead Import of machines",
			`"bergm"`:              "",
			"nothing":              "",
			"' OR \"x\" & | ! ) (": "lead Import of machines", // its last name is X
			"NEAR(a b) AND":        "Miller Import",           // of number A-4711
		} {
			got := e.names(all, search.Request{Text: text, All: !strings.Contains(text, "\"x\"") && !strings.Contains(text, "NEAR")})
			parts := strings.Split(got, ", ")
			if text == "import -miller" {
				slices.Sort(parts)
			}
			if got := strings.Join(parts, ", "); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		if got := e.names(all, search.Request{Text: "bergmann sohne"}); got != "Bergmann Söhne, lead Import of machines" {
			t.Errorf("one word is enough: %q", got)
		}
		if got := e.names(all, search.Request{Text: "import", Scopes: []search.Scope{{Table: "account", Where: query.TextMatch{Left: query.Path{"name"}, Op: query.StartsWith, Text: "mil"}}}}); got != "Miller Import" {
			t.Errorf("in one table, by a condition: %q", got)
		}
		if got, err := e.index.Complete(all, search.Request{Text: "big bergm"}); err != nil || got != "big bergmann" {
			t.Errorf("completed %q %v", got, err)
		}
		// A change, a deletion.
		e.write(func(tx *record.Tx) error {
			_, err := tx.Update(e.system(), "account", berg, record.Row{"name": "Talmann Söhne"}, record.Match{})
			return err
		})
		e.settle()
		if a, b := e.names(all, search.Request{Text: "bergmann"}), e.names(all, search.Request{Text: "talmann"}); a != "lead Import of machines" || b != "Talmann Söhne" {
			t.Errorf("changed: %q, %q", a, b)
		}
		e.write(func(tx *record.Tx) error { return tx.Delete(e.system(), "account", berg, record.Match{}) })
		e.settle()
		if got := e.names(all, search.Request{Text: "talmann"}); got != "" {
			t.Errorf("deleted: %q", got)
		}
		if lag, err := e.index.Lag(t.Context()); err != nil || lag != 0 {
			t.Errorf("lag %d %v", lag, err)
		}
		for name, r := range map[string]search.Request{"empty": {Text: "  "}, "long": {Text: strings.Repeat("a", 101)}, "no word": {Text: "!?"}, "top": {Text: "a", Top: 101}, "table": {Text: "a", Scopes: []search.Scope{{Table: "roleprivileges"}}}} {
			if _, _, err := e.index.Find(all, r); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// One slip of the pen is forgiven, two are not; numbers are never taken for others.
func TestSlips(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for _, name := range []string{"Bergmann", "Ann", "Kanal 4711", "Firm A4711b"} {
			e.must("account", record.Row{"name": name})
		}
		e.settle()
		for text, want := range map[string]string{
			"ergmann": "Bergmann", "begmann": "Bergmann", "bergmannn": "Bergmann", "xbergmann": "Bergmann", "berxgmann": "Bergmann",
			"cergmann": "Bergmann", "bergmanm": "Bergmann", "ebrgmann": "Bergmann", "bergmnan": "Bergmann",
			"ebrgmanm": "", "brgman": "", "bergmannnn": "",
			"anne": "Ann", "ano": "", // of three letters there are too many
			"4712": "", "47111": "", "471": "Kanal 4711", "a471b": "Firm A4711b", "a4171b": "Firm A4711b", "a4722b": "",
			"kanla 4711": "Kanal 4711", "kanla 4712": "",
			strings.Repeat("x", 60): "",
		} {
			if got := e.names(e.system(), search.Request{Text: text, All: true}); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
	})
}

// Of the many words that begin alike the commonest are meant, however many rare
// ones come before them in order.
func TestBeginningsOfManyWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		e.must("account", record.Row{"name": "Lezing"})
		e.settle()
		// As if there were 60 records with "lezing", and 2,500 words before it.
		e.write(func(tx *record.Tx) error {
			for from := 0; from < 2500; from += 100 {
				var rows []string
				for n := from; n < from+100; n++ {
					rows = append(rows, fmt.Sprintf("('lea%05d', 1)", n))
				}
				if _, err := tx.SQL().Exec("INSERT INTO searchterm (term, n) VALUES " + strings.Join(rows, ", ")); err != nil {
					return err
				}
			}
			return nil
		})
		if got := e.names(e.system(), search.Request{Text: "le"}); got != "" {
			t.Errorf("a rare word behind 2,500 others is found: %q", got)
		}
		e.write(func(tx *record.Tx) error {
			_, err := tx.SQL().Exec("UPDATE searchterm SET n = 60 WHERE term = 'lezing'")
			return err
		})
		if got := e.names(e.system(), search.Request{Text: "le"}); got != "Lezing" {
			t.Errorf("the common word is not found: %q", got)
		}
	})
}

// A search among somebody's records finds them below any number of newer ones, and
// counts those that meet a condition.
func TestFindByOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const ranked = 20
		user := e.must("systemuser", record.Row{"fullname": "U", "domainname": "u", "businessunitid": e.unit}).ID("systemuserid")
		for i := range 3 {
			e.must("account", record.Row{"name": fmt.Sprintf("Own Treasure %d", i), "ownerid": user, "owneridtype": "systemuser", "address1_city": []string{"Bonn", "Kiel", "Bonn"}[i]})
		}
		for range 30 {
			e.must("account", record.Row{"name": "Foreign Treasure"})
		}
		e.settle()
		e.index = e.fresh(ranked)
		own := query.Compare{Left: query.Path{"ownerid"}, Value: user}
		bonn := query.Compare{Left: query.Path{"address1_city"}, Value: "Bonn"}
		for what, c := range map[string]struct {
			where query.Node
			want  int
		}{
			"own": {own, 3}, "own in Bonn": {query.And{bonn, own}, 2}, "of nobody": {query.Compare{Left: query.Path{"ownerid"}, Value: id.New()}, 0},
			"not own": {query.Not{Node: own}, ranked},
		} {
			hits, n, err := e.index.Find(e.system(), search.Request{Text: "treasure", Top: 1, Scopes: []search.Scope{{Table: "account", Where: c.where}}})
			if err != nil || n != c.want || len(hits) != min(1, c.want) {
				t.Errorf("%s: %d hits of %d, want %d in all: %v", what, len(hits), n, c.want, err)
				continue
			}
			if len(hits) > 0 && !strings.Contains(hits[0].Row.Text("name"), "Treasure") {
				t.Errorf("%s: the record was not read: %v", what, hits[0].Row)
			}
		}
	})
}

// A word that most records have is looked for among those that the other words,
// or what the asker may see, leave.
func TestCommonWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user := e.must("systemuser", record.Row{"fullname": "U", "domainname": "u", "businessunitid": e.unit}).ID("systemuserid")
		role := e.must("role", record.Row{"name": "r"}).ID("roleid")
		e.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
		e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": "account", "accessright": int64(access.Read), "privilegedepthmask": int64(access.Basic)})
		for i := range 60 {
			row := record.Row{"name": fmt.Sprintf("Common %s", []string{"Red", "Green", "Blue"}[i%3])}
			if i < 6 {
				row["ownerid"], row["owneridtype"] = user, "systemuser"
			}
			e.must("account", row)
		}
		e.must("account", record.Row{"name": "Commonplace Red"})
		e.must("account", record.Row{"name": "Uncommon Red", "ownerid": user, "owneridtype": "systemuser"})
		e.reload()
		e.settle()
		e.index = e.fresh(25)
		asUser := access.With(t.Context(), access.Principal{Kind: access.User, ID: user})
		for text, want := range map[string][2]int{ // of all, of the user's
			"common red": {21, 2}, "common green": {20, 2}, "common": {25, 6}, `"common" red`: {20, 2}, "common -red": {25, 4}, "-red common": {25, 4},
			"common red green": {0, 0}, "red": {22, 3}, "commonplace": {1, 0}, "cammon red": {20, 2}, "common nothing": {0, 0},
		} {
			for i, ctx := range []context.Context{e.system(), asUser} {
				if _, n, err := e.index.Find(ctx, search.Request{Text: text, All: true, Scopes: []search.Scope{{Table: "account"}}}); err != nil || n != want[i] {
					t.Errorf("%q, asker %d: %d, want %d: %v", text, i, n, want[i], err)
				}
			}
		}
	})
}

// Nobody finds what he may not read.
func TestFindKeepsToAccess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		user := e.must("systemuser", record.Row{"fullname": "U", "domainname": "u", "businessunitid": e.unit}).ID("systemuserid")
		role := e.must("role", record.Row{"name": "r"}).ID("roleid")
		e.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
		e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": "account", "accessright": int64(access.Read), "privilegedepthmask": int64(access.Basic)})
		e.must("account", record.Row{"name": "Own Treasure", "ownerid": user, "owneridtype": "systemuser"})
		e.must("account", record.Row{"name": "Foreign Treasure"})
		e.must("lead", record.Row{"lastname": "X", "subject": "Treasure"})
		e.reload()
		e.settle()
		ctx := access.With(t.Context(), access.Principal{Kind: access.User, ID: user})
		if got := e.names(ctx, search.Request{Text: "treasure"}); got != "Own Treasure" {
			t.Errorf("found %q", got)
		}
		if hits, n, err := e.index.Find(t.Context(), search.Request{Text: "treasure"}); err == nil && (len(hits) > 0 || n > 0) {
			t.Errorf("nobody finds %d", n)
		}
		if got, err := e.index.Complete(ctx, search.Request{Text: "fore"}); err != nil || got != "fore" {
			t.Errorf("completed %q %v", got, err)
		}
	})
}

// Somebody with few rights finds his rows below any number of newer ones that he
// may not read: by owner, team, unit and share, as these change.
func TestRightsComeBeforeRank(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		const ranked = 20 // fewer than there are, so that the newest alone would not do
		other := e.must("businessunit", record.Row{"name": "Branch", "parentbusinessunitid": e.unit}).ID("businessunitid")
		person := func(name string, unit id.ID, depth access.Depth) (id.ID, context.Context) {
			user := e.must("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit}).ID("systemuserid")
			role := e.must("role", record.Row{"name": name}).ID("roleid")
			e.must("systemuserroles", record.Row{"systemuserid": user, "roleid": role})
			e.must("roleprivileges", record.Row{"roleid": role, "rpt_table": "account", "accessright": int64(access.Read), "privilegedepthmask": int64(depth)})
			return user, access.With(t.Context(), access.Principal{Kind: access.User, ID: user})
		}
		basic, asBasic := person("basic", e.unit, access.Basic)
		branch, asLocal := person("local", other, access.Local)
		_, asAll := person("all", e.unit, access.Global)
		team := e.must("team", record.Row{"name": "T", "businessunitid": e.unit}).ID("teamid")
		e.must("teammembership", record.Row{"teamid": team, "systemuserid": basic})
		e.must("account", record.Row{"name": "Own Treasure", "ownerid": basic, "owneridtype": "systemuser"})
		e.must("account", record.Row{"name": "Team Treasure", "ownerid": team, "owneridtype": "team"})
		e.must("account", record.Row{"name": "Branch Treasure", "ownerid": branch, "owneridtype": "systemuser"})
		shared := e.must("account", record.Row{"name": "Shared Treasure"}).ID("accountid")
		for range 30 {
			e.must("account", record.Row{"name": "Foreign Treasure"})
		}
		share := e.must("principalobjectaccess", record.Row{"objectid": shared, "objecttypecode": "account", "principalid": basic, "principaltypecode": "systemuser", "accessrightsmask": int64(access.Read)}).ID("principalobjectaccessid")
		e.reload()
		e.settle()
		e.index = e.fresh(ranked)
		expect := func(when string, ctx context.Context, want ...string) {
			t.Helper()
			got := e.found(ctx, "treasure")
			slices.Sort(got)
			if _, n, err := e.index.Find(ctx, search.Request{Text: "treasure", Top: 1}); err != nil || n != len(want) {
				t.Errorf("%s: %d in all, not %d: %v", when, n, len(want), err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: found %q, not %q", when, got, want)
			}
		}
		expect("at first", asBasic, "Own Treasure", "Shared Treasure", "Team Treasure")
		expect("at first", asLocal, "Branch Treasure")
		if _, n, err := e.index.Find(asAll, search.Request{Text: "treasure"}); err != nil || n != ranked {
			t.Errorf("who sees everything finds %d of the newest %d: %v", n, ranked, err)
		}
		e.write(func(tx *record.Tx) error {
			if _, err := tx.Update(e.system(), "principalobjectaccess", share, record.Row{"accessrightsmask": int64(access.Write)}, record.Match{}); err != nil {
				return err
			}
			_, err := tx.Update(e.system(), "account", shared, record.Row{"ownerid": branch, "owneridtype": "systemuser"}, record.Match{})
			return err
		})
		e.settle()
		expect("no longer for reading", asBasic, "Own Treasure", "Team Treasure")
		expect("assigned", asLocal, "Branch Treasure", "Shared Treasure")
		e.write(func(tx *record.Tx) error {
			_, err := tx.Update(e.system(), "principalobjectaccess", share, record.Row{"accessrightsmask": int64(access.Read)}, record.Match{})
			return err
		})
		e.settle()
		expect("for reading again", asBasic, "Own Treasure", "Shared Treasure", "Team Treasure")
		e.write(func(tx *record.Tx) error {
			return tx.Delete(e.system(), "principalobjectaccess", share, record.Match{})
		})
		e.settle()
		expect("unshared", asBasic, "Own Treasure", "Team Treasure")

		// An index of an earlier version does not say who may see what. Nothing is
		// shown that may not be read meanwhile, and a rebuild mends it.
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("UPDATE searchdoc SET reach = ''"); return err }); err != nil {
			t.Fatal(err)
		}
		e.index = e.fresh(ranked)
		if old, err := e.index.Outdated(t.Context()); err != nil || !old {
			t.Fatal("the index is not out of date", err)
		}
		for _, h := range e.found(asLocal, "treasure") {
			if h != "Branch Treasure" && h != "Shared Treasure" {
				t.Errorf("found %q by an old index", h)
			}
		}
		e.rebuild()
		if old, err := e.index.Outdated(t.Context()); err != nil || old {
			t.Error("the index is still out of date", err)
		}
		expect("rebuilt", asLocal, "Branch Treasure", "Shared Treasure")
	})
}

// A rebuild takes in what the index has missed, while it is searched.
func TestRebuild(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		for range 450 {
			e.must("account", record.Row{"name": "Common"})
		}
		e.settle()
		e.write(func(tx *record.Tx) error {
			_, err := tx.SQL().Exec("DELETE FROM searchdoc")
			if err == nil && tx.SQL().Dialect() == sqldb.SQLite {
				_, err = tx.SQL().Exec("DELETE FROM searchindex")
			}
			return err
		})
		e.rebuild()
		if _, n, err := e.index.Find(e.system(), search.Request{Text: "common"}); err != nil || n != 450 {
			t.Errorf("%d %v", n, err)
		}
	})
}

// rebuild has the job run to its end.
func (e *env) rebuild() {
	e.t.Helper()
	e.write(func(tx *record.Tx) error { _, err := e.index.Rebuild(tx.SQL()); return err })
	runner := job.NewRunner(job.Options{Queue: e.jobs, Poll: time.Millisecond, Lease: 1000 * time.Hour, Handlers: map[string]job.Handler{search.Kind: e.index.Handler()}})
	if err := runner.Start(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	for n, err := int64(1), error(nil); n > 0; n, _, err = e.jobs.Waiting(e.t.Context(), search.Kind) {
		if err != nil {
			e.t.Fatal(err)
		}
		e.clock.Advance(time.Second)
		time.Sleep(2 * time.Millisecond)
	}
	if err := runner.Stop(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// found gives the names of the accounts that are found.
func (e *env) found(ctx context.Context, text string) (out []string) {
	e.t.Helper()
	hits, _, err := e.index.Find(ctx, search.Request{Text: text})
	if err != nil {
		e.t.Fatal(err)
	}
	for _, h := range hits {
		out = append(out, h.Row.Text("name"))
	}
	return out
}
