package action

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Effect is what an action does to the world.
type Effect uint8

// The effects.
const (
	Read  Effect = iota // changes nothing
	DB                  // changes records, in the caller's transaction
	Alone               // changes things in transactions of its own, and so can't be a part of another
)

// Spec declares an action.
type Spec struct {
	Name        string // on the wire; ours begin with rpt_
	Table       string // logical name of the table it is bound to; "" for unbound ones
	Collection  bool   // bound to the table's set rather than to one of its rows
	Function    bool   // called by GET; its effect is Read, or may happen any number of times
	Effect      Effect
	Right       access.Right // needed on Table beside what the action's own reads and writes need; 0 for none
	Privilege   string       // general privilege that is needed, such as access.ActOnBehalf; "" for none
	Description string       // one sentence for people and agents
}

// Call is one call of an action.
type Call struct {
	Tx     *record.Tx    // the transaction that the call is part of; nil for an action of effect Read called by itself
	Reader record.Reader // where to read from: the transaction, or what is committed
	Target id.ID         // the record of a bound action; id.Nil for one bound to a set
	Table  string        // logical name of the table that the caller named; "" for an unbound action
}

// Define declares an action. In and Out are structs; their fields' json names
// are the parameters' names on the wire, and a "doc" tag explains them. Besides
// plain values a field can be a Ref, an Entity, a struct of these or a list of
// them; see bind.go for what the outside may send for each.
func Define[In, Out any](r *Registry, s Spec, do func(ctx context.Context, c Call, in In) (Out, error)) {
	r.add(&definition{
		spec: s, in: params[In](), out: params[Out](),
		call: func(ctx context.Context, c Call, body map[string]any) (map[string]any, error) {
			in, err := decode[In](ctx, binder{r.store.Catalog(), c.Reader}, body)
			if err != nil {
				return nil, err
			}
			out, err := do(ctx, c, in)
			if err != nil {
				return nil, err
			}
			return encode(out)
		},
	})
}

// Empty is the input or output of an action that has none.
type Empty struct{}
