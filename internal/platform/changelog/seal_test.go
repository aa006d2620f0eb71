package changelog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

func keys(t *testing.T) *secret.Box {
	t.Helper()
	box, err := secret.Open(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// chain is a log of sealed rows.
type chain struct {
	t    *testing.T
	db   *sqldb.DB
	log  *changelog.Log
	keys *secret.Box
	rows []id.ID
}

// sealed writes rows in a few batches and seals each.
func sealed(t *testing.T, db *sqldb.DB, log *changelog.Log) *chain {
	c := &chain{t: t, db: db, log: log, keys: keys(t)}
	for range 3 {
		var list []changelog.Change
		for range 5 {
			row := id.New()
			c.rows = append(c.rows, row)
			one := change(row, int64(len(c.rows)))
			one.Source = changelog.Source{Channel: changelog.Web, Address: "192.0.2.7"}
			one.Before, one.After = json.RawMessage(`{"lastname":"Lovelace"}`), json.RawMessage(`{"lastname":"Byron"}`)
			list = append(list, one)
		}
		if err := appendTo(t.Context(), db, log, list...); err != nil {
			t.Fatal(err)
		}
		c.seal()
	}
	return c
}

func (c *chain) seal() {
	c.t.Helper()
	if _, err := c.log.Through(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	if err := c.log.SealAll(c.t.Context(), c.keys, clock.NewFake(start)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chain) verify() changelog.Report {
	c.t.Helper()
	out, err := c.log.Verify(c.t.Context(), changelog.VerifyOptions{Keys: c.keys})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// exec does to the database what no code of the product does.
func (c *chain) exec(text string, args ...any) {
	c.t.Helper()
	if err := c.db.Write(c.t.Context(), func(tx *sqldb.Tx) error {
		n, err := tx.Exec(text, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("nothing was changed by %s", text)
		}
		return err
	}); err != nil {
		c.t.Fatal(err)
	}
}

func faults(r changelog.Report) string {
	var out []string
	for _, f := range r.Faults {
		out = append(out, fmt.Sprintf("%s %d", f.Kind, f.Seq))
	}
	return strings.Join(out, ", ")
}

func TestTheChainVerifies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		c := sealed(t, db, log)
		if err := appendTo(t.Context(), db, log, change(id.New(), 1)); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Through(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := c.verify()
		if got.Rows != 15 || got.Seals != 3 || got.Open != 1 || len(got.Faults) > 0 {
			t.Errorf("got %+v", got)
		}
		// In parts it finds the same.
		var seals, rows int64
		for next := int64(0); ; {
			part, err := log.Verify(t.Context(), changelog.VerifyOptions{Keys: c.keys, From: next, Most: 1})
			if err != nil || len(part.Faults) > 0 {
				t.Fatalf("%+v, %v", part, err)
			}
			seals, rows = seals+part.Seals, rows+part.Rows
			if next = part.Next; next == 0 {
				break
			}
		}
		if seals != 3 || rows != 15 {
			t.Errorf("in parts: %d seals, %d rows", seals, rows)
		}
		last, _, err := log.LastSeal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for anchor, want := range map[string]bool{fmt.Sprintf("%d:%s", last.Number, last.Hash): true, "2:" + last.Hash: false, "77:" + last.Hash: false} {
			if ok, err := log.Anchored(t.Context(), anchor); err != nil || ok != want {
				t.Errorf("anchor %s: %v, %v", anchor, ok, err)
			}
		}
		if _, err := log.Anchored(t.Context(), "nonsense"); err == nil {
			t.Error("an anchor that is none is taken")
		}
	})
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		c := sealed(t, db, log)
		c.keep()
		for name, tamper := range tampering {
			if got := faults(c.verify()); got != "" {
				t.Fatalf("before %s: %s", name, got)
			}
			tamper.do(c)
			if got := faults(c.verify()); got != tamper.want {
				t.Errorf("%s: got %s, want %s", name, got, tamper.want)
			}
			c.restore()
		}
	})
}

// keep remembers the log as it is, and restore brings it back.
func (c *chain) keep() {
	for _, table := range c.tables() {
		c.run("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
	}
}

func (c *chain) restore() {
	for _, table := range c.tables() {
		c.run("DELETE FROM " + table)
		how := ""
		if table == "changelog" && c.db.Dialect() == sqldb.Postgres {
			how = "OVERRIDING SYSTEM VALUE "
		}
		c.run("INSERT INTO " + table + " " + how + "SELECT * FROM kept_" + table)
	}
}

func (c *chain) tables() []string {
	if c.db.Dialect() == sqldb.Postgres {
		return []string{"changelog", "changeorder", "changeseal"}
	}
	return []string{"changelog", "changeseal"}
}

func (c *chain) run(text string) {
	c.t.Helper()
	if err := c.db.Write(c.t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(text); return err }); err != nil {
		c.t.Fatal(err)
	}
}

var tampering = map[string]struct {
	do   func(c *chain)
	want string
}{
	"a value":      {func(c *chain) { c.exec(`UPDATE changelog SET after = '{"lastname":"Nobody"}' WHERE pos = 7`) }, "changed 7"},
	"an old value": {func(c *chain) { c.exec(`UPDATE changelog SET before = NULL WHERE pos = 1`) }, "changed 1"},
	"who":          {func(c *chain) { c.exec(`UPDATE changelog SET actorid = recordid WHERE pos = 15`) }, "changed 15"},
	"when": {func(c *chain) {
		c.exec(map[sqldb.Dialect]string{sqldb.SQLite: "UPDATE changelog SET at = at + 1 WHERE pos = 4", sqldb.Postgres: "UPDATE changelog SET at = at + interval '1 microsecond' WHERE pos = 4"}[c.db.Dialect()])
	}, "changed 4"},
	"from where": {func(c *chain) { c.exec("UPDATE changelog SET address = '198.51.100.1' WHERE pos = 4") }, "changed 4"},
	"the way":    {func(c *chain) { c.exec("UPDATE changelog SET channel = 'flow' WHERE pos = 4") }, "changed 4"},
	"removed":    {func(c *chain) { c.exec("DELETE FROM changelog WHERE pos = 6") }, "removed 6"},
	"removed last": {func(c *chain) { c.exec("DELETE FROM changelog WHERE pos > 12") },
		"removed 13, removed 14, removed 15"},
	"two swapped": {func(c *chain) {
		c.exec("UPDATE changelog SET recordid = (SELECT o.recordid FROM kept_changelog o WHERE o.pos = 22 - changelog.pos) WHERE pos IN (10, 12)")
	}, "changed 10, changed 12"},
	"put in between": {func(c *chain) {
		c.exec("DELETE FROM changelog WHERE pos = 6")
		c.seal()
		values := " SELECT 6, at, tablename, recordid, version, op, actorid, origin FROM changelog WHERE pos = 5"
		if c.db.Dialect() == sqldb.Postgres {
			c.exec("INSERT INTO changelog (pos, at, tablename, recordid, version, op, actorid, origin) OVERRIDING SYSTEM VALUE" + values)
		} else {
			c.exec("INSERT INTO changelog (pos, at, tablename, recordid, version, op, actorid, origin)" + values)
		}
	}, "changed 6"},
	"blanked without an erasure": {func(c *chain) {
		c.exec("UPDATE changelog SET before = NULL, after = NULL, salt = NULL, digest = 'ab', erasure = recordid WHERE pos = 3")
	}, "erased 3, changed 3"},
	"a seal's entries": {func(c *chain) {
		c.exec("UPDATE changeseal SET entries = (SELECT o.entries FROM changeseal o WHERE o.number = 1) WHERE number = 2")
	}, "seal 0, changed 6, changed 7, changed 8, changed 9, changed 10"},
	"a seal is gone":     {func(c *chain) { c.exec("DELETE FROM changeseal WHERE number = 2") }, "chain 0, chain 0"},
	"the first seal":     {func(c *chain) { c.exec("DELETE FROM changeseal WHERE number = 1") }, "chain 0, chain 0"},
	"a seal says other":  {func(c *chain) { c.exec("UPDATE changeseal SET count = 4 WHERE number = 3") }, "seal 0"},
	"a signature":        {func(c *chain) { c.exec("UPDATE changeseal SET signature = hash WHERE number = 3") }, "signature 0"},
	"entries taken away": {func(c *chain) { c.exec("UPDATE changeseal SET entries = NULL WHERE number = 1") }, "inserted 1, inserted 2, inserted 3, inserted 4, inserted 5, removed 1"},
	"a cut that is not so": {func(c *chain) {
		c.exec("DELETE FROM changelog WHERE pos = 6")
		at := "(SELECT at FROM changeseal WHERE number = 1)"
		c.exec("INSERT INTO changeseal (number, kind, firstseq, lastseq, count, entries, entriesdigest, tablename, cutbefore, previous, hash, at, keyid, signature) SELECT 4, 2, 6, 6, 1, entries, entriesdigest, 'lead', at, hash, hash, " + at + ", keyid, signature FROM changeseal WHERE number = 3")
	}, "removed 6, seal 0"},
}

func TestARowThatNobodySealedStandsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		c := sealed(t, db, log)
		text := "INSERT INTO changelog (pos, at, tablename, recordid, version, op, actorid, origin) SELECT 0, at, tablename, recordid, version, op, actorid, origin FROM changelog WHERE pos = 5"
		if db.Dialect() == sqldb.Postgres {
			// With a transaction id of the past it is never numbered.
			text = "INSERT INTO changelog (pos, tid, at, tablename, recordid, version, op, actorid, origin) OVERRIDING SYSTEM VALUE SELECT 99, '3', at, tablename, recordid, version, op, actorid, origin FROM changelog WHERE pos = 5"
		}
		c.exec(text)
		if got := faults(c.verify()); got != "unordered 0" {
			t.Errorf("got %s", got)
		}
	})
}

