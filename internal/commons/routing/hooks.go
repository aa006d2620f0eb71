package routing

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// switched marks contexts in which versions are activated.
type switched struct{}

// switching lets the platform write when versions were active, once whoever asks
// was found to be allowed to change them.
func switching(ctx context.Context) context.Context {
	return context.WithValue(access.Elevate(ctx, "activating routing rules"), switched{}, true)
}

// decisive are the columns of a rule set on which decisions hang.
var decisive = []string{"rpt_table", "rpt_allocation", "rpt_fallbackqueueid", "rpt_oncreate", "rpt_citycolumn", "rpt_postalcolumn", "rpt_countrycolumn"}

var errFrozen = errs.New(errs.Conflict, "routing.frozen", "this version has been active and stays as it is: make a new draft of it")

// Keep gives the hooks by which versions are numbered, come in force by
// activation only, and stay as they were once they have been active.
func Keep() []record.Hook {
	envs := &environments{}
	return []record.Hook{
		{Table: "routingrule", Alone: func(context.Context) bool { return true },
			BeforeCreate: number, BeforeUpdate: keepHead,
			BeforeDelete: func(_ context.Context, _ *record.Tx, row record.Row) error {
				if row["rpt_activatedon"] != nil {
					return errs.New(errs.Conflict, "routing.frozen", "this version has been active: the reasons of assignments lead to it")
				}
				return nil
			}},
		{Table: "routingruleitem",
			BeforeCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error { return envs.checkItem(ctx, tx, row) },
			BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
				if err := changeable(ctx, tx, old.ID("routingruleid")); err != nil {
					return err
				}
				merged := record.Row{}
				for k, v := range old {
					merged[k] = v
				}
				for k, v := range change {
					merged[k] = v
				}
				return envs.checkItem(ctx, tx, merged)
			},
			BeforeDelete: func(ctx context.Context, tx *record.Tx, row record.Row) error {
				return changeable(ctx, tx, row.ID("routingruleid"))
			}},
	}
}

// number gives a new version its number.
func number(ctx context.Context, tx *record.Tx, row record.Row) error {
	table := row.Text("rpt_table")
	if t, ok := tx.Catalog().Table(table); !ok || !t.Owned() {
		return errs.InvalidFields("routing.table", "the table can't be routed", []errs.Field{{Name: "rpt_table", Code: "routing.table", Message: "the logical name of a table whose records have an owner is expected"}})
	}
	if row.Int("statecode") != draft {
		return errs.New(errs.Invalid, "routing.draft", "a rule set begins as a draft; rpt_ActivateRouting brings it in force")
	}
	if err := tx.SQL().Lock("routing rules of " + table); err != nil {
		return err
	}
	page, err := tx.Find(access.Elevate(ctx, "the version of a rule set"), query.Query{Table: "routingrule", Select: []string{"rpt_version"}, Limit: 1,
		Order: []query.Order{{Column: "rpt_version", Desc: true}}, Where: query.Compare{Left: query.Path{"rpt_table"}, Value: table}})
	if err != nil {
		return err
	}
	row["rpt_version"] = int64(1)
	if len(page.Rows) > 0 {
		row["rpt_version"] = page.Rows[0].Int("rpt_version") + 1
	}
	return nil
}

func keepHead(ctx context.Context, _ *record.Tx, old, change record.Row) error {
	if ctx.Value(switched{}) != nil {
		return nil
	}
	if v, ok := change["statecode"]; ok && v != old["statecode"] {
		return errs.New(errs.Invalid, "routing.draft", "rpt_ActivateRouting and rpt_DeactivateRouting bring a rule set in and out of force")
	}
	if v, ok := change["rpt_table"]; ok && v != old["rpt_table"] {
		return errs.New(errs.Invalid, "routing.table", "a rule set stays with its table: make a new one")
	}
	if old["rpt_activatedon"] != nil && slices.ContainsFunc(decisive, func(name string) bool { v, ok := change[name]; return ok && v != old[name] }) {
		return errFrozen
	}
	return nil
}

// changeable refuses rules of versions that are or have been active. The set is
// locked, so that it is not activated meanwhile.
func changeable(ctx context.Context, tx *record.Tx, set id.ID) error {
	if set == id.Nil {
		return nil
	}
	row, err := tx.Get(access.Elevate(ctx, "the set of a rule"), "routingrule", set, []string{"rpt_activatedon"}, nil)
	if errs.Has(err, errs.NotFound) {
		return nil // the set goes, and its rules with it
	}
	if err != nil {
		return err
	}
	if row["rpt_activatedon"] != nil {
		return errFrozen
	}
	return nil
}

// environments keeps what conditions of each table read, made once for each shape.
type environments struct {
	mu   sync.Mutex
	made map[string]environment
}

type environment struct {
	of  *metadata.Table
	env *expr.Env
}

