package access

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// hierarchyDepth is how many levels down a manager sees, unless the organisation says otherwise.
const hierarchyDepth = 3

// hierarchy works out who reports to whom, if the organisation wants managers to
// see the work of their people: by the manager named with each user. As in
// Dataverse a manager sees only people of the own business unit and those below.
func (l *loader) hierarchy() {
	on, depth := false, int64(hierarchyDepth)
	l.each("SELECT ishierarchicalsecuritymodelenabled, maxdepthforhierarchicalsecuritymodel FROM organization", []query.Kind{query.Bool, query.Int}, func(v []any) {
		if yes, _ := v[0].(bool); yes {
			on = true
		}
		if n, ok := v[1].(int64); ok && n > 0 {
			depth = min(n, 100)
		}
	})
	if !on || l.err != nil {
		return
	}
	for who, u := range l.s.users {
		seen := map[id.ID]bool{who: true}
		above := u.manager
		for level := int64(1); level <= depth && above != id.Nil && !seen[above]; level++ {
			seen[above] = true
			m := l.s.users[above]
			if m == nil {
				break
			}
			if slices.Contains(l.s.below[m.unit], u.unit) {
				people := append([]id.ID{who}, u.teams...)
				m.reports = append(m.reports, people...)
				if level == 1 {
					m.direct = append(m.direct, people...)
				}
			}
			above = m.manager
		}
	}
	for _, u := range l.s.users {
		u.direct, u.reports = sorted(u.direct), sorted(u.reports)
	}
}

func sorted(ids []id.ID) []id.ID {
	slices.SortFunc(ids, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// managed lists those whose records the user may use as a manager: all reports'
// for reading, the direct ones' for changing and linking as well.
func (u *user) managed(right Right) []id.ID {
	switch right {
	case Read:
		return u.reports
	case Write, Append, AppendTo:
		return u.direct
	}
	return nil
}

// managedBy is managed for a principal: who acts on a manager's behalf does not
// manage the manager's people.
func (u *user) managedBy(p Principal, right Right) []id.ID {
	if p.Kind != User || p.Delegate != id.Nil {
		return nil
	}
	return u.managed(right)
}
