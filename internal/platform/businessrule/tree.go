package businessrule

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// View is a rule as forms get it: conditions as trees, texts in one language.
type View struct {
	Name      string       `json:"name"`
	Title     string       `json:"title"`
	Scope     Scope        `json:"scope"`
	Branches  []ViewBranch `json:"branches"`
	Otherwise []ViewAction `json:"otherwise,omitempty"`
}

// ViewBranch is a branch; When is null when it always holds.
type ViewBranch struct {
	When any          `json:"when"`
	Then []ViewAction `json:"then"`
}

// ViewAction is an action with values as they are on the wire.
type ViewAction struct {
	Show      []string       `json:"show,omitempty"`
	Hide      []string       `json:"hide,omitempty"`
	Require   []string       `json:"require,omitempty"`
	Recommend []string       `json:"recommend,omitempty"`
	Optional  []string       `json:"optional,omitempty"`
	Lock      []string       `json:"lock,omitempty"`
	Unlock    []string       `json:"unlock,omitempty"`
	Set       map[string]any `json:"set,omitempty"`
	Default   map[string]any `json:"default,omitempty"`
	Error     *ViewError     `json:"error,omitempty"`
}

// ViewError is a complaint in one language.
type ViewError struct {
	Column  string `json:"column"`
	Message string `json:"message"`
}

// View gives the rule for a form in a language.
func (r *Rule) View(lang string) (View, error) {
	out := View{Name: r.Name, Title: r.Title.In(lang), Scope: r.Scope, Otherwise: viewActions(r.other, lang), Branches: []ViewBranch{}}
	for _, b := range r.branches {
		var when any
		if b.node != nil {
			var err error
			if when, err = Tree(b.node); err != nil {
				return View{}, err
			}
		}
		out.Branches = append(out.Branches, ViewBranch{when, viewActions(b.then, lang)})
	}
	return out, nil
}

func viewActions(list []action, lang string) []ViewAction {
	out := []ViewAction{}
	for _, a := range list {
		v := ViewAction{Show: a.Show, Hide: a.Hide, Require: a.Require, Recommend: a.Recommend, Optional: a.Optional, Lock: a.Lock, Unlock: a.Unlock,
			Set: wireValues(a.set), Default: wireValues(a.preset)}
		if a.Error != nil {
			v.Error = &ViewError{a.Error.Column, a.Error.Message.In(lang)}
		}
		out = append(out, v)
	}
	return out
}

func wireValues(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for name, v := range in {
		out[name] = wire(v)
	}
	return out
}

// wire gives a canonical value as it stands in JSON: exact numbers as
// numbers, instants in RFC 3339, sets of options as comma-separated text.
func wire(v any) any {
	switch x := v.(type) {
	case query.Number:
		return json.Number(x.String())
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	}
	return v
}

func ops() []string     { return []string{"eq", "ne", "lt", "le", "gt", "ge"} }
func textOps() []string { return []string{"contains", "startswith", "endswith", "like"} }

// Tree gives a condition over one row as JSON: {"and": […]}, {"or": […]},
// {"not": …}, {"const": true}, {"column", "op", "value"} or with "other" for
// another column, {"column", "in": […], "negate"}, {"column", "text", "part"},
// {"column", "null": true, "negate"}.
func Tree(n query.Node) (any, error) {
	switch n := n.(type) {
	case query.And:
		return branchTree("and", n)
	case query.Or:
		return branchTree("or", n)
	case query.Not:
		inner, err := Tree(n.Node)
		return map[string]any{"not": inner}, err
	case query.Const:
		return map[string]any{"const": bool(n)}, nil
	case query.Compare:
		out := map[string]any{"column": n.Left[0], "op": ops()[n.Op]}
		if len(n.Right) > 0 {
			out["other"] = n.Right[0]
		} else {
			out["value"] = wire(n.Value)
		}
		return out, nil
	case query.In:
		list := make([]any, len(n.Values))
		for i, v := range n.Values {
			list[i] = wire(v)
		}
		return map[string]any{"column": n.Left[0], "in": list, "negate": n.Negate}, nil
	case query.TextMatch:
		if n.Op == query.Like {
			return nil, errs.New(errs.Unsupported, "businessrule.definition", "a rule's condition has no wildcards")
		}
		return map[string]any{"column": n.Left[0], "text": textOps()[n.Op], "part": n.Text}, nil
	case query.Null:
		return map[string]any{"column": n.Left[0], "null": true, "negate": n.Negate}, nil
	}
	return nil, errs.New(errs.Unsupported, "businessrule.definition", "a rule's condition looks at one row alone")
}

func branchTree(word string, list []query.Node) (any, error) {
	out := make([]any, 0, len(list))
	for _, n := range list {
		t, err := Tree(n)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return map[string]any{word: out}, nil
}

// Views gives the rules of a table for forms, those of both scopes, by name.
func (s *Set) Views(t *metadata.Table, lang string) ([]View, error) {
	out := []View{}
	for _, r := range s.Of(t.Name) {
		v, err := r.View(lang)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return slices.Clip(out), nil
}
