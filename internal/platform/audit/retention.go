package audit

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Rule says how long something is kept.
type Rule struct {
	Kind    string `json:"Kind"`
	Days    int64  `json:"Days" doc:"How long it is kept; 0 is for ever"`
	Default int64  `json:"Default" doc:"As it comes with the product"`
	Least   int64  `json:"Least" doc:"Fewer days than this are not taken"`
	Table   string `json:"Table,omitempty" doc:"Of change rows: the table that the rule is for; without one it is for all others"`
}

// Changes is the kind of the rules for change rows, which may name a table.
const Changes = "changes"

// binKind is the kind of the rule for the recycle bin.
const binKind = "recyclebin"

// keeper lets go of what is old, some rows at a time, and tells how many went.
type keeper struct {
	Rule
	some func(ctx context.Context, before time.Time) (int64, error)
}

// Retention lets go of what has been kept long enough.
type Retention struct {
	DB     *sqldb.DB
	Store  *record.Store
	Log    *changelog.Log
	Keys   *secret.Box
	Clock  clock.Clock
	Logger *slog.Logger
}

// someRows is how many rows go in one transaction.
const someRows = 500

// keepers lists what is kept for a time, with what comes with the product.
func (r *Retention) keepers() []keeper {
	row := func(table, key, when, closed string) func(context.Context, time.Time) (int64, error) {
		return func(ctx context.Context, before time.Time) (int64, error) {
			return r.rows(ctx, table, key, when, closed, before)
		}
	}
	return []keeper{
		{Rule{Kind: binKind, Default: 30, Least: 1}, r.bin},
		{Rule{Kind: "flowruns", Default: 90, Least: 1}, r.flowRuns},
		{Rule{Kind: "signins", Default: 365, Least: 30}, row("signin", "id", "at", "")},
		{Rule{Kind: "reads", Default: 730, Least: 30}, r.reads},
		{Rule{Kind: "deadletters", Default: 180, Least: 1}, r.records("rpt_deadletter", query.Compare{Left: query.Path{"statecode"}, Op: query.Ne, Value: int64(0)})},
		{Rule{Kind: "quarantine", Default: 180, Least: 1}, r.records("rpt_quarantine", query.Compare{Left: query.Path{"statecode"}, Op: query.Ne, Value: int64(0)})},
		{Rule{Kind: "systemjobs", Default: 90, Least: 1}, r.records("asyncoperation", query.Null{Left: query.Path{"completedon"}, Negate: true})},
	}
}

// changesRule is what holds for change rows where no rule is made: for ever.
var changesRule = Rule{Kind: Changes, Default: 0, Least: 30}

// Rules gives what is in force: one rule of each kind, and those for change rows
// of single tables.
func (r *Retention) Rules(ctx context.Context, from record.Reader) ([]Rule, error) {
	page, err := from.Find(ctx, query.Query{Table: "rpt_retention", Order: []query.Order{{Column: "createdon"}}})
	if err != nil {
		return nil, err
	}
	out := []Rule{changesRule}
	out[0].Days = changesRule.Default
	for _, k := range r.keepers() {
		k.Days = k.Default
		out = append(out, k.Rule)
	}
	var tables []Rule
	for _, row := range page.Rows {
		kind, table, days := row.Text("rpt_kind"), row.Text("rpt_table"), row.Int("rpt_days")
		if kind == Changes && table != "" {
			tables = append(tables, Rule{Kind: Changes, Table: table, Days: days, Least: changesRule.Least})
			continue
		}
		if i := slices.IndexFunc(out, func(one Rule) bool { return one.Kind == kind }); i >= 0 {
			out[i].Days = days
		}
	}
	return append(out, tables...), nil
}

// Check refuses rules that say nothing.
func (r *Retention) Check() record.Hook {
	check := func(tx *record.Tx, row record.Row) error {
		kind, table, days := row.Text("rpt_kind"), row.Text("rpt_table"), row.Int("rpt_days")
		known := append([]keeper{{Rule: changesRule}}, r.keepers()...)
		i := slices.IndexFunc(known, func(k keeper) bool { return k.Kind == kind })
		bad := func(name, code, text string) error {
			return errs.InvalidFields("retention.rule", "the rule can't be taken", []errs.Field{{Name: name, Code: code, Message: text}})
		}
		if i < 0 {
			return bad("rpt_kind", "unknown", "there is nothing of this kind to keep")
		}
		if days != 0 && days < known[i].Least {
			return bad("rpt_days", "range", "fewer days than the least of this kind")
		}
		if table == "" {
			return nil
		}
		if t, ok := tx.Catalog().Table(table); !ok || t.NoTrack || kind != Changes {
			return bad("rpt_table", "unknown", "a table can be named for change rows only, and must keep some")
		}
		return nil
	}
	return record.Hook{Table: "rpt_retention",
		BeforeCreate: func(_ context.Context, tx *record.Tx, row record.Row) error { return check(tx, row) },
		BeforeUpdate: func(_ context.Context, tx *record.Tx, old, change record.Row) error {
			whole := record.Row{}
			for _, part := range []record.Row{old, change} {
				for name, v := range part {
					whole[name] = v
				}
			}
			return check(tx, whole)
		}}
}

