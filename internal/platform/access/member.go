package access

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// A member is a contact who signs in at the portal. It has no business unit and
// owns nothing: what it reaches follows from how rows stand to it, as the table
// permissions of its web roles say, which carry the names that Power Pages gives
// them. Permissions add up. The columns are those that all permissions for the
// right on the table list; so a wide permission for few columns narrows a narrow
// one for all, and never the other way round.

// Membership is what is known of a member besides who it is. It is read when
// the member shows its session, so that changes hold with the next request.
type Membership struct {
	Account id.ID // the contact's company; Nil if it has none
	Roles   []id.ID
}

// Reach is how far a table permission goes. The values are those of Power Pages.
type Reach int64

// The reaches.
const (
	ReachGlobal  Reach = 756150000 // every row
	ReachContact Reach = 756150001 // rows whose lookup leads to the member
	ReachAccount Reach = 756150002 // rows whose lookup leads to the member's company; of accounts the company itself
	ReachParent  Reach = 756150003 // rows whose lookup leads to a row that the parent permission reaches
	ReachSelf    Reach = 756150004 // the member's own contact
)

// permission is a table permission.
type permission struct {
	id      id.ID
	table   string
	reach   Reach
	lookup  string
	parent  id.ID
	rights  Right
	columns map[string]bool // nil: all
}

// parentsMost is how many permissions may hang below each other.
const parentsMost = 5

// members reads web roles and table permissions.
func (l *loader) members() {
	l.s.permissions, l.s.webroles = map[id.ID]*permission{}, map[id.ID][]*permission{}
	kinds := []query.Kind{query.ID, query.Text, query.Int, query.Text, query.ID, query.Text, query.Bool, query.Bool, query.Bool, query.Bool, query.Bool, query.Bool}
	l.each("SELECT mspp_entitypermissionid, mspp_entitylogicalname, mspp_scope, rpt_lookup, mspp_parententitypermission, rpt_columns, mspp_read, mspp_write, mspp_create, mspp_delete, mspp_append, mspp_appendto FROM mspp_entitypermission", kinds, func(v []any) {
		p := &permission{id: ident(v[0]), parent: ident(v[4])}
		p.table, _ = v[1].(string)
		p.lookup, _ = v[3].(string)
		if n, ok := v[2].(int64); ok {
			p.reach = Reach(n)
		}
		columns, _ := v[5].(string)
		if strings.TrimSpace(columns) != EveryTable {
			p.columns = map[string]bool{}
			for name := range strings.SplitSeq(columns, ",") {
				p.columns[strings.TrimSpace(name)] = true
			}
		}
		for i, right := range []Right{Read, Write, Create, Delete, Append, AppendTo} {
			if yes, _ := v[6+i].(bool); yes {
				p.rights |= right
			}
		}
		l.s.permissions[p.id] = p
	})
	l.each("SELECT mspp_webroleid FROM mspp_webrole WHERE mspp_authenticatedusersrole = "+l.yes(), []query.Kind{query.ID}, func(v []any) {
		l.s.everyMember = append(l.s.everyMember, ident(v[0]))
	})
	l.each("SELECT mspp_webroleid, mspp_entitypermissionid FROM mspp_entitypermission_webrole", []query.Kind{query.ID, query.ID}, func(v []any) {
		if p := l.s.permissions[ident(v[1])]; p != nil {
			l.s.webroles[ident(v[0])] = append(l.s.webroles[ident(v[0])], p)
		}
	})
}

// permitted lists the member's permissions for a right on a table.
func (s *Snapshot) permitted(p Principal, table string, right Right) (out []*permission) {
	if p.Kind != Member || p.Member == nil || right == General {
		return nil
	}
	add := func(roles []id.ID) {
		for _, role := range roles {
			for _, x := range s.webroles[role] {
				if x.table == table && x.rights&right != 0 && !slices.Contains(out, x) {
					out = append(out, x)
				}
			}
		}
	}
	add(s.everyMember)
	add(p.Member.Roles)
	return out
}

// memberGrant is grant for members. Only a permission for every row holds
// whatever the row; what the others reach stands in the rows.
func (s *Snapshot) memberGrant(p Principal, table string, right Right) (*grant, *user, error) {
	if p.Member == nil {
		return nil, nil, ErrSignIn
	}
	all := s.permitted(p, table, right)
	if len(all) == 0 {
		return nil, nil, errs.New(errs.Forbidden, "access.privilege", "your web roles have no permission for %s on %s", right, table)
	}
	g := &grant{depth: Basic}
	for _, x := range all {
		if x.reach == ReachGlobal {
			g.global, g.depth = true, Global
		}
	}
	return g, &user{}, nil
}

