package record

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// applyState completes and checks the pair of statecode and statuscode: the
// reason gives the state, the state alone gives its first reason.
func applyState(t *metadata.Table, old, row Row) error {
	if !t.Stateful() {
		return nil
	}
	creating := old == nil
	state, hasState := row["statecode"].(int64)
	reason, hasReason := row["statuscode"].(int64)
	switch {
	case hasReason:
		s, ok := t.State(reason)
		if !ok || hasState && s.Value != state {
			return invalid("state", "status reason %d does not belong to state %d of %s", reason, state, t.Name)
		}
		row["statecode"] = s.Value
	case hasState && old != nil && old["statecode"] == row["statecode"]:
		// The state is as it was, and so is the reason.
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

// follows refuses a status reason that may not follow the present one, where the
// definition says which may. The platform itself is free.
func follows(ctx context.Context, t *metadata.Table, old, change Row) error {
	reason, given := change["statuscode"].(int64)
	was, had := old["statuscode"].(int64)
	if !t.Stateful() || !given || !had || reason == was || access.From(ctx).Kind == access.System {
		return nil
	}
	c, _ := t.Column("statuscode")
	if from, ok := c.Option(was); ok && len(from.Next) > 0 && !slices.Contains(from.Next, reason) {
		return invalid("transition", "the status reason %d of %s can't follow %d", reason, t.Name, was)
	}
	return nil
}
