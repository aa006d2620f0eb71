package action

import (
	"cmp"
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Registry holds the actions. They are defined while the application is wired,
// before it starts.
type Registry struct {
	access  *access.Control
	store   *record.Store
	defined map[string]definition
}

type definition struct {
	spec    Spec
	in, out []Param
	call    func(ctx context.Context, c Call, body map[string]any) (map[string]any, error)
}

// New makes an empty registry.
func New(a *access.Control, s *record.Store) *Registry {
	return &Registry{access: a, store: s, defined: map[string]definition{}}
}

func (r *Registry) add(d definition) {
	if _, twice := r.defined[d.spec.Name]; twice {
		panic("action " + d.spec.Name + " is defined twice") // a mistake of the programmer, seen at the first start
	}
	r.defined[d.spec.Name] = d
}

// Info describes an action to the outside.
type Info struct {
	Spec
	In, Out []Param
}

// List gives all actions by name.
func (r *Registry) List() []Info {
	var out []Info
	for _, d := range r.defined {
		out = append(out, Info{d.spec, d.in, d.out})
	}
	slices.SortFunc(out, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Find gives one action by name.
func (r *Registry) Find(name string) (Info, bool) {
	d, ok := r.defined[name]
	return Info{d.spec, d.in, d.out}, ok
}

// Call runs an action by itself: in a transaction of its own, or in none if it
// only reads.
func (r *Registry) Call(ctx context.Context, name string, target id.ID, body map[string]any) (out map[string]any, err error) {
	d, err := r.allowed(ctx, name, target)
	if err != nil {
		return nil, err
	}
	if d.spec.Effect == Read {
		return d.call(ctx, Call{Reader: r.store, Target: target}, body)
	}
	err = r.store.Write(ctx, func(tx *record.Tx) error {
		out, err = d.call(ctx, Call{Tx: tx, Reader: tx, Target: target}, body)
		return err
	})
	return out, err
}

// CallIn runs an action as a part of a transaction that is already running.
func (r *Registry) CallIn(ctx context.Context, tx *record.Tx, name string, target id.ID, body map[string]any) (map[string]any, error) {
	d, err := r.allowed(ctx, name, target)
	if err != nil {
		return nil, err
	}
	return d.call(ctx, Call{Tx: tx, Reader: tx, Target: target}, body)
}

// allowed finds an action that the context's principal may call.
func (r *Registry) allowed(ctx context.Context, name string, target id.ID) (definition, error) {
	d, ok := r.defined[name]
	if !ok {
		return d, errs.New(errs.NotFound, "action.unknown", "there is no action %s", name)
	}
	if d.spec.Table != "" && target == id.Nil {
		return d, errs.New(errs.Invalid, "action.target", "the action %s is bound to %s: name the record", name, d.spec.Table)
	}
	if access.From(ctx).Kind == access.Anonymous {
		return d, access.ErrSignIn
	}
	if d.spec.Right != 0 {
		return d, r.access.Allow(ctx, d.spec.Table, d.spec.Right)
	}
	return d, nil
}
