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

	companies []id.ID
	members   []member
	permits   []permit
	profiles  []profile
}

// member is a contact at the portal.
type member struct {
	id      id.ID
	company int  // one more than the index; 0 for none
	role    bool // has the web role that not all have
}

// permit is a table permission on leads.
type permit struct {
	id     id.ID
	reach  access.Reach
	lookup string
	rights access.Right
	narrow bool // of the web role that not all have
	titled bool // lists only some columns
}

// profile gives rights on the secured column of dossiers to some.
type profile struct {
	id                   id.ID
	read, create, update bool
	users, teams         []int
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
	id     id.ID
	unit   int
	access bool // an access team: it has no roles and owns nothing, rows are shared with it
	roles  []int
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

	customer id.ID // a member, a company, or nobody
	company  bool
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
		t := team{id: id.New(), unit: someUnit(), access: rapid.IntRange(0, 2).Draw(t, "access team") == 0, roles: some(len(o.roles), "team's role")}
		if t.access {
			t.roles = nil
		}
		o.teams = append(o.teams, t)
	}
	o.depth = rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "hierarchy")
	for i := range rapid.IntRange(1, 5*size).Draw(t, "users") {
		o.users = append(o.users, user{id: id.New(), unit: someUnit(), manager: rapid.IntRange(0, i).Draw(t, "manager"), disabled: rapid.IntRange(0, 9).Draw(t, "disabled") == 0,
			roles: some(len(o.roles), "role"), teams: some(len(o.teams), "member")})
	}
	o.drawMembers(t)
	for range rapid.IntRange(0, 3).Draw(t, "profiles") {
		o.profiles = append(o.profiles, profile{id: id.New(), read: rapid.Bool().Draw(t, "reads"), create: rapid.Bool().Draw(t, "creates"), update: rapid.Bool().Draw(t, "updates"),
			users: some(len(o.users), "profile of user"), teams: some(len(o.teams), "profile of team")})
	}
	for range rapid.IntRange(1, 8*size).Draw(t, "leads") {
		o.leads = append(o.leads, o.drawLead(t))
	}
	return o
}

// size makes the organisations larger where there is time.
var size = 1

func (o *organisation) drawMembers(t *rapid.T) {
	for range rapid.IntRange(0, 2).Draw(t, "companies") {
		o.companies = append(o.companies, id.New())
	}
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		o.members = append(o.members, member{id: id.New(), company: rapid.IntRange(0, len(o.companies)).Draw(t, "company"), role: rapid.Bool().Draw(t, "web role")})
	}
	for range rapid.IntRange(0, 4).Draw(t, "permissions") {
		o.permits = append(o.permits, permit{id: id.New(), narrow: rapid.Bool().Draw(t, "of the web role"), titled: rapid.Bool().Draw(t, "some columns"),
			reach:  rapid.SampledFrom([]access.Reach{access.ReachGlobal, access.ReachContact, access.ReachContact, access.ReachAccount, access.ReachAccount, access.ReachSelf}).Draw(t, "reach"),
			lookup: rapid.SampledFrom([]string{"customerid", "customerid", "customerid", "parentcontactid", ""}).Draw(t, "lookup"),
			rights: rapid.SampledFrom([]access.Right{access.Read, access.Read | access.Write, access.Delete, access.Read | access.Delete | access.Write}).Draw(t, "rights")})
	}
}

func (o *organisation) drawLead(t *rapid.T) lead {
	l := lead{id: id.New(), shares: map[id.ID]access.Right{}}
	for l.owner, l.team, l.unit = o.drawOwner(t); o.isAccessTeam(l.owner); {
		l.owner, l.team, l.unit = o.drawOwner(t)
	}
	switch n := rapid.IntRange(0, len(o.members)+len(o.companies)).Draw(t, "customer"); {
	case n == 0:
	case n <= len(o.members):
		l.customer = o.members[n-1].id
	default:
		l.customer, l.company = o.companies[n-1-len(o.members)], true
	}
	for range rapid.IntRange(0, 2).Draw(t, "shares") {
		with, _, _ := o.drawOwner(t)
		l.shares[with] = rapid.SampledFrom([]access.Right{access.Read, access.Read | access.Write, access.Delete, access.Read | access.Delete | access.Assign | access.Write}).Draw(t, "mask")
	}
	return l
}

func (o *organisation) isAccessTeam(key id.ID) bool {
	return slices.ContainsFunc(o.teams, func(t team) bool { return t.id == key && t.access })
}

// memberMay tells whether a member of the portal may use the right on the lead.
func (o *organisation) memberMay(m member, right access.Right, l lead) bool {
	for _, p := range o.permits {
		if p.rights&right == 0 || p.narrow && !m.role {
			continue
		}
		switch p.reach {
		case access.ReachGlobal:
			return true
		case access.ReachContact:
			if p.lookup == "customerid" && l.customer == m.id {
				return true
			}
		case access.ReachAccount:
			if p.lookup == "customerid" && m.company > 0 && l.customer == o.companies[m.company-1] {
				return true
			}
		}
	}
	return false
}