func TestErasedRowsStayInTheChain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		c := sealed(t, db, log)
		late := change(c.rows[2], 16) // not sealed yet when it is erased
		late.After = json.RawMessage(`{"lastname":"King","subject":"A loan"}`)
		if err := appendTo(t.Context(), db, log, late); err != nil {
			t.Fatal(err)
		}
		erasure := id.New()
		e := &changelog.Eraser{Log: log, Erasure: erasure, Keys: c.keys, Now: start}
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			n, err := e.Record(tx, "lead", c.rows[2], func(was changelog.Change) (changelog.Content, bool) {
				if strings.Contains(string(was.After), "subject") {
					return changelog.Content{After: json.RawMessage(`{"subject":"A loan"}`)}, true
				}
				return changelog.Content{}, true
			})
			if err == nil && n != 2 {
				err = fmt.Errorf("%d rows erased", n)
			}
			if err != nil {
				return err
			}
			return e.Finish(t.Context(), tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		c.seal()
		got := c.verify()
		if got.Rows != 16 || got.Erased != 2 || len(got.Faults) > 0 {
			t.Errorf("got %+v", got)
		}
		history, err := log.History(t.Context(), "lead", c.rows[2], 0, 10)
		if err != nil || len(history) != 2 {
			t.Fatalf("%v, %v", history, err)
		}
		for i, want := range []string{`{"subject":"A loan"}`, ""} {
			if string(history[i].After) != want || history[i].Before != nil || history[i].Erasure != erasure || history[i].Address != "" {
				t.Errorf("history %d: %+v", i, history[i])
			}
		}
		c.exec("UPDATE changelog SET actorid = recordid WHERE pos = 3")
		if got := faults(c.verify()); got != "changed 3" {
			t.Errorf("who changed an erased row is not proved any more: %s", got)
		}
	})
}

func TestACutLeavesTheChainWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB, log *changelog.Log) {
		c := sealed(t, db, log)
		other := change(id.New(), 1)
		other.Table = "account"
		if err := appendTo(t.Context(), db, log, other, change(id.New(), 2)); err != nil {
			t.Fatal(err)
		}
		c.seal()
		cut := func(below int64, before time.Time) (all int) {
			for {
				n, more, err := log.Cut(t.Context(), c.keys, "lead", before, below, start.Add(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				if all += n; !more {
					return all
				}
			}
		}
		if n := cut(1<<40, start); n != 0 {
			t.Errorf("%d rows went that were not old", n)
		}
		if n := cut(8, start.Add(time.Minute)); n != 8 {
			t.Errorf("%d rows went, below the slowest consumer there are 8", n)
		}
		if got := c.verify(); got.Cut != 8 || got.Rows != 9 || len(got.Faults) > 0 {
			t.Errorf("got %+v", got)
		}
		if n := cut(1<<40, start.Add(time.Minute)); n != 7 {
			t.Errorf("%d rows went: all but the newest of the log and those of other tables", n)
		}
		got := c.verify()
		if got.Cut != 15 || got.Rows != 2 || len(got.Faults) > 0 {
			t.Errorf("got %+v", got)
		}
		if err := appendTo(t.Context(), db, log, change(id.New(), 3)); err != nil {
			t.Fatal(err)
		}
		c.seal()
		if got := c.verify(); got.Rows != 3 || len(got.Faults) > 0 {
			t.Errorf("got %+v", got)
		}
		c.exec("DELETE FROM changelog WHERE tablename = 'account'")
		if got := faults(c.verify()); got != "removed 16" {
			t.Errorf("got %s", got)
		}
	})
}

// BenchmarkSeal tells what sealing costs for each row: reading it, its digest,
// and its share of the seal. It happens in the background.
func BenchmarkSeal(b *testing.B) {
	row := change(id.New(), 1)
	row.After = json.RawMessage(`{"firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@engines.example","companyname":"Engines","mobilephone":"+12125550123","address1_city":"London","subject":"A loan","description":"for a difference engine"}`)
	benchLog(b, func(b *testing.B, db *sqldb.DB, log *changelog.Log) {
		left := 0
		for b.Loop() {
			if left == 0 {
				b.StopTimer()
				list := make([]changelog.Change, changelog.SealBatch)
				for i := range list {
					list[i] = row
				}
				if err := appendTo(b.Context(), db, log, list...); err != nil {
					b.Fatal(err)
				}
				if _, err := log.Through(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				n, err := log.Seal(b.Context(), nil, start)
				if err != nil || n != len(list) {
					b.Fatal(n, err)
				}
				left = n
			}
			left--
		}
	})
}

// BenchmarkAppend tells what a change row costs the writer, its salt included.
func BenchmarkAppend(b *testing.B) {
	row := change(id.New(), 1)
	row.After = json.RawMessage(`{"firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@engines.example"}`)
	benchLog(b, func(b *testing.B, db *sqldb.DB, log *changelog.Log) {
		err := db.Write(b.Context(), func(tx *sqldb.Tx) error {
			for b.Loop() {
				if err := log.Append(tx, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}