// memberRows gives the condition on the rows that a member reaches.
func (c *Control) memberRows(p Principal, table string, right Right) (query.Node, error) {
	s := c.Current()
	var any query.Or
	for _, x := range s.permitted(p, table, right) {
		n, every := c.reached(s, p, x, 0)
		if every {
			return nil, nil
		}
		if n != nil {
			any = append(any, n)
		}
	}
	switch len(any) {
	case 0:
		return query.Const(false), nil
	case 1:
		return any[0], nil
	}
	return any, nil
}

// reached gives the condition on the rows that one permission reaches; nil
// without every is none. A permission that is not put together properly reaches
// nothing.
func (c *Control) reached(s *Snapshot, p Principal, x *permission, level int) (n query.Node, every bool) {
	t, ok := c.Catalog().Table(x.table)
	if !ok || level > parentsMost {
		return nil, false
	}
	leads := func(to string, key id.ID) query.Node {
		col, ok := t.Column(x.lookup)
		if !ok || !col.IsLookup() || !slices.Contains(col.Targets, to) || key == id.Nil {
			return nil
		}
		is := query.Compare{Left: query.Path{x.lookup}, Value: key}
		if col.Polymorphic() {
			return query.And{is, query.Compare{Left: query.Path{metadata.TypeColumn(x.lookup)}, Value: to}}
		}
		return is
	}
	switch x.reach {
	case ReachGlobal:
		return nil, true
	case ReachSelf:
		if x.table == "contact" {
			return query.Compare{Left: query.Path{t.ID}, Value: p.ID}, false
		}
	case ReachContact:
		return leads("contact", p.ID), false
	case ReachAccount:
		if x.table == "account" && x.lookup == "" && p.Member.Account != id.Nil {
			return query.Compare{Left: query.Path{t.ID}, Value: p.Member.Account}, false
		}
		return leads("account", p.Member.Account), false
	case ReachParent:
		above := s.permissions[x.parent]
		if above == nil || above.rights&Read == 0 {
			return nil, false
		}
		col, ok := t.Column(x.lookup)
		pt, known := c.Catalog().Table(above.table)
		if !ok || !known || !col.IsLookup() || !slices.Contains(col.Targets, above.table) {
			return nil, false
		}
		where, all := c.reached(s, p, above, level+1)
		if where == nil && !all {
			return nil, false
		}
		return query.Linked{Table: above.table, From: pt.ID, To: x.lookup, Where: where}, false
	}
	return nil, false
}

// MemberMay tells whether a member may use the right on a row that is not in
// the database yet. exists asks whether there is a row of another table that
// meets a condition, past access control.
func (c *Control) MemberMay(ctx context.Context, t *metadata.Table, right Right, row map[string]any, exists func(table string, where query.Node) (bool, error)) (bool, error) {
	p, s := From(ctx), c.Current()
	for _, x := range s.permitted(p, t.Name, right) {
		n, every := c.reached(s, p, x, 0)
		if every {
			return true, nil
		}
		var ok bool
		var err error
		switch n := n.(type) {
		case nil:
		case query.Linked:
			key, _ := row[n.To].(id.ID)
			if key == id.Nil {
				continue
			}
			where := query.And{query.Compare{Left: query.Path{n.From}, Value: key}}
			if n.Where != nil {
				where = append(where, n.Where)
			}
			ok, err = exists(n.Table, where)
		default:
			ok, err = query.Match(c.Catalog(), t.Name, n, row)
		}
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// memberColumn tells whether a member may use a column. The id of a row and its
// version give nothing away.
func (c *Control) memberColumn(p Principal, table, name string, right Right) bool {
	t, ok := c.Catalog().Table(table)
	if !ok {
		return false
	}
	if name == t.ID || right == Read && name == "versionnumber" {
		return true
	}
	if base, is := strings.CutSuffix(name, metadata.TypeColumn("")); is {
		if col, ok := t.Column(base); ok && col.Polymorphic() {
			name = base // the type of a lookup goes with the lookup
		}
	}
	if col, ok := t.Column(name); ok && col.Secured {
		return false
	}
	all := c.Current().permitted(p, table, right)
	for _, x := range all {
		if x.columns != nil && !x.columns[name] {
			return false
		}
	}
	return len(all) > 0
}

// allowMember refuses values of columns that a member may not give. Rows that
// members make belong to the platform until somebody takes them.
func (c *Control) allowMember(p Principal, t *metadata.Table, given map[string]any, right Right) error {
	for name := range given {
		if _, ok := t.Column(name); !ok {
			continue // the type of a lookup goes with the lookup
		}
		if name == "ownerid" || !c.memberColumn(p, t.Name, name, right) {
			e := errs.New(errs.Forbidden, "access.column", "you can't set the column %s", name)
			e.Fields = []errs.Field{{Name: name, Code: "secured", Message: "this column is not yours to set"}}
			return e
		}
	}
	return nil
}

// Actor gives the user in whose name a write of the context's principal stands
// in the rows: of a member the platform, as it is no user. The change log names
// the member.
func Actor(ctx context.Context) id.ID {
	if p := From(ctx); p.Kind != Member {
		return p.ID
	}
	return SystemUser
}
