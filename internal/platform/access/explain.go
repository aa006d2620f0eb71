package access

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Rule is the sort of reason why somebody may use a right on a record.
type Rule string

// The rules.
const (
	ByRole      Rule = "role"      // a role reaches it: everything, its unit, or as its owner
	ByShare     Rule = "share"     // it is shared with the user or a team of the user
	ByHierarchy Rule = "hierarchy" // it belongs to, or is shared with, somebody who reports to the user
)

// Reason is why a right is held on a record.
type Reason struct {
	Rule  Rule
	Depth Depth  // of ByRole
	Roles []Role // of ByRole: those that reach it so
	Via   id.ID  // the user or team that owns it or that it is shared with; Nil where the unit or everything counts
}

// Role is a role as somebody holds it.
type Role struct {
	Name string
	Team id.ID // by which it is held; Nil where it is the user's own
}

// Subject is a record as access sees it. Shares lists with whom it is shared for the right.
type Subject struct {
	Table  string
	Owner  id.ID
	Unit   id.ID
	Shares []id.ID
}

// Explain gives every reason why a user may use a right on a record. Without
// reasons, missing tells what is lacking: the privilege itself, or its reach.
func (c *Control) Explain(user id.ID, s Subject, right Right) (reasons []Reason, missing string) {
	u := c.Current().users[user]
	if u == nil {
		return nil, "the user is unknown or disabled"
	}
	g := u.held(s.Table, right)
	if g == nil {
		return nil, "no role of the user, or of the user's teams, has the privilege prv" + right.String() + " on " + s.Table
	}
	acting := append([]id.ID{user}, u.teams...)
	reasons = c.Current().byRoles(u, s, right, slices.Contains(acting, s.Owner))
	if g.global {
		return reasons, ""
	}
	managed := u.managed(right)
	if slices.Contains(managed, s.Owner) {
		reasons = append(reasons, Reason{Rule: ByHierarchy, Via: s.Owner})
	}
	for _, with := range s.Shares {
		switch {
		case slices.Contains(acting, with):
			reasons = append(reasons, Reason{Rule: ByShare, Via: with})
		case right == Read && slices.Contains(managed, with):
			reasons = append(reasons, Reason{Rule: ByHierarchy, Via: with})
		}
	}
	if len(reasons) == 0 {
		missing = "the user has the privilege prv" + right.String() + " on " + s.Table + ", but it does not reach this record: it belongs to somebody else, its business unit is not within reach, and it is not shared with the user"
	}
	return reasons, missing
}

// byRoles gives the reasons that are roles, the widest first: everything alone, else units and the owner.
func (s *Snapshot) byRoles(u *user, of Subject, right Right, owns bool) (out []Reason) {
	by := map[Depth][]Role{}
	for _, g := range u.given {
		depth := s.holds[g.role][privilege{of.Table, right}]
		if s.holds[g.role][privilege{EveryTable, right}] == Global {
			depth = Global
		}
		r := Role{g.name, g.team}
		switch {
		case depth == Global, depth == Deep && slices.Contains(s.below[g.unit], of.Unit), depth == Local && g.unit == of.Unit:
			by[depth] = append(by[depth], r)
		}
		if owns && depth != None && depth != Global {
			by[Basic] = append(by[Basic], r)
		}
	}
	if by[Global] != nil {
		return []Reason{{Rule: ByRole, Depth: Global, Roles: byName(by[Global])}}
	}
	for _, depth := range []Depth{Deep, Local, Basic} {
		if by[depth] == nil {
			continue
		}
		r := Reason{Rule: ByRole, Depth: depth, Roles: byName(by[depth])}
		if depth == Basic {
			r.Via = of.Owner
		}
		out = append(out, r)
	}
	return out
}

func byName(roles []Role) []Role {
	slices.SortStableFunc(roles, func(a, b Role) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), bytes.Compare(a.Team[:], b.Team[:]))
	})
	return roles
}

// Holder is a user who may use a right on a record, and why.
type Holder struct {
	User    id.ID
	Name    string
	Reasons []Reason
}

// Holders lists every enabled user who may use a right on a record, by name.
func (c *Control) Holders(s Subject, right Right) []Holder {
	var out []Holder
	for who, u := range c.Current().users {
		if reasons, _ := c.Explain(who, s, right); len(reasons) > 0 {
			out = append(out, Holder{who, u.name, reasons})
		}
	}
	slices.SortFunc(out, func(a, b Holder) int {
		if a.Name != b.Name {
			return bytes.Compare([]byte(a.Name), []byte(b.Name))
		}
		return bytes.Compare(a.User[:], b.User[:])
	})
	return out
}

// HiddenColumns lists the secured columns of a table that are kept from the
// context's principal, and those it may read and not change.
func (c *Control) HiddenColumns(ctx context.Context, t *metadata.Table) (hidden, readonly []string) {
	if !t.HasSecured() {
		return nil, nil
	}
	for _, col := range t.Columns {
		if !col.Secured {
			continue
		}
		switch r := c.columnRights(ctx, t.Name, col.Name); {
		case !r.read:
			hidden = append(hidden, col.Name)
		case !r.update:
			readonly = append(readonly, col.Name)
		}
	}
	return hidden, readonly
}
