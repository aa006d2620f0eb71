package rule

import (
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Rule is one rule as people keep it.
type Rule struct {
	ID         id.ID
	Name       string
	Condition  string         // CEL; see package expr for what happens where values are missing
	Points     int64          // added to the score; may be negative
	Set        map[string]any // values by column, set when the condition holds
	NextAction int64          // 0 leaves it to the score
	Category   string         // "" sets none
	Reason     string         // plain words that stand beside the score; "" keeps the rule out of the reasons
	Order      int64          // rules with a lower order come first and win where two set the same
	Version    int64          // raised with every change of the rule
}

// MaxPoints bounds the points of one rule either way.
const MaxPoints = 1000

// Check tells in one error all that is wrong with a rule. Columns that it sets
// are checked by columns, which says nil where a value fits; nil checks none.
func Check(env *expr.Env, r Rule, columns func(name string, value any) error) error {
	var fields []errs.Field
	add := func(name, code, message string) {
		fields = append(fields, errs.Field{Name: name, Code: code, Message: message})
	}
	if r.Name == "" {
		add("name", "required", "a rule needs a name")
	}
	if _, err := env.Compile(r.Condition); err != nil {
		add("condition", errs.CodeOf(err), message(err))
	}
	if r.Points > MaxPoints || r.Points < -MaxPoints {
		add("points", "range", "points go from -1000 to 1000")
	}
	if columns != nil {
		for name, value := range r.Set {
			if err := columns(name, value); err != nil {
				add(name, errs.CodeOf(err), message(err))
			}
		}
	}
	return errs.InvalidFields("rule.invalid", "the rule can't be used as it stands", fields)
}
