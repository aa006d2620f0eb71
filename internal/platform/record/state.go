package record

import "github.com/rapport-platform/rapport/internal/platform/metadata"

// applyState completes and checks the pair of statecode and statuscode: the
// reason gives the state, the state alone gives its first reason.
func applyState(t *metadata.Table, row Row, creating bool) error {
	if !t.Stateful() {
		return nil
	}
	state, hasState := row["statecode"].(int64)
	reason, hasReason := row["statuscode"].(int64)
	switch {
	case hasReason:
		s, ok := t.State(reason)
		if !ok || hasState && s.Value != state {
			return invalid("state", "status reason %d does not belong to state %d of %s", reason, state, t.Name)
		}
		row["statecode"] = s.Value
	case hasState:
		for _, s := range t.States {
			if s.Value == state {
				row["statuscode"] = s.Reasons[0].Value
				return nil
			}
		}
		return invalid("state", "%s has no state %d", t.Name, state)
	case creating:
		row["statecode"], row["statuscode"] = t.States[0].Value, t.States[0].Reasons[0].Value
	default:
		for _, name := range []string{"statecode", "statuscode"} {
			if v, given := row[name]; given && v == nil {
				return invalid("state", "%s can't be cleared", name)
			}
		}
	}
	return nil
}
