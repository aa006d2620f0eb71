package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

func merged(old, change record.Row) record.Row {
	out := maps.Clone(old)
	maps.Copy(out, change)
	return out
}

// Hooks check sets, versions and services when they are written.
func (s *Service) Hooks() []record.Hook {
	return []record.Hook{
		{Table: "rpt_decision",
			BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return s.checkSet(row) },
			BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
				return s.checkSet(merged(old, change))
			}},
		{Table: "rpt_decisionversion", BeforeCreate: s.newVersion, BeforeUpdate: changeVersion,
			BeforeDelete: func(_ context.Context, _ *record.Tx, row record.Row) error {
				if row.Int("rpt_status") != statusDraft {
					return ErrDraftOnly // decisions refer to it
				}
				return nil
			}},
		{Table: "rpt_decisionservice",
			BeforeCreate: func(_ context.Context, tx *record.Tx, row record.Row) error {
				return s.checkService(tx, row.ID("rpt_decisionserviceid"), row)
			},
			BeforeUpdate: func(_ context.Context, tx *record.Tx, old, change record.Row) error {
				return s.checkService(tx, old.ID("rpt_decisionserviceid"), change)
			},
			BeforeDelete: func(_ context.Context, tx *record.Tx, row record.Row) error {
				return s.keepSecret(tx, row.ID("rpt_decisionserviceid"), "")
			}},
	}
}

func (s *Service) checkSet(row record.Row) error {
	t, ok := s.c.Catalog().Table(row.Text("rpt_table"))
	if !ok {
		return badDefinition("rpt_table", "unknown", "there is no table %s", row.Text("rpt_table"))
	}
	if _, err := s.only(row); err != nil {
		return badDefinition("rpt_condition", "invalid", "the condition can't be used: %s", err)
	}
	name := row.Text("rpt_outcomecolumn")
	if name == "" {
		if row["rpt_guardstate"] != nil {
			return badDefinition("rpt_outcomecolumn", "required", "a guarded state needs an outcome column")
		}
		return nil
	}
	c, ok := t.Column(name)
	if !ok || c.TypeName != "choice" {
		return badDefinition("rpt_outcomecolumn", "unknown", "the table %s has no choice column %s", t.Name, name)
	}
	for _, v := range []int64{int64(decide.Pass), int64(decide.Refer), int64(decide.Fail), outcomeOverridden} {
		if _, ok := c.Option(v); !ok {
			return badDefinition("rpt_outcomecolumn", "options", "the column %s needs the options 1 to 4: passed, referred, failed, overridden", name)
		}
	}
	return nil
}

// newVersion gives a version its number and name.
func (s *Service) newVersion(ctx context.Context, tx *record.Tx, row record.Row) error {
	if err := parsed(row); err != nil {
		return err
	}
	system := s.system(ctx, "new version")
	decision := row.ID("rpt_decisionid")
	// An update of nothing locks the set, so that numbers are taken one at a time.
	if _, err := tx.Update(system, "rpt_decision", decision, record.Row{}, record.Match{}); err != nil {
		return err
	}
	set, err := tx.Get(system, "rpt_decision", decision, []string{"rpt_name"}, nil)
	if err != nil {
		return err
	}
	page, err := tx.Find(system, query.Query{Table: "rpt_decisionversion", Select: []string{"rpt_number"}, Limit: 1, Order: []query.Order{{Column: "rpt_number", Desc: true}}, Where: eq("rpt_decisionid", decision)})
	if err != nil {
		return err
	}
	number := int64(1)
	if len(page.Rows) > 0 {
		number = page.Rows[0].Int("rpt_number") + 1
	}
	row["rpt_number"], row["rpt_name"] = number, fmt.Sprintf("%s %d", clip(set.Text("rpt_name"), 200), number)
	if row.Int("rpt_status") == statusActivated { // a solution brings it
		if row["rpt_activatedon"] == nil {
			row["rpt_activatedon"] = s.c.Clock.Now()
		}
		_, err := compileRow(row)
		return err
	}
	return nil
}