// memberHas tells whether a member has any permission for the right at all.
func (o *organisation) memberHas(m member, right access.Right) bool {
	return slices.ContainsFunc(o.permits, func(p permit) bool { return p.rights&right != 0 && (!p.narrow || m.role) })
}

// memberSees tells whether a member sees the column subject of the leads that it
// reads: where a permission lists some columns, that is not among them.
func (o *organisation) memberSees(m member) bool {
	return o.memberHas(m, access.Read) && !slices.ContainsFunc(o.permits, func(p permit) bool { return p.titled && p.rights&access.Read != 0 && (!p.narrow || m.role) })
}

// secret tells what a user may do with the secured column of dossiers.
func (o *organisation) secret(n int) (read, create, update bool) {
	for _, p := range o.profiles {
		if slices.Contains(p.users, n) || slices.ContainsFunc(p.teams, func(t int) bool { return slices.Contains(o.users[n].teams, t) }) {
			read, create, update = read || p.read, create || p.create, update || p.update
		}
	}
	return read, create, update
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
		add("team", record.Row{"teamid": t.id, "name": fmt.Sprint("team ", i), "businessunitid": o.units[t.unit].id, "teamtype": map[bool]int64{true: 1}[t.access]})
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
	o.memberRows(add)
	for i, l := range o.leads {
		row := record.Row{"leadid": l.id, "lastname": fmt.Sprint("lead ", i), "subject": "subject", "ownerid": l.owner, "owneridtype": map[bool]string{true: "team", false: "systemuser"}[l.team]}
		if l.customer != id.Nil {
			row["customerid"], row["customeridtype"] = l.customer, map[bool]string{true: "account", false: "contact"}[l.company]
		}
		add("lead", row)
		for with, mask := range l.shares {
			add("principalobjectaccess", record.Row{"objectid": l.id, "objecttypecode": "lead", "principalid": with, "principaltypecode": "systemuser", "accessrightsmask": int64(mask)})
		}
	}
	return out
}

// memberRows lists companies, members, web roles, permissions and profiles.
func (o *organisation) memberRows(add func(table string, row record.Row)) {
	first := o.users[0].id
	for i, c := range o.companies {
		add("account", record.Row{"accountid": c, "name": fmt.Sprint("company ", i), "ownerid": first, "owneridtype": "systemuser"})
	}
	for i, m := range o.members {
		row := record.Row{"contactid": m.id, "lastname": fmt.Sprint("member ", i), "ownerid": first, "owneridtype": "systemuser"}
		if m.company > 0 {
			row["parentcustomerid"], row["parentcustomeridtype"] = o.companies[m.company-1], "account"
		}
		add("contact", row)
	}
	add("mspp_webrole", record.Row{"mspp_webroleid": everyRole, "mspp_name": "all members", "mspp_authenticatedusersrole": true})
	add("mspp_webrole", record.Row{"mspp_webroleid": someRole, "mspp_name": "some members"})
	for _, p := range o.permits {
		columns := "*"
		if p.titled {
			columns = "lastname,firstname, customerid,createdon"
		}
		add("mspp_entitypermission", record.Row{"mspp_entitypermissionid": p.id, "mspp_entityname": "p", "mspp_entitylogicalname": "lead", "mspp_scope": int64(p.reach), "rpt_lookup": p.lookup, "rpt_columns": columns,
			"mspp_read": p.rights&access.Read != 0, "mspp_write": p.rights&access.Write != 0, "mspp_delete": p.rights&access.Delete != 0})
	}
	for i, p := range o.profiles {
		add("fieldsecurityprofile", record.Row{"fieldsecurityprofileid": p.id, "name": fmt.Sprint("profile ", i)})
		add("fieldpermission", record.Row{"fieldsecurityprofileid": p.id, "entityname": dossier, "attributelogicalname": fixtureSecret,
			"canread": given(p.read), "cancreate": given(p.create), "canupdate": given(p.update)})
	}
}

func given(yes bool) int64 {
	if yes {
		return 4
	}
	return 0
}

// pairs lists what is associated rather than created: relation, from, to.
func (o *organisation) pairs() (out []pair) {
	for _, p := range o.permits {
		role := everyRole
		if p.narrow {
			role = someRole
		}
		out = append(out, pair{"mspp_webrole", role, "mspp_entitypermission_webrole", p.id})
	}
	for _, p := range o.profiles {
		for _, n := range p.users {
			out = append(out, pair{"systemuser", o.users[n].id, "systemuserprofiles_association", p.id})
		}
		for _, n := range p.teams {
			out = append(out, pair{"team", o.teams[n].id, "teamprofiles_association", p.id})
		}
	}
	return out
}

type pair struct {
	table    string
	key      id.ID
	relation string
	other    id.ID
}

var everyRole, someRole = id.Derive("web role", "all"), id.Derive("web role", "some")

type entry struct {
	table string
	row   record.Row
}
