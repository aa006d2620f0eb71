package access

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Watched lists the tables whose change makes the snapshot old.
func Watched() []string {
	return []string{"systemuser", "businessunit", "team", "teammembership", "role", "roleprivileges", "systemuserroles", "teamroles", "principalobjectaccess",
		"fieldpermission", "systemuserprofiles", "teamprofiles", "organization", "mspp_webrole", "mspp_entitypermission", "mspp_entitypermission_webrole"}
}

// Snapshot is all that decisions need, in memory. It never changes once made.
type Snapshot struct {
	users   map[id.ID]*user
	below   map[id.ID][]id.ID // business unit → itself and all units below it
	unitOf  map[id.ID]id.ID   // user or team → business unit
	shared  map[string]bool   // tables that have shares at all
	members map[id.ID][]id.ID // team → users
	reports map[id.ID][]id.ID // user → those whose manager it is
	fiscal  query.Fiscal
	holds   map[id.ID]map[privilege]Depth // role → what it gives

	permissions map[id.ID]*permission
	webroles    map[id.ID][]*permission // web role → its permissions
	everyMember []id.ID                 // web roles of every member
}

// user is a principal's privileges, worked out.
type user struct {
	name    string
	unit    id.ID
	manager id.ID
	zone    *time.Location // nil: UTC
	lang    string
	teams   []id.ID
	roles   []string
	given   []given
	grants  map[privilege]*grant
	columns map[column]columnRights // secured ones that profiles give
	direct  []id.ID                 // whose manager the user is, with their teams
	reports []id.ID                 // direct, and whoever reports to them
}

// given is a role as a user holds it: where from, and, unless it is the user's own, by which team.
type given struct {
	role id.ID
	name string
	unit id.ID
	team id.ID
}

type privilege struct {
	table string
	right Right
}

// grant is where a privilege reaches: everything, these units, own rows.
type grant struct {
	global bool
	own    bool
	units  map[id.ID]bool
	depth  Depth // the widest
}

// Load reads the snapshot from the database.
func Load(ctx context.Context, db *sqldb.DB) (*Snapshot, error) {
	l := loader{ctx: ctx, db: db, s: &Snapshot{users: map[id.ID]*user{}, below: map[id.ID][]id.ID{}, unitOf: map[id.ID]id.ID{}, shared: map[string]bool{}, members: map[id.ID][]id.ID{}, reports: map[id.ID][]id.ID{}, holds: map[id.ID]map[privilege]Depth{}}}
	l.units()
	l.people()
	l.grants()
	l.shares()
	l.calendar()
	l.columns()
	l.hierarchy()
	l.members()
	if l.err != nil {
		return nil, l.err
	}
	return l.s, nil
}

type loader struct {
	ctx context.Context
	db  *sqldb.DB
	s   *Snapshot
	err error
}

// each runs a query whose columns are ids, texts and numbers, in that order as want says.
func (l *loader) each(text string, want []query.Kind, f func(v []any)) {
	if l.err != nil {
		return
	}
	rows, err := l.db.Query(l.ctx, text)
	if err != nil {
		l.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows, l.db.Dialect(), want)
		if err != nil {
			l.err = err
			return
		}
		f(v)
	}
	l.err = rows.Err()
}

