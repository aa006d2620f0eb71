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

// Registry holds the actions. Those of the product are defined while the
// application is wired, before it starts; customers' own come and go as data.
type Registry struct {
	access  *access.Control
	store   *record.Store
	defined map[string]*definition
	custom  func() *Customs
}

type definition struct {
	spec    Spec
	in, out []Param
	call    func(ctx context.Context, c Call, body map[string]any) (map[string]any, error)
}

// New makes an empty registry.
func New(a *access.Control, s *record.Store) *Registry {
	return &Registry{access: a, store: s, defined: map[string]*definition{}, custom: func() *Customs { return nil }}
}

func (r *Registry) add(d *definition) {
	if _, twice := r.defined[d.spec.Name]; twice {
		panic("action " + d.spec.Name + " is defined twice") // a mistake of the programmer, seen at the first start
	}
	r.defined[d.spec.Name] = d
}

// UseCustom has the registry offer the actions that customers have defined.
func (r *Registry) UseCustom(current func() *Customs) { r.custom = current }

// Epoch is another value each time that the list of actions is another.
func (r *Registry) Epoch() any { return r.custom() }

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
	if c := r.custom(); c != nil {
		for name, d := range c.defined {
			if r.defined[name] == nil {
				out = append(out, Info{d.spec, d.in, d.out})
			}
		}
	}
	slices.SortFunc(out, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// find gives the product's own action of that name, else a customer's.
func (r *Registry) find(name string) (*definition, bool) {
	if d, ok := r.defined[name]; ok {
		return d, true
	}
	if c := r.custom(); c != nil {
		d, ok := c.defined[name]
		return d, ok
	}
	return nil, false
}

// Find gives one action by name.
func (r *Registry) Find(name string) (Info, bool) {
	d, ok := r.find(name)
	if !ok {
		return Info{}, false
	}
	return Info{d.spec, d.in, d.out}, ok
}

// Call runs an action by itself: in a transaction of its own, or in none if it
// only reads.
func (r *Registry) Call(ctx context.Context, name string, target id.ID, body map[string]any) (out map[string]any, err error) {
	d, err := r.allowed(ctx, name, target)
	if err != nil {
		return nil, err
	}
	c := Call{Reader: r.store, Target: target, Table: d.spec.Table}
	if d.spec.Effect != DB {
		return d.call(ctx, c, body)
	}
	err = r.store.Write(ctx, func(tx *record.Tx) error {
		c.Tx, c.Reader = tx, tx
		out, err = d.call(ctx, c, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// CallIn runs an action as a part of a transaction that is already running.
func (r *Registry) CallIn(ctx context.Context, tx *record.Tx, name string, target id.ID, body map[string]any) (map[string]any, error) {
	d, err := r.allowed(ctx, name, target)
	if err != nil {
		return nil, err
	}
	if d.spec.Effect == Alone {
		return nil, errs.New(errs.Unsupported, "action.alone", "the action %s can't be a part of a change set or a flow", name)
	}
	return d.call(ctx, Call{Tx: tx, Reader: tx, Target: target, Table: d.spec.Table}, body)
}

// allowed finds an action that the context's principal may call.
func (r *Registry) allowed(ctx context.Context, name string, target id.ID) (*definition, error) {
	d, ok := r.find(name)
	if !ok {
		return nil, errs.New(errs.NotFound, "action.unknown", "there is no action %s", name)
	}
	if d.spec.Table != "" && !d.spec.Collection && target == id.Nil {
		return nil, errs.New(errs.Invalid, "action.target", "the action %s is bound to %s: name the record", name, d.spec.Table)
	}
	switch access.From(ctx).Kind {
	case access.Anonymous:
		return nil, access.ErrSignIn
	case access.Member:
		return nil, errs.New(errs.Forbidden, "action.member", "members of the portal can't call the action %s", name)
	}
	if !d.spec.Function { // a function only reads, as far as the rights on tables go
		if err := r.access.AllowAction(ctx, name); err != nil {
			return nil, err
		}
	}
	if d.spec.Privilege != "" {
		if err := r.access.Privileged(ctx, d.spec.Privilege); err != nil {
			return nil, err
		}
	}
	if d.spec.Right != 0 {
		return d, r.access.Allow(ctx, d.spec.Table, d.spec.Right)
	}
	return d, nil
}