// Run lets go of all that has been kept long enough now, some at a time.
func (r *Retention) Run(ctx context.Context) error {
	ctx = changelog.WithSource(access.AsSystem(ctx, "retention"), changelog.Source{Channel: changelog.Job})
	rules, err := r.Rules(ctx, r.Store)
	if err != nil {
		return err
	}
	now := r.Clock.Now()
	days := map[string]int64{}
	for _, rule := range rules {
		if rule.Kind != Changes {
			days[rule.Kind] = rule.Days
		}
	}
	for _, k := range r.keepers() {
		if days[k.Kind] <= 0 {
			continue
		}
		gone := int64(0)
		for {
			n, err := k.some(ctx, now.AddDate(0, 0, -int(days[k.Kind])))
			if err != nil {
				return err
			}
			if gone += n; n == 0 {
				break
			}
		}
		if gone > 0 && r.Logger != nil {
			r.Logger.Info("retention", "of", k.Kind, "gone", gone)
		}
	}
	return r.changes(ctx, rules, now)
}

// changes cuts the change log, table by table.
func (r *Retention) changes(ctx context.Context, rules []Rule, now time.Time) error {
	below, known, err := event.Lowest(ctx, r.DB, "changes", "")
	if err != nil {
		return err
	}
	if !known {
		below = 1 << 62
	}
	general, own := int64(0), map[string]int64{}
	for _, rule := range rules {
		switch {
		case rule.Kind != Changes:
		case rule.Table == "":
			general = rule.Days
		default:
			own[rule.Table] = rule.Days
		}
	}
	for _, name := range r.Store.Catalog().Names() {
		keep, has := own[name]
		if !has {
			keep = general
		}
		if keep <= 0 {
			continue
		}
		for {
			_, more, err := r.Log.Cut(ctx, r.Keys, name, now.AddDate(0, 0, -int(keep)), below, now)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	return nil
}

// rows lets go of rows of a table of the platform's own.
func (r *Retention) rows(ctx context.Context, table, key, when, where string, before time.Time) (n int64, err error) {
	d := r.DB.Dialect()
	at, err := query.Encode(d, query.Time, before)
	if err != nil {
		return 0, err
	}
	condition := d.Quote(when) + " < " + d.Placeholder(1)
	if where != "" {
		condition += " AND " + where
	}
	err = r.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n, err = tx.Exec("DELETE FROM "+d.Quote(table)+" WHERE "+key+" IN (SELECT "+key+" FROM "+d.Quote(table)+" WHERE "+condition+" LIMIT "+d.Placeholder(2)+")", at, someRows)
		return err
	})
	return n, err
}

func (r *Retention) bin(ctx context.Context, before time.Time) (n int64, err error) {
	d := r.DB.Dialect()
	at, err := query.Encode(d, query.Time, before)
	if err != nil {
		return 0, err
	}
	err = r.DB.Write(ctx, func(tx *sqldb.Tx) error {
		n = 0
		for _, part := range []struct{ table, key string }{{"recyclebin", "tablename, recordid"}, {"recyclelink", "deletion, tablename, recordid, columnname"}} {
			did, err := tx.Exec("DELETE FROM "+part.table+" WHERE ("+part.key+") IN (SELECT "+part.key+" FROM "+part.table+" WHERE deletedon < "+d.Placeholder(1)+" LIMIT "+d.Placeholder(2)+")", at, someRows)
			if err != nil {
				return err
			}
			n += did
		}
		return nil
	})
	return n, err
}

// flowRuns lets go of runs that have ended, with their steps.
func (r *Retention) flowRuns(ctx context.Context, before time.Time) (n int64, err error) {
	d := r.DB.Dialect()
	at, err := query.Encode(d, query.Time, before)
	if err != nil {
		return 0, err
	}
	old := "SELECT rpt_flowrunid FROM rpt_flowrun WHERE rpt_status IN (1, 2, 4) AND rpt_completedon < " + d.Placeholder(1) + " ORDER BY rpt_flowrunid LIMIT " + d.Placeholder(2)
	err = r.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, part := range []string{"DELETE FROM rpt_flowcheckpoint WHERE rpt_runid IN (" + old + ")", "DELETE FROM flowstate WHERE runid IN (" + old + ")", "DELETE FROM rpt_flowrun WHERE rpt_flowrunid IN (" + old + ")"} {
			if n, err = tx.Exec(part, at, someRows); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (r *Retention) reads(ctx context.Context, before time.Time) (n int64, err error) {
	for _, part := range []struct{ table, key, when string }{{"readlogrows", "readlogid", "at"}, {"rpt_readlog", "rpt_readlogid", "createdon"}} {
		did, err := r.rows(ctx, part.table, part.key, part.when, "", before)
		if err != nil {
			return n, err
		}
		n += did
	}
	return n, nil
}

// records deletes records that match as any others are deleted, by way of the
// recycle bin.
func (r *Retention) records(table string, done query.Node) func(context.Context, time.Time) (int64, error) {
	return func(ctx context.Context, before time.Time) (n int64, err error) {
		t, ok := r.Store.Catalog().Table(table)
		if !ok {
			return 0, nil
		}
		page, err := r.Store.Find(ctx, query.Query{Table: table, Select: []string{t.ID}, Limit: someRows, Where: query.And{done, query.Compare{Left: query.Path{"modifiedon"}, Op: query.Lt, Value: before}}})
		if err != nil || len(page.Rows) == 0 {
			return 0, err
		}
		err = r.Store.Write(ctx, func(tx *record.Tx) error {
			n = 0
			for _, row := range page.Rows {
				if err := tx.Delete(ctx, table, row.ID(t.ID), record.Match{}); err != nil && !errs.Has(err, errs.NotFound) {
					return err
				}
				n++
			}
			return nil
		})
		return n, err
	}
}
