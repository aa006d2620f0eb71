package intake

import (
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

//go:embed rules/*.yaml
var ruleFiles embed.FS

// The names that conditions can use beside the columns of the lead.
const (
	varContext = "context"     // object: page, referrer, utm_source …
	varExtra   = "extra"       // object: fields of the event that are no columns
	varDomain  = "emaildomain" // text: the part of the e-mail address after the @
)

// RuleEnv gives the environment of rules: the columns of the table lead by
// logical name, context, extra and emaildomain.
func RuleEnv(lead *metadata.Table) (*expr.Env, error) {
	vars := []expr.Var{{Name: varContext}, {Name: varExtra}, {Name: varDomain, Kind: expr.Text}}
	return expr.New(expr.Options{Vars: append(vars, rule.Vars(lead)...)})
}

// RuleEnvOf gives the environment of rules as the columns of the table are when
// it is called; it is made anew only when they have changed.
func RuleEnvOf(lead func() *metadata.Table) func() (*expr.Env, error) {
	var mu sync.Mutex
	var from *metadata.Table
	var env *expr.Env
	return func() (*expr.Env, error) {
		mu.Lock()
		defer mu.Unlock()
		now := lead()
		if now == from && env != nil {
			return env, nil
		}
		made, err := RuleEnv(now)
		if err != nil {
			return nil, err
		}
		from, env = now, made
		return env, nil
	}
}

// Vars gives what conditions read of a lead.
func (l *Lead) Vars() map[string]any {
	v := maps.Clone(map[string]any(l.Row))
	v[varContext], v[varExtra] = l.Context, l.Extra
	if l.Domain != "" {
		v[varDomain] = l.Domain
	}
	return v
}

// PastVars gives what conditions read of a lead that is stored already, for
// rehearsing rules.
func PastVars(row record.Row) map[string]any {
	l := Lead{Row: row, Context: objectOf(row["rpt_context"]), Extra: objectOf(row["rpt_extra"])}
	if a, ok := ParseEmail(row.Text("emailaddress1")); ok {
		l.Domain = a.Domain
	}
	return l.Vars()
}

func objectOf(v any) map[string]any {
	raw, _ := v.(json.RawMessage)
	object, err := decode(raw)
	if err != nil {
		return map[string]any{}
	}
	cleaned, _ := tidy(object, 0)
	object, _ = cleaned.(map[string]any)
	return object
}

// RuleOf reads a rule out of its row of the table rpt_rule.
func RuleOf(row record.Row) rule.Rule {
	r := rule.Rule{ID: row.ID("rpt_ruleid"), Name: row.Text("rpt_name"), Condition: row.Text("rpt_condition"), Points: row.Int("rpt_points"),
		NextAction: row.Int("rpt_nextaction"), Category: row.Text("rpt_category"), Reason: row.Text("rpt_reason"), Order: row.Int("rpt_order"), Version: row.Int("rpt_version")}
	if set := objectOf(row["rpt_setvalues"]); len(set) > 0 {
		r.Set = set
	}
	return r
}

// RowOf gives a rule as a row of the table rpt_rule.
func RowOf(r rule.Rule) (record.Row, error) {
	row := record.Row{"rpt_ruleid": r.ID, "rpt_name": r.Name, "rpt_condition": r.Condition, "rpt_points": r.Points, "rpt_order": r.Order, "rpt_version": r.Version}
	if len(r.Set) > 0 {
		raw, err := query.RawJSON(r.Set)
		if err != nil {
			return nil, err
		}
		row["rpt_setvalues"] = raw
	}
	if r.NextAction != 0 {
		row["rpt_nextaction"] = r.NextAction
	}
	if r.Category != "" {
		row["rpt_category"] = r.Category
	}
	if r.Reason != "" {
		row["rpt_reason"] = r.Reason
	}
	return row, nil
}

// shippedRule is a rule as the files write it.
type shippedRule struct {
	Name       string         `yaml:"name"`
	Condition  string         `yaml:"condition"`
	Points     int64          `yaml:"points"`
	Set        map[string]any `yaml:"set"`
	NextAction int64          `yaml:"nextaction"`
	Category   string         `yaml:"category"`
	Reason     string         `yaml:"reason"`
	Order      int64          `yaml:"order"`
}

// ShippedRules gives the rules that come with the product, at version 1. Their
// ids follow from their names, so that seeding twice makes them once.
func ShippedRules() ([]rule.Rule, error) {
	var out []rule.Rule
	entries, err := ruleFiles.ReadDir("rules")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		text, err := ruleFiles.ReadFile("rules/" + entry.Name())
		if err != nil {
			return nil, err
		}
		var file []shippedRule
		if err := yaml.UnmarshalWithOptions(text, &file, yaml.DisallowUnknownField()); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "intake.rules", "the file %s holds no rules", entry.Name())
		}
		for _, s := range file {
			out = append(out, rule.Rule{ID: id.Derive("rpt_rule", s.Name), Name: s.Name, Condition: s.Condition, Points: s.Points, Set: s.Set,
				NextAction: s.NextAction, Category: s.Category, Reason: s.Reason, Order: s.Order, Version: 1})
		}
	}
	slices.SortStableFunc(out, func(a, b rule.Rule) int { return int(a.Order - b.Order) })
	return out, nil
}
