package query

import (
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// shareTable holds the shares of records: objectid, principalid, accessrightsmask.
const shareTable = "principalobjectaccess"

// guardNode asks the guard for a table's condition and checks it, as names in
// it must be as safe as everybody else's. Its lists may be long: they are ours.
func (r *renderer) guardNode(t *Table) (Node, error) {
	if r.guard == nil || r.inGuard {
		return nil, nil
	}
	n, err := r.guard(t.Name)
	if n == nil || err != nil {
		return nil, err
	}
	return CheckNode(r.schema, t.Name, n, Limits{In: 1 << 20})
}

// guarded renders the guard of a table as one condition; "" where all is seen.
func (r *renderer) guarded(t *Table, alias string) (string, error) {
	n, err := r.guardNode(t)
	if err != nil {
		return "", err
	}
	return r.guardedBy(t, alias, n)
}

// guardedBy renders a guard's condition; nil is none.
func (r *renderer) guardedBy(t *Table, alias string, n Node) (string, error) {
	if n == nil {
		return "", nil
	}
	return r.ungated(func() (string, error) { return r.node(t, alias, n, false) })
}

// ungated renders a part of a guard: the tables in it are not guarded again.
func (r *renderer) ungated(f func() (string, error)) (string, error) {
	r.inGuard = true
	defer func() { r.inGuard = false }()
	return f()
}

// visible renders the guard of the main table as disjoint branches. Somebody
// who sees whole business units meets enough rows in sort order: one branch,
// an OR. Somebody who sees only what is owned or shared would walk most of the
// table to find them: a branch for each, by the index on owner or share.
func (r *renderer) visible(t *Table, alias string) ([]string, error) {
	n, err := r.guardNode(t)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return []string{""}, nil
	}
	rest, arms := splitArms(n)
	if arms == nil || len(arms.Units) > 0 || len(arms.Owners) == 0 || len(arms.SharedWith) == 0 {
		sql, err := r.ungated(func() (string, error) { return r.node(t, alias, n, false) })
		return []string{sql}, err
	}
	also, err := r.ungated(func() (string, error) { return r.where(t, alias, rest) })
	if err != nil {
		return nil, err
	}
	owned := r.memberIDs(r.ref(alias, "ownerid"), arms.Owners)
	shared := r.shared(t, alias, *arms) + " AND (" + owned + ") IS NOT TRUE"
	return []string{conj(owned, also), conj(shared, also)}, nil
}

// splitArms takes the arms out of a guard that is arms, or arms and more.
func splitArms(n Node) (rest Node, arms *Arms) {
	switch n := n.(type) {
	case Arms:
		return nil, &n
	case And:
		var others And
		for _, part := range n {
			if a, ok := part.(Arms); ok && arms == nil {
				arms = &a
				continue
			}
			others = append(others, part)
		}
		if arms != nil && len(others) > 0 {
			return others, arms
		}
		return nil, arms
	}
	return nil, nil
}

// arms renders the arms as one OR.
func (r *renderer) arms(t *Table, alias string, a Arms) (string, error) {
	var parts []string
	if len(a.Units) > 0 {
		unit := r.ref(alias, "owningbusinessunit")
		if r.walks && r.dialect == sqldb.SQLite {
			// SQLite does not weigh that few rows are wanted: by an index on units it
			// would fetch and sort all rows of a unit rather than walk in sort order.
			// The sign keeps this term from its indexes; counts want them.
			unit = "+" + unit
		}
		parts = append(parts, r.memberIDs(unit, a.Units))
	}
	if len(a.Owners) > 0 {
		parts = append(parts, r.memberIDs(r.ref(alias, "ownerid"), a.Owners))
	}
	if len(a.SharedWith) > 0 {
		parts = append(parts, r.shared(t, alias, a))
	}
	switch len(parts) {
	case 0:
		return never, nil
	case 1:
		return parts[0], nil
	}
	out := "(" + parts[0]
	for _, p := range parts[1:] {
		out += " OR " + p
	}
	return out + ")", nil
}

func (r *renderer) shared(t *Table, alias string, a Arms) string {
	s := r.alias()
	return r.ref(alias, t.PrimaryID) + " IN (SELECT " + r.ref(s, "objectid") + " FROM " + r.dialect.Quote(shareTable) + " " + s +
		" WHERE " + r.memberIDs(r.ref(s, "principalid"), a.SharedWith) +
		" AND (" + r.ref(s, "accessrightsmask") + " & " + strconv.FormatInt(a.Right, 10) + ") <> 0)"
}
