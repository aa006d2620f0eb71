package businessrule

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Rule is a definition that has been checked against the catalog.
type Rule struct {
	*Definition
	branches []branch
	other    []action
}

type branch struct {
	node    query.Node // nil: always
	matcher *query.Matcher
	then    []action
}

// action is an Action with canonical values.
type action struct {
	Action
	set, preset map[string]any
}

// Compile checks a definition: the table, the columns, the conditions and the values.
func Compile(d *Definition, catalog *metadata.Catalog) (*Rule, error) {
	t, ok := catalog.Table(d.Table)
	if !ok {
		return nil, invalid("rule %s: there is no table %q", d.Name, d.Table)
	}
	if t.Managed || t.Intersect {
		return nil, invalid("rule %s: rows of %s are written by the platform only", d.Name, d.Table)
	}
	r := &Rule{Definition: d}
	for i, b := range d.Branches {
		c := branch{}
		if b.When != "" {
			node, err := condition(catalog, t, b.When)
			if err != nil {
				return nil, errs.Wrap(err, errs.Invalid, "businessrule.definition", "rule %s, branch %d: %s", d.Name, i+1, err.Error())
			}
			if c.matcher, err = query.Compile(catalog, t.Name, node); err == nil {
				c.node = node
				_, err = c.matcher.Match(nil) // conditions that need other rows are refused here
				if err == nil {
					_, err = Tree(node)
				}
			}
			if err != nil {
				return nil, errs.Wrap(err, errs.Invalid, "businessrule.definition", "rule %s, branch %d: %s", d.Name, i+1, err.Error())
			}
		}
		var err error
		if c.then, err = compileActions(d.Name, t, b.Then); err != nil {
			return nil, err
		}
		r.branches = append(r.branches, c)
	}
	var err error
	r.other, err = compileActions(d.Name, t, d.Otherwise)
	return r, err
}

// condition reads the text of a condition. What depends on the time or on who
// asks would have been decided when the rule was read: it is refused.
func condition(catalog *metadata.Catalog, t *metadata.Table, text string) (query.Node, error) {
	var seen [2]query.Node
	for i, now := range []time.Time{time.Unix(1_000_000_000, 0), time.Unix(1_700_000_000, 0)} {
		var err error
		someone := id.Derive("businessrule", string(rune('a'+i)))
		if seen[i], err = odata.ParseFilter(&odata.Context{Catalog: catalog, Now: now, UserID: someone, UnitID: someone}, t, text); err != nil {
			return nil, err
		}
	}
	if !reflect.DeepEqual(seen[0], seen[1]) {
		return nil, invalid("the condition depends on the time or on the user")
	}
	return query.CheckNode(catalog, t.Name, seen[0], query.Limits{})
}

func compileActions(rule string, t *metadata.Table, list []Action) ([]action, error) {
	var out []action
	for _, a := range list {
		if parts(a) != 1 {
			return nil, invalid("rule %s: an action does one thing: show, hide, require, recommend, optional, lock, unlock, set, default or error", rule)
		}
		for _, name := range slices.Concat(a.Show, a.Hide, a.Require, a.Recommend, a.Optional, a.Lock, a.Unlock) {
			if _, ok := t.Column(name); !ok {
				return nil, invalid("rule %s: table %s has no column %q", rule, t.Name, name)
			}
		}
		c := action{Action: a}
		var err error
		if c.set, err = values(rule, t, a.Set); err != nil {
			return nil, err
		}
		if c.preset, err = values(rule, t, a.Default); err != nil {
			return nil, err
		}
		if a.Error != nil {
			if a.Error.Message["en"] == "" {
				return nil, invalid("rule %s: an error needs message.en", rule)
			}
			if _, ok := t.Column(a.Error.Column); !ok {
				return nil, invalid("rule %s: table %s has no column %q", rule, t.Name, a.Error.Column)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// parts counts the things that an action does.
func parts(a Action) (n int) {
	for _, list := range [][]string{a.Show, a.Hide, a.Require, a.Recommend, a.Optional, a.Lock, a.Unlock} {
		if len(list) > 0 {
			n++
		}
	}
	for _, m := range []map[string]any{a.Set, a.Default} {
		if len(m) > 0 {
			n++
		}
	}
	if a.Error != nil {
		n++
	}
	return n
}

// values makes the values of a rule canonical. The rule may write what a person may.
func values(rule string, t *metadata.Table, in map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		c, ok := t.Column(name)
		switch {
		case !ok:
			return nil, invalid("rule %s: table %s has no column %q", rule, t.Name, name)
		case c.ReadOnly || c.Computed() || c.IsLookup() || c.IsFile() || name == t.ID || name == "statecode" || name == "statuscode":
			return nil, invalid("rule %s: the column %s can't be set by a rule", rule, name)
		}
		v, err := c.Coerce(in[name])
		if err != nil {
			return nil, invalid("rule %s: %s", rule, err.Error())
		}
		out[name] = v
	}
	return out, nil
}