func parsed(row record.Row) error {
	text, _ := row["rpt_definition"].(json.RawMessage)
	_, err := decide.Parse(text)
	return err
}

// changeVersion lets a draft change, and of others the words and the end alone.
func changeVersion(ctx context.Context, _ *record.Tx, old, change record.Row) error {
	if _, given := change["rpt_definition"]; given {
		if err := parsed(change); err != nil {
			return err
		}
	}
	if old.Int("rpt_status") == statusDraft || access.From(ctx).Kind == access.System {
		return nil
	}
	for _, name := range []string{"rpt_definition", "rpt_validfrom", "rpt_decisionid"} {
		if v, given := change[name]; given && !same(old[name], v) {
			return ErrDraftOnly
		}
	}
	return nil
}

func (s *Service) checkService(tx *record.Tx, key id.ID, change record.Row) error {
	if address, given := change["rpt_url"].(string); given {
		if err := s.c.Asker.CheckURL(address); err != nil {
			return err
		}
	}
	if raw, given := change["rpt_request"].(json.RawMessage); given {
		var fields map[string]string
		if json.Unmarshal(raw, &fields) != nil {
			return errs.InvalidFields("decision.request", "the request can't be used", []errs.Field{{Name: "rpt_request", Code: "type", Message: "an object of texts is expected: field that is sent → name of an input"}})
		}
	}
	plain, given := change["rpt_secret"]
	if !given {
		return nil
	}
	delete(change, "rpt_secret") // so that it is in no row, no log and no answer
	secret, _ := plain.(string)
	change["rpt_hassecret"] = secret != ""
	return s.keepSecret(tx, key, secret)
}

// Obey gives, for a table, the hook by which its records obey the sets in force:
// outcomes that inputs have outdated are emptied, guarded states are kept, and
// records are decided on by themselves where a set says so.
func (s *Service) Obey(table string) record.Hook {
	return record.Hook{Table: table,
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			for _, one := range s.of(table) {
				if one.outcome == "" {
					continue
				}
				_, deciding := change[one.outcome]
				if src := one.source(s.c.Clock.Now()); src != nil && !deciding && old[one.outcome] != nil && src.reads(old, change) {
					change[one.outcome] = nil
				}
				if !one.concerns(merged(old, change)) {
					continue
				}
				if err := one.keeps(old, change); err != nil {
					return err
				}
			}
			return nil
		},
		AfterCreate: func(_ context.Context, tx *record.Tx, row record.Row) error {
			for _, one := range s.of(table) {
				if one.automatic && len(one.versions) > 0 && one.concerns(row) {
					if err := s.later(tx, one, table, row); err != nil {
						return err
					}
				}
			}
			return nil
		},
		AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			for _, one := range s.of(table) {
				src := one.source(s.c.Clock.Now())
				if src == nil || !src.reads(old, row) {
					continue
				}
				if one.outcome == "" || old.Int(one.outcome) != 0 {
					if err := supersede(s.system(ctx, "inputs have changed"), tx, one.id, row.ID(src.table.ID)); err != nil {
						return err
					}
				}
				if one.automatic && one.concerns(row) {
					if err := s.later(tx, one, table, row); err != nil {
						return err
					}
				}
			}
			return s.outdate(ctx, tx, table, old, row)
		},
		BeforeDelete: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return s.outdateGone(ctx, tx, table, row)
		},
	}
}

func (s *Service) later(tx *record.Tx, one *set, table string, row record.Row) error {
	t, ok := s.c.Catalog().Table(table)
	if !ok {
		return nil
	}
	return s.enqueue(tx, work{Table: table, Record: row.ID(t.ID), Decision: one.id})
}

// keeps refuses a record to enter the guarded state undecided, or decided against.
func (s *set) keeps(old, change record.Row) error {
	to, moving := change["statecode"]
	if s.guard == nil || !moving || !same(to, s.guard) || same(old["statecode"], to) {
		return nil
	}
	outcome := old[s.outcome]
	if v, given := change[s.outcome]; given {
		outcome = v
	}
	if outcome == int64(decide.Pass) || outcome == outcomeOverridden {
		return nil
	}
	return ErrGuarded
}
