package access

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Control answers who may do what. Current gives the snapshot in force.
type Control struct {
	Current func() *Snapshot
	Catalog func() *metadata.Catalog
}

// Guard gives the condition per table under which the context's principal may
// use the right. It refuses tables on which the principal lacks the privilege.
func (c *Control) Guard(ctx context.Context, right Right) query.Guard {
	return func(table string) (query.Node, error) { return c.Rows(ctx, table, right) }
}

// Rows gives the condition on rows of one table; nil means every row.
func (c *Control) Rows(ctx context.Context, table string, right Right) (query.Node, error) {
	g, u, err := c.grant(ctx, table, right)
	if err != nil {
		return nil, err
	}
	if g.global {
		return nil, nil
	}
	p := From(ctx)
	if p.Kind == Member {
		return c.memberRows(p, table, right)
	}
	t, ok := c.Catalog().Table(table)
	if !ok {
		return nil, errs.New(errs.NotFound, "access.table", "there is no table %s", table)
	}
	if !t.Owned() {
		// Without an owner a privilege is held globally or not at all.
		return nil, denied(table, right)
	}
	arms := query.Arms{Units: slices.SortedFunc(maps.Keys(g.units), func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })}
	if g.own {
		arms.Owners = append([]id.ID{p.ID}, u.teams...)
	}
	arms.Owners = append(arms.Owners, u.managedBy(p, right)...)
	if c.Current().shared[table] {
		arms.SharedWith, arms.Right = c.SharedWith(ctx, right), int64(right)
	}
	return arms, nil
}

// Allow tells whether the principal holds the privilege on the table at any depth.
func (c *Control) Allow(ctx context.Context, table string, right Right) error {
	_, _, err := c.grant(ctx, table, right)
	return err
}

// Holds tells whether the principal may use the right on a row of this owner
// and unit, shares aside.
func (c *Control) Holds(ctx context.Context, table string, right Right, owner, unit id.ID) (bool, error) {
	g, u, err := c.grant(ctx, table, right)
	if err != nil {
		return false, err
	}
	p := From(ctx)
	if slices.Contains(u.managedBy(p, right), owner) {
		return true, nil
	}
	return g.global || g.units[unit] || g.own && (owner == p.ID || slices.Contains(u.teams, owner)), nil
}

// Principals gives the ids that the principal acts under: its own and its teams'.
func (c *Control) Principals(ctx context.Context) []id.ID {
	p := From(ctx)
	if p.Kind == Member {
		return nil // nothing is shared with members
	}
	out := []id.ID{p.ID}
	if u := c.Current().users[p.ID]; u != nil {
		out = append(out, u.teams...)
	}
	return out
}

// SharedWith gives the ids by whose shares of a right the principal gets it: its
// own, its teams', and for reading those of the people it manages.
func (c *Control) SharedWith(ctx context.Context, right Right) []id.ID {
	out := c.Principals(ctx)
	p := From(ctx)
	if u := c.Current().users[p.ID]; u != nil && right == Read {
		out = append(out, u.managedBy(p, right)...)
	}
	return out
}

// HasShares tells whether any row of the table is shared with anyone.
func (c *Control) HasShares(table string) bool { return c.Current().shared[table] }

// Unit gives the business unit of a user or team; id.Nil if unknown.
func (c *Control) Unit(principal id.ID) id.ID { return c.Current().unitOf[principal] }

// UnitOf is Unit for a principal that must be of a table, systemuser or team.
func (c *Control) UnitOf(principal id.ID, table string) id.ID {
	s := c.Current()
	if isUser := s.users[principal] != nil; isUser != (table == "systemuser") {
		return id.Nil
	}
	return s.unitOf[principal]
}

// Members lists the enabled users of a team.
func (c *Control) Members(team id.ID) []id.ID { return c.Current().members[team] }

// Roles lists the names of the roles that a user holds, its teams' among them.
func (c *Control) Roles(userID id.ID) []string {
	u := c.Current().users[userID]
	if u == nil {
		return nil
	}
	names := slices.Clone(u.roles)
	slices.Sort(names)
	return slices.Compact(names)
}

// Known tells whether the user exists and is enabled.
func (c *Control) Known(userID id.ID) bool {
	return userID == SystemUser || c.Current().users[userID] != nil
}

// EveryTable stands for all tables in a privilege, those to come among them. It
// counts at depth Global only.
const EveryTable = "*"

// held gives what the user holds of a right on a table; nil if nothing.
func (u *user) held(table string, right Right) *grant {
	if all := u.grants[privilege{EveryTable, right}]; all != nil && all.global {
		return all
	}
	return u.grants[privilege{table, right}]
}

func (c *Control) grant(ctx context.Context, table string, right Right) (*grant, *user, error) {
	p := From(ctx)
	switch p.Kind {
	case System:
		return &grant{global: true, depth: Global}, &user{}, nil
	case User:
		users := c.Current().users
		u := users[p.ID]
		if u == nil {
			return nil, nil, ErrSignIn
		}
		if !p.Scope.Allows(table, right) {
			return nil, nil, lacking(table, right)
		}
		g := u.held(table, right)
		if p.Delegate != id.Nil && g != nil {
			by := users[p.Delegate]
			if by == nil {
				return nil, nil, ErrSignIn
			}
			g = g.both(by.held(table, right))
		}
		if g != nil {
			return g, u, nil
		}
		return nil, nil, denied(table, right)
	case Member:
		return c.Current().memberGrant(p, table, right)
	}
	return nil, nil, ErrSignIn
}

// both gives what two grants have in common; nil if that is nothing. Own rows
// are those of the user on whose behalf the other acts.
func (g *grant) both(o *grant) *grant {
	switch {
	case o == nil:
		return nil
	case o.global:
		return g
	}
	out := &grant{own: (g.own || g.global) && o.own, units: map[id.ID]bool{}, depth: min(g.depth, o.depth)}
	for unit := range o.units {
		if g.global || g.units[unit] {
			out.units[unit] = true
		}
	}
	return out
}

func denied(table string, right Right) error {
	return errs.New(errs.Forbidden, "access.privilege", "you lack the privilege prv%s on %s; an administrator can give you a role that has it", right, table)
}
