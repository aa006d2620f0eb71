package access

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// column is a secured column of a table.
type column struct{ table, name string }

// columnRights are what profiles allow on a secured column.
type columnRights struct{ read, create, update bool }

// allowed is the value of a permission of a column that is given.
const allowed = 4

// columnRights gives what the context's principal may do with a secured column.
func (c *Control) columnRights(ctx context.Context, table, name string) columnRights {
	p := From(ctx)
	if p.Kind == System {
		return columnRights{true, true, true}
	}
	users := c.Current().users
	u := users[p.ID]
	if p.Kind != User || u == nil {
		return columnRights{}
	}
	r := u.columnRights(table, name)
	if p.Delegate != id.Nil {
		by := users[p.Delegate]
		if by == nil {
			return columnRights{}
		}
		o := by.columnRights(table, name)
		r = columnRights{r.read && o.read, r.create && o.create, r.update && o.update}
	}
	return r
}

func (u *user) columnRights(table, name string) columnRights {
	if u.held(AllColumns, General) != nil {
		return columnRights{true, true, true}
	}
	return u.columns[column{table, name}]
}

// Hidden gives the test whether a column is kept from the context's principal.
// It is nil, and costs nothing, where nothing is kept from it. With Listed it
// is asked of every column, not only of secured ones.
func (c *Control) Hidden(ctx context.Context) func(table, column string) bool {
	p := From(ctx)
	u := c.Current().users[p.ID]
	if p.Kind == System || u != nil && p.Delegate == id.Nil && u.held(AllColumns, General) != nil {
		return nil
	}
	if p.Kind == Member {
		return func(table, name string) bool { return !c.memberColumn(p, table, name, Read) }
	}
	return func(table, name string) bool { return !c.columnRights(ctx, table, name).read }
}

// AllowColumns refuses values of secured columns that the context's principal
// may not give, at creation or at a change.
func (c *Control) AllowColumns(ctx context.Context, t *metadata.Table, given map[string]any, create bool) error {
	if p := From(ctx); p.Kind == Member {
		right := Write
		if create {
			right = Create
		}
		return c.allowMember(p, t, given, right)
	}
	if !t.HasSecured() {
		return nil
	}
	for name := range given {
		col, ok := t.Column(name)
		if !ok || !col.Secured {
			continue
		}
		if r := c.columnRights(ctx, t.Name, name); create && !r.create || !create && !r.update {
			e := errs.New(errs.Forbidden, "access.column", "column %s is secured and none of your profiles lets you set it", name)
			e.Fields = []errs.Field{{Name: name, Code: "secured", Message: "this column is secured"}}
			return e
		}
	}
	return nil
}

// columns reads what profiles give to users, by themselves and by their teams.
func (l *loader) columns() {
	type permission struct {
		column
		columnRights
	}
	given := map[id.ID][]permission{}
	l.each("SELECT fieldsecurityprofileid, entityname, attributelogicalname, canread, cancreate, canupdate FROM fieldpermission",
		[]query.Kind{query.ID, query.Text, query.Text, query.Int, query.Int, query.Int}, func(v []any) {
			table, _ := v[1].(string)
			name, _ := v[2].(string)
			is := func(i int) bool { return v[i] == int64(allowed) }
			given[ident(v[0])] = append(given[ident(v[0])], permission{column{table, name}, columnRights{is(3), is(4), is(5)}})
		})
	give := func(to, profile id.ID) {
		u := l.s.users[to]
		if u == nil {
			return
		}
		for _, p := range given[profile] {
			r := u.columns[p.column]
			u.columns[p.column] = columnRights{r.read || p.read, r.create || p.create, r.update || p.update}
		}
	}
	l.each("SELECT systemuserid, fieldsecurityprofileid FROM systemuserprofiles", []query.Kind{query.ID, query.ID}, func(v []any) {
		give(ident(v[0]), ident(v[1]))
	})
	l.each("SELECT teamid, fieldsecurityprofileid FROM teamprofiles", []query.Kind{query.ID, query.ID}, func(v []any) {
		for _, member := range l.s.members[ident(v[0])] {
			give(member, ident(v[1]))
		}
	})
}

// Listed tells whether the context's principal sees only the columns that are
// listed for it, whether they are secured or not.
func (c *Control) Listed(ctx context.Context) bool { return From(ctx).Kind == Member }
