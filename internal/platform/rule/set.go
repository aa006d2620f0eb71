package rule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Set is a number of compiled rules. It does not change and is safe for
// concurrent use. The zero value has no rules.
type Set struct {
	rules   []compiled
	version string
}

type compiled struct {
	Rule
	program *expr.Program
}

// Rejected is a rule that was kept out, with the reason.
type Rejected struct {
	Rule Rule
	Err  error
}

// Compile makes a Set of the rules that can be used and reports the others.
func Compile(env *expr.Env, rules []Rule) (*Set, []Rejected) {
	s := new(Set)
	var bad []Rejected
	for _, r := range rules {
		if err := Check(env, r, nil); err != nil {
			bad = append(bad, Rejected{r, err})
			continue
		}
		p, err := env.Compile(r.Condition)
		if err != nil {
			bad = append(bad, Rejected{r, err})
			continue
		}
		r.Set = maps.Clone(r.Set)
		s.rules = append(s.rules, compiled{r, p})
	}
	slices.SortStableFunc(s.rules, func(a, b compiled) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	s.version = version(s.rules)
	return s, bad
}

// version names a set: the highest version of its rules, which people
// recognise, and a hash, since taking a rule out raises no version.
func version(rules []compiled) string {
	var highest int64
	h := sha256.New()
	for _, r := range rules {
		highest = max(highest, r.Version)
		set, err := json.Marshal(r.Set)
		if err != nil {
			set = fmt.Append(nil, r.Set)
		}
		fmt.Fprintf(h, "%s %d %q %d %s %d %q %d\n", r.ID, r.Version, r.Condition, r.Points, set, r.NextAction, r.Category, r.Order)
	}
	return fmt.Sprintf("rules-%d.%s", highest, hex.EncodeToString(h.Sum(nil)[:4]))
}

// Version names this very set of rules: "rules-7.1c9a33f0".
func (s *Set) Version() string {
	if s.version == "" {
		return "rules-0.00000000"
	}
	return s.version
}

// Len gives the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Hit is a rule whose condition holds.
type Hit struct {
	Rule    id.ID    `json:"id"`
	Name    string   `json:"name"`
	Version int64    `json:"version"`
	Points  int64    `json:"points"`
	Reason  string   `json:"reason,omitempty"`
	Uses    []string `json:"-"` // what the condition reads, see expr.Program.Uses
}

// Failure is a rule that could not be evaluated on a case; it counts as not holding.
type Failure struct {
	Rule id.ID
	Name string
	Err  error
}

// Outcome is what the rules say about one case.
type Outcome struct {
	Version    string
	Points     int64
	Hits       []Hit // in the rules' order
	Set        map[string]any
	NextAction int64  // of the first hit that has one
	Category   string // of the first hit that has one
	Failed     []Failure
}

// Apply evaluates all rules on one case. Only the end of the context is an error.
func (s *Set) Apply(ctx context.Context, vars map[string]any) (Outcome, error) {
	out := Outcome{Version: s.Version(), Set: map[string]any{}}
	for i := range s.rules {
		r := &s.rules[i]
		holds, err := r.program.Bool(ctx, vars)
		if err != nil {
			if ctx.Err() != nil {
				return Outcome{}, ctx.Err()
			}
			out.Failed = append(out.Failed, Failure{r.ID, r.Name, err})
			continue
		}
		if holds {
			out.take(r)
		}
	}
	return out, nil
}

func (o *Outcome) take(r *compiled) {
	o.Points += r.Points
	o.Hits = append(o.Hits, Hit{Rule: r.ID, Name: r.Name, Version: r.Version, Points: r.Points, Reason: r.Reason, Uses: r.program.Uses()})
	for name, value := range r.Set {
		if _, taken := o.Set[name]; !taken {
			o.Set[name] = value
		}
	}
	if o.NextAction == 0 {
		o.NextAction = r.NextAction
	}
	if o.Category == "" {
		o.Category = r.Category
	}
}
