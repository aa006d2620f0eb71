package access_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// organisation is a random organisation with some leads. Its methods are the
// plain model of who may do what, written from the rules in the package
// comment and not from the code: loops over roles, no arms, no SQL.
type organisation struct {
	depth int // how far down managers see; 0: they do not
	units []unit
	users []user
	teams []team
	roles []role
	leads []lead
}

type unit struct {
	id     id.ID
	parent int // -1 at the top
}

type user struct {
	id       id.ID
	unit     int
	disabled bool
	manager  int // one more than the index of the user; 0 for none
	roles    []int
	teams    []int
}

type team struct {
	id    id.ID
	unit  int
	roles []int
}

// role gives depths on leads, by right.
type role struct {
	id    id.ID
	depth map[access.Right]access.Depth
}

type lead struct {
	id     id.ID
	owner  id.ID
	team   bool // the owner is a team
	unit   int
	shares map[id.ID]access.Right // principal → mask
}

var depths = []access.Depth{access.None, access.Basic, access.Local, access.Deep, access.Global}

func drawOrganisation(t *rapid.T) *organisation {
	o := &organisation{}
	for i := range rapid.IntRange(1, 6).Draw(t, "units") {
		u := unit{id: id.New(), parent: -1}
		if i > 0 {
			u.parent = rapid.IntRange(0, i-1).Draw(t, "parent")
		}
		o.units = append(o.units, u)
	}
	someUnit := func() int { return rapid.IntRange(0, len(o.units)-1).Draw(t, "unit") }
	for range rapid.IntRange(1, 4).Draw(t, "roles") {
		r := role{id: id.New(), depth: map[access.Right]access.Depth{}}
		for _, right := range []access.Right{access.Read, access.Write, access.Create, access.Delete, access.Assign} {
			r.depth[right] = rapid.SampledFrom(depths).Draw(t, right.String())
		}
		o.roles = append(o.roles, r)
	}
	some := func(n int, what string) (out []int) {
		for i := range n {
			if rapid.IntRange(0, 2).Draw(t, what) == 0 {
				out = append(out, i)
			}
		}
		return out
	}
	for range rapid.IntRange(0, 3).Draw(t, "teams") {
		o.teams = append(o.teams, team{id: id.New(), unit: someUnit(), roles: some(len(o.roles), "team's role")})
	}
	o.depth = rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "hierarchy")
	for i := range rapid.IntRange(1, 5).Draw(t, "users") {
		o.users = append(o.users, user{id: id.New(), unit: someUnit(), manager: rapid.IntRange(0, i).Draw(t, "manager"), disabled: rapid.IntRange(0, 9).Draw(t, "disabled") == 0,
			roles: some(len(o.roles), "role"), teams: some(len(o.teams), "member")})
	}
	for range rapid.IntRange(1, 8).Draw(t, "leads") {
		o.leads = append(o.leads, o.drawLead(t))
	}
	return o
}

func (o *organisation) drawLead(t *rapid.T) lead {
	l := lead{id: id.New(), shares: map[id.ID]access.Right{}}
	l.owner, l.team, l.unit = o.drawOwner(t)
	for range rapid.IntRange(0, 2).Draw(t, "shares") {
		with, _, _ := o.drawOwner(t)
		l.shares[with] = rapid.SampledFrom([]access.Right{access.Read, access.Read | access.Write, access.Delete, access.Read | access.Delete | access.Assign | access.Write}).Draw(t, "mask")
	}
	return l
}

// drawOwner picks a user or team, and tells its unit.
func (o *organisation) drawOwner(t *rapid.T) (owner id.ID, isTeam bool, unit int) {
	n := rapid.IntRange(0, len(o.users)+len(o.teams)-1).Draw(t, "principal")
	if n < len(o.users) {
		return o.users[n].id, false, o.users[n].unit
	}
	n -= len(o.users)
	return o.teams[n].id, true, o.teams[n].unit
}

// holding is a depth together with the unit that it is counted from.
type holding struct {
	depth access.Depth
	unit  int
}

// holdings lists what a user has of a right: by its own roles from its unit,
// by its teams' roles from the teams' units.
func (o *organisation) holdings(u user, right access.Right) (out []holding) {
	add := func(roles []int, from int) {
		for _, r := range roles {
			if d := o.roles[r].depth[right]; d != access.None {
				out = append(out, holding{d, from})
			}
		}
	}
	if u.disabled {
		return nil
	}
	add(u.roles, u.unit)
	for _, t := range u.teams {
		add(o.teams[t].roles, o.teams[t].unit)
	}
	return out
}