func scan(rows *sqldb.Rows, d sqldb.Dialect, want []query.Kind) ([]any, error) {
	raw, into := make([]any, len(want)), make([]any, len(want))
	for i := range raw {
		into[i] = &raw[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, k := range want {
		v, err := query.Decode(d, k, 0, raw[i])
		if err != nil {
			return nil, err
		}
		raw[i] = v
	}
	return raw, nil
}

func ident(v any) id.ID { x, _ := v.(id.ID); return x }

func (l *loader) units() {
	parent := map[id.ID]id.ID{}
	l.each("SELECT businessunitid, parentbusinessunitid FROM businessunit", []query.Kind{query.ID, query.ID}, func(v []any) {
		parent[ident(v[0])] = ident(v[1])
	})
	for unit := range parent {
		// Walk up from each unit; a loop in bad data ends at the first repetition.
		seen := map[id.ID]bool{}
		for u := unit; u != id.Nil && !seen[u]; u = parent[u] {
			seen[u] = true
			l.s.below[u] = append(l.s.below[u], unit)
		}
	}
}

func (l *loader) people() {
	zones := map[string]*time.Location{}
	l.each("SELECT systemuserid, businessunitid, fullname, parentsystemuserid, rpt_language, rpt_timezone FROM systemuser WHERE isdisabled IS NULL OR isdisabled = "+l.no(), []query.Kind{query.ID, query.ID, query.Text, query.ID, query.Text, query.Text}, func(v []any) {
		name, _ := v[2].(string)
		lang, _ := v[4].(string)
		zone, _ := v[5].(string)
		if _, known := zones[zone]; !known && zone != "" {
			zones[zone], _ = time.LoadLocation(zone) // one that is not known counts as UTC
		}
		l.s.users[ident(v[0])] = &user{name: name, unit: ident(v[1]), manager: ident(v[3]), lang: lang, zone: zones[zone], grants: map[privilege]*grant{}, columns: map[column]columnRights{}}
		l.s.unitOf[ident(v[0])] = ident(v[1])
	})
	l.each("SELECT teamid, businessunitid FROM team", []query.Kind{query.ID, query.ID}, func(v []any) {
		l.s.unitOf[ident(v[0])] = ident(v[1])
	})
	l.each("SELECT systemuserid, teamid FROM teammembership", []query.Kind{query.ID, query.ID}, func(v []any) {
		if u := l.s.users[ident(v[0])]; u != nil {
			u.teams = append(u.teams, ident(v[1]))
			l.s.members[ident(v[1])] = append(l.s.members[ident(v[1])], ident(v[0]))
		}
	})
}

// no is the literal of false, which the databases write differently.
func (l *loader) no() string {
	if l.db.Dialect() == sqldb.Postgres {
		return "false"
	}
	return "0"
}

// yes is the literal of true.
func (l *loader) yes() string {
	if l.db.Dialect() == sqldb.Postgres {
		return "true"
	}
	return "1"
}

func (l *loader) grants() {
	names := map[id.ID]string{}
	l.each("SELECT roleid, name FROM role", []query.Kind{query.ID, query.Text}, func(v []any) {
		names[ident(v[0])], _ = v[1].(string)
	})
	l.each("SELECT roleid, rpt_table, accessright, privilegedepthmask FROM roleprivileges", []query.Kind{query.ID, query.Text, query.Int, query.Int}, func(v []any) {
		table, _ := v[1].(string)
		right, _ := v[2].(int64)
		depth, _ := v[3].(int64)
		role := ident(v[0])
		if l.s.holds[role] == nil {
			l.s.holds[role] = map[privilege]Depth{}
		}
		p := privilege{table, Right(right)}
		l.s.holds[role][p] = max(l.s.holds[role][p], Depth(depth))
	})
	give := func(to *user, role, unit, team id.ID) {
		to.roles = append(to.roles, names[role])
		to.given = append(to.given, given{role, names[role], unit, team})
		for p, depth := range l.s.holds[role] {
			l.s.add(to, p, depth, unit)
		}
	}
	l.each("SELECT systemuserid, roleid FROM systemuserroles", []query.Kind{query.ID, query.ID}, func(v []any) {
		if u := l.s.users[ident(v[0])]; u != nil {
			give(u, ident(v[1]), u.unit, id.Nil)
		}
	})
	// A team's role reaches from the team's unit; members hold it as their own.
	l.each("SELECT teamid, roleid FROM teamroles", []query.Kind{query.ID, query.ID}, func(v []any) {
		team := ident(v[0])
		for _, m := range l.s.members[team] {
			give(l.s.users[m], ident(v[1]), l.s.unitOf[team], team)
		}
	})
}

func (s *Snapshot) add(to *user, p privilege, depth Depth, unit id.ID) {
	g := to.grants[p]
	if g == nil {
		g = &grant{units: map[id.ID]bool{}}
		to.grants[p] = g
	}
	g.depth = max(g.depth, depth)
	switch depth {
	case Global:
		g.global = true
	case Deep:
		for _, u := range s.below[unit] {
			g.units[u] = true
		}
		g.own = true
	case Local:
		g.units[unit] = true
		g.own = true
	case Basic:
		g.own = true
	}
}

func (l *loader) shares() {
	l.each("SELECT DISTINCT objecttypecode FROM principalobjectaccess", []query.Kind{query.Text}, func(v []any) {
		if t, ok := v[0].(string); ok {
			l.s.shared[t] = true
		}
	})
}
