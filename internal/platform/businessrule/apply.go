package businessrule

import (
	"maps"
	"reflect"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// actionsFor gives what the rule does with a row: the actions of the first
// branch that holds.
func (r *Rule) actionsFor(row map[string]any) ([]action, error) {
	for _, b := range r.branches {
		if b.matcher == nil {
			return b.then, nil
		}
		holds, err := b.matcher.Match(row)
		if err != nil {
			return nil, err
		}
		if holds {
			return b.then, nil
		}
	}
	return r.other, nil
}

// Apply obeys the table's rules of scope entity on a row that is about to be
// written, one after the other by name, each seeing what those before it have
// set. It gives the values to be written beside those of the row.
func (s *Set) Apply(table string, row map[string]any, creating bool) (map[string]any, error) {
	var out map[string]any
	var whole map[string]any
	var bad []errs.Field
	message := ""
	required := map[string]string{} // column → title of the rule that asks for it
	for _, r := range s.Of(table) {
		if r.Scope != ScopeEntity {
			continue
		}
		if whole == nil {
			whole, out = maps.Clone(row), map[string]any{}
		}
		actions, err := r.actionsFor(whole)
		if err != nil {
			return nil, err
		}
		put := func(name string, v any) {
			if !reflect.DeepEqual(whole[name], v) {
				whole[name], out[name] = v, v
			}
		}
		for _, a := range actions {
			for _, name := range a.Require {
				required[name] = r.Title["en"]
			}
			for _, name := range slices.Concat(a.Optional, a.Recommend) {
				delete(required, name)
			}
			for name, v := range a.set {
				put(name, v)
			}
			if creating {
				for name, v := range a.preset {
					if whole[name] == nil {
						put(name, v)
					}
				}
			}
			if a.Error != nil {
				message = a.Error.Message["en"]
				bad = append(bad, errs.Field{Name: a.Error.Column, Code: "rule", Message: message})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if whole[name] == nil {
			bad = append(bad, errs.Field{Name: name, Code: "required", Message: "a value is needed: " + required[name]})
		}
	}
	if len(bad) > 0 {
		if message == "" {
			message = bad[0].Name + ": " + bad[0].Message
		}
		return nil, errs.InvalidFields(CodeRefused, message, bad)
	}
	return out, nil
}