// reaches tells whether a privilege reaches the rows of an owner, shares aside.
func (o *organisation) reaches(u user, right access.Right, owner id.ID, ownerUnit int) bool {
	own := owner == u.id || slices.ContainsFunc(u.teams, func(t int) bool { return o.teams[t].id == owner })
	for _, h := range o.holdings(u, right) {
		switch {
		case h.depth == access.Global, own:
			return true
		case h.depth == access.Local && ownerUnit == h.unit:
			return true
		case h.depth == access.Deep && o.below(ownerUnit, h.unit):
			return true
		}
	}
	return false
}

func (o *organisation) below(n, top int) bool {
	for ; n >= 0; n = o.units[n].parent {
		if n == top {
			return true
		}
	}
	return false
}

// levels tells how many levels below the user somebody stands, of whom the
// principal is either that person or a team of that person; 0 if not at all.
func (o *organisation) levels(u user, principal id.ID) int {
	least := 0
	for _, below := range o.users {
		is := below.id == principal || slices.ContainsFunc(below.teams, func(t int) bool { return o.teams[t].id == principal })
		if !is || below.disabled || !o.below(below.unit, u.unit) {
			continue
		}
		above, level := below.manager-1, 1
		for ; above >= 0 && !o.users[above].disabled && o.users[above].id != u.id; level++ {
			above = o.users[above].manager - 1
		}
		if above >= 0 && o.users[above].id == u.id && !u.disabled && level <= o.depth && (least == 0 || level < least) {
			least = level
		}
	}
	return least
}

// manages tells whether a manager has the right on what belongs to a principal.
func (o *organisation) manages(u user, right access.Right, principal id.ID) bool {
	level := o.levels(u, principal)
	return level > 0 && right == access.Read || level == 1 && right == access.Write
}

// may tells whether the user may use the right on the lead.
func (o *organisation) may(u user, right access.Right, l lead) bool {
	if o.reaches(u, right, l.owner, l.unit) {
		return true
	}
	if len(o.holdings(u, right)) == 0 {
		return false // a share widens a privilege and is none
	}
	if o.manages(u, right, l.owner) {
		return true
	}
	for with, mask := range l.shares {
		if mask&right != 0 && right == access.Read && o.manages(u, right, with) {
			return true
		}
		if mask&right != 0 && (with == u.id || slices.ContainsFunc(u.teams, func(t int) bool { return o.teams[t].id == with })) {
			return true
		}
	}
	return false
}

// rows lists the organisation as records, parents first.
func (o *organisation) rows() (out []entry) {
	add := func(table string, row record.Row) { out = append(out, entry{table, row}) }
	if o.depth > 0 {
		add("organization", record.Row{"name": "o", "ishierarchicalsecuritymodelenabled": true, "maxdepthforhierarchicalsecuritymodel": int64(o.depth)})
	}
	for i, u := range o.units {
		row := record.Row{"businessunitid": u.id, "name": fmt.Sprint("unit ", i)}
		if u.parent >= 0 {
			row["parentbusinessunitid"] = o.units[u.parent].id
		}
		add("businessunit", row)
	}
	for i, r := range o.roles {
		add("role", record.Row{"roleid": r.id, "name": fmt.Sprint("role ", i)})
		for right, depth := range r.depth {
			if depth != access.None {
				add("roleprivileges", record.Row{"roleid": r.id, "rpt_table": "lead", "accessright": int64(right), "privilegedepthmask": int64(depth)})
			}
		}
	}
	for i, t := range o.teams {
		add("team", record.Row{"teamid": t.id, "name": fmt.Sprint("team ", i), "businessunitid": o.units[t.unit].id})
		for _, r := range t.roles {
			add("teamroles", record.Row{"teamid": t.id, "roleid": o.roles[r].id})
		}
	}
	for i, u := range o.users {
		row := record.Row{"systemuserid": u.id, "fullname": fmt.Sprint("user ", i), "domainname": fmt.Sprint("user", i), "businessunitid": o.units[u.unit].id}
		if u.disabled {
			row["isdisabled"] = true
		} else if i%2 == 0 {
			row["isdisabled"] = false // as good as empty
		}
		if u.manager > 0 {
			row["parentsystemuserid"] = o.users[u.manager-1].id
		}
		add("systemuser", row)
		for _, r := range u.roles {
			add("systemuserroles", record.Row{"systemuserid": u.id, "roleid": o.roles[r].id})
		}
		for _, t := range u.teams {
			add("teammembership", record.Row{"systemuserid": u.id, "teamid": o.teams[t].id})
		}
	}
	for i, l := range o.leads {
		add("lead", record.Row{"leadid": l.id, "lastname": fmt.Sprint("lead ", i), "ownerid": l.owner, "owneridtype": map[bool]string{true: "team", false: "systemuser"}[l.team]})
		for with, mask := range l.shares {
			add("principalobjectaccess", record.Row{"objectid": l.id, "objecttypecode": "lead", "principalid": with, "principaltypecode": "systemuser", "accessrightsmask": int64(mask)})
		}
	}
	return out
}

type entry struct {
	table string
	row   record.Row
}
