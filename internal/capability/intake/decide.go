package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/rule"
)

// The next actions, options of rpt_nextaction.
const (
	FastFollowUp    = 1
	Ordinary        = 2
	TailoredMessage = 3
	Nurture         = 4
	Suppress        = 5
)

// The propensities from which a next action is chosen, if no rule says one.
const (
	fastFrom     = 0.65
	ordinaryFrom = 0.40
	tailoredFrom = 0.20
)

// Reason is one reason of a score, as people read it.
type Reason struct {
	Text   string `json:"text"`
	Points int64  `json:"points"`
	Kind   string `json:"kind"`             // "page", "context", "data", "decision" or "model"
	Detail string `json:"detail,omitempty"` // the page's path
}

// maxReasons is how many reasons a lead carries.
const maxReasons = 6

// Decision is what intake thinks of a lead. Decide writes it onto the lead, too.
type Decision struct {
	Propensity float64
	Score      int64
	Grade      int64
	NextAction int64
	Reasons    []Reason
	Hits       []rule.Hit
	Version    string // of what scored it
	Failed     []rule.Failure
	Refused    []Fault // values that rules set and columns refuse

	ruled int64 // the next action that a rule chose; 0 for none
}

// Decide applies the rules, scores the lead and chooses the next action. Only
// the end of the context is an error.
func (c *Cleaner) Decide(ctx context.Context, l *Lead, rules *rule.Set) (Decision, error) {
	out, err := rules.Apply(ctx, l.Vars())
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Propensity: Propensity(out.Points), Hits: out.Hits, Version: out.Version, Failed: out.Failed, ruled: out.NextAction}
	d.Score = Score(d.Propensity)
	d.Grade = Grade(d.Score)
	d.Reasons = reasons(out.Hits, path(l.Context))
	d.NextAction = nextAction(d.Propensity, out.NextAction)
	if why := suppressed(l); why != "" {
		d.NextAction = Suppress
		d.Reasons = append([]Reason{{Text: why, Kind: "decision"}}, d.Reasons...)
	}
	for name, value := range out.Set {
		if fault := c.put(l, name, value); fault != nil {
			d.Refused = append(d.Refused, *fault)
		}
	}
	if out.Category != "" {
		c.put(l, "rpt_category", out.Category)
	}
	err = c.write(l, &d)
	return d, err
}

// write puts the decision onto the lead's columns.
func (c *Cleaner) write(l *Lead, d *Decision) error {
	reasons, err := query.RawJSON(d.Reasons)
	if err != nil {
		return err
	}
	hits, err := query.RawJSON(d.Hits)
	if err != nil {
		return err
	}
	if d.Hits == nil {
		hits = json.RawMessage("[]")
	}
	for name, v := range map[string]any{"rpt_propensity": d.Propensity, "msdyn_leadscore": d.Score, "rpt_firstscore": d.Score, "msdyn_leadgrade": d.Grade,
		"rpt_nextaction": d.NextAction, "rpt_reasons": reasons, "rpt_rulehits": hits, "rpt_modelversion": d.Version} {
		if fault := c.put(l, name, v); fault != nil {
			d.Refused = append(d.Refused, *fault)
		}
	}
	return nil
}

// put sets a column of the lead, if there is one that takes the value.
func (c *Cleaner) put(l *Lead, name string, v any) *Fault {
	column, ok := c.Columns.Column(name)
	if !ok || column.System {
		return &Fault{name, "column.unknown", "there is no such column, or rules can't set it"}
	}
	value, err := column.Coerce(v)
	if err != nil {
		return faultOf(name, err)
	}
	l.Row[name] = value
	return nil
}

func nextAction(propensity float64, ruled int64) int64 {
	switch {
	case ruled >= FastFollowUp && ruled <= Suppress:
		return ruled
	case propensity >= fastFrom:
		return FastFollowUp
	case propensity >= ordinaryFrom:
		return Ordinary
	case propensity >= tailoredFrom:
		return TailoredMessage
	}
	return Nurture
}

// suppressed says why nobody should be contacted; "" where nothing speaks
// against it. No rule overrides it.
func suppressed(l *Lead) string {
	if marks, _ := l.Context["suspect"].(string); slices.Contains(strings.Split(marks, ","), "honeypot") {
		return "A machine seems to have filled in the form"
	}
	mail, _ := l.Row["donotemail"].(bool)
	phone, _ := l.Row["donotphone"].(bool)
	if mail && phone {
		return "Wants neither e-mails nor calls"
	}
	return ""
}

// reasons gives the strongest hits, and always what the page had to do with it.
func reasons(hits []rule.Hit, page string) []Reason {
	var out []Reason
	paged := false
	for _, h := range hits {
		if h.Reason == "" {
			continue
		}
		r := Reason{Text: h.Reason, Points: h.Points, Kind: kind(h.Uses)}
		if r.Kind == "page" {
			r.Detail, paged = page, true
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(abs(b.Points), abs(a.Points)) })
	if !paged && page != "" {
		out = append(out[:min(len(out), maxReasons-1)], Reason{Text: "Came from a page without a rule of its own", Kind: "page", Detail: page})
	}
	if len(out) > maxReasons {
		// The strongest that is about the page keeps its place, at the end if need be.
		if i := slices.IndexFunc(out, func(r Reason) bool { return r.Kind == "page" }); i >= maxReasons {
			out[maxReasons-1] = out[i]
		}
		out = out[:maxReasons]
	}
	return out
}

func abs(n int64) int64 { return max(n, -n) }

// kind tells what a condition looks at: the page first, then the rest of the
// context, then the lead's own data.
func kind(uses []string) string {
	k := "data"
	for _, u := range uses {
		if u == "context.page" {
			return "page"
		}
		if u == "context" || strings.HasPrefix(u, "context.") {
			k = "context"
		}
	}
	return k
}

// path gives the path of the page, without its parameters, which may be personal.
func path(context map[string]any) string {
	page, _ := context["page"].(string)
	u, err := url.Parse(page)
	if err != nil || page == "" {
		return ""
	}
	p := u.Path
	if p == "" {
		p = "/"
	}
	if runes := []rune(p); len(runes) > 200 {
		p = string(runes[:200])
	}
	return p
}