func (e *environments) get(t *metadata.Table) (*expr.Env, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known, ok := e.made[t.Name]; ok && known.of == t {
		return known.env, nil
	}
	env, err := expr.New(expr.Options{Vars: rule.Vars(t)})
	if err != nil {
		return nil, err
	}
	if e.made == nil {
		e.made = map[string]environment{}
	}
	e.made[t.Name] = environment{t, env}
	return env, nil
}

// checkItem refuses a rule that can't be read, naming its columns.
func (e *environments) checkItem(ctx context.Context, tx *record.Tx, row record.Row) error {
	if err := changeable(ctx, tx, row.ID("routingruleid")); err != nil {
		return err
	}
	r, bad := RuleOf(row)
	if r.Condition != "" || r.Filter != "" {
		set, err := tx.Get(access.Elevate(ctx, "the set of a rule"), "routingrule", row.ID("routingruleid"), []string{"rpt_table"}, nil)
		if err != nil {
			return err
		}
		if t, ok := tx.Catalog().Table(set.Text("rpt_table")); ok {
			env, err := e.get(t)
			if err != nil {
				return err
			}
			_, wrong := compile(r, env, tx.Catalog(), t)
			bad = append(bad, wrong...)
		}
	}
	var fields []errs.Field
	for _, p := range bad {
		fields = append(fields, errs.Field{Name: p.Column, Code: p.Code, Message: p.Message})
	}
	return errs.InvalidFields("routing.rule", "the rule can't be used as it stands", fields)
}

// Follow gives, for a table, the hook by which its records are routed as they
// are made, where the rules say so, and by which the reason is kept where a
// person gives one to somebody.
func (e *Engine) Follow(logger *slog.Logger) func(table string) record.Hook {
	return func(table string) record.Hook {
		h := record.Hook{Table: table}
		if table == "rpt_assignment" || table == "routingrule" || table == "queueitem" {
			return h
		}
		h.AfterCreate = func(ctx context.Context, tx *record.Tx, row record.Row) error {
			if s := e.Sets().Of(table); s == nil || !s.OnCreate || ctx.Value(inside{}) != nil {
				return nil
			}
			t, ok := tx.Catalog().Table(table)
			if !ok {
				return nil
			}
			return e.onCreate(access.Elevate(ctx, "routing"), tx, table, row.ID(t.ID), logger)
		}
		h.AfterUpdate = func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			if ctx.Value(inside{}) != nil || old["ownerid"] == row["ownerid"] || e.Sets().Of(table) == nil {
				return nil
			}
			t, ok := tx.Catalog().Table(table)
			if !ok {
				return nil
			}
			return e.byHand(ctx, tx, table, row.ID(t.ID), id.Nil, row.ID("ownerid"), row.Text("owneridtype"))
		}
		return h
	}
}

// Picks gives the hook that keeps the reason where a person takes an item of a
// queue, or gives it to somebody.
func (e *Engine) Picks() record.Hook {
	return record.Hook{Table: "queueitem", AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
		if ctx.Value(inside{}) != nil || old["workerid"] == row["workerid"] || row.ID("workerid") == id.Nil {
			return nil
		}
		return e.byHand(ctx, tx, row.Text("objectidtype"), row.ID("objectid"), row.ID("queueid"), row.ID("workerid"), row.Text("workeridtype"))
	}}
}

// onCreate routes a new record. Whatever is wrong with the rules, the record is kept.
func (e *Engine) onCreate(ctx context.Context, tx *record.Tx, table string, key id.ID, logger *slog.Logger) error {
	err := tx.Nested(func() error { _, err := e.Route(ctx, tx, table, key); return err })
	if err == nil || !(errs.Has(err, errs.Invalid) || errs.Has(err, errs.NotFound) || errs.Has(err, errs.Forbidden) || errs.Has(err, errs.Unsupported)) {
		return err // what may pass, such as a deadlock, is for the writer to try again
	}
	logger.Warn("a new record could not be routed and is kept as it is", "table", table, "id", key, "error", err)
	d := Decision{Table: table, Record: key, Set: e.Sets().Of(table), Outcome: Failed, Reason: "Routing failed: " + expr.Message(err)}
	d.failure = &Failure{Rule: &Rule{Name: "the rule set"}, Err: err}
	return e.writeDown(within(ctx), tx, nil, &d)
}

// byHand writes down that a person gave a record to somebody.
func (e *Engine) byHand(ctx context.Context, tx *record.Tx, table string, key, from, to id.ID, toType string) error {
	d := Decision{Table: table, Record: key, Outcome: ByHand, Queue: from, Owner: to, OwnerType: toType}
	by := e.People().name(access.From(ctx).ID)
	switch {
	case by == "":
		d.Reason = "Given by hand."
	case access.From(ctx).ID == to:
		d.Reason = by + " took it."
	default:
		d.Reason = by + " gave it by hand."
	}
	return e.writeDown(within(access.Elevate(ctx, "routing")), tx, nil, &d)
}
