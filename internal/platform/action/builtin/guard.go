package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Guards gives the hooks by which nobody hands out more than he holds: neither
// by changing a role, nor by giving a role to a user or team, nor by putting a
// user into a team that has roles.
func (s *Service) Guards() []record.Hook {
	return []record.Hook{
		s.guard("roleprivileges", s.guardPrivilege),
		s.guard("systemuserroles", func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return s.guardRoles(ctx, tx, row.ID("roleid"))
		}),
		s.guard("teamroles", func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return s.guardRoles(ctx, tx, row.ID("roleid"))
		}),
		s.guard("teammembership", func(ctx context.Context, tx *record.Tx, row record.Row) error {
			return s.guardTeam(ctx, tx, row.ID("teamid"))
		}),
	}
}

// guard runs a check on rows as they will be.
func (s *Service) guard(table string, check func(ctx context.Context, tx *record.Tx, row record.Row) error) record.Hook {
	return record.Hook{Table: table,
		BeforeCreate: check,
		BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
			whole := record.Row{}
			for name, v := range old {
				whole[name] = v
			}
			for name, v := range change {
				whole[name] = v
			}
			return check(ctx, tx, whole)
		}}
}

func (s *Service) guardPrivilege(ctx context.Context, _ *record.Tx, row record.Row) error {
	return s.mayGive(ctx, []access.Privilege{privilegeOf(row)})
}

func privilegeOf(row record.Row) access.Privilege {
	return access.Privilege{Table: row.Text("rpt_table"), Right: access.Right(row.Int("accessright")), Depth: access.Depth(row.Int("privilegedepthmask"))}
}

func (s *Service) mayGive(ctx context.Context, given []access.Privilege) error {
	if p, over := s.o.Access.Exceeds(ctx, given); over {
		name := p.Table
		if p.Right != access.General {
			name = "prv" + p.Right.String() + " on " + p.Table
		}
		return errs.New(errs.Forbidden, "access.exceeds", "you can't give a privilege that you do not hold as far yourself: %s", name)
	}
	return nil
}

// guardRoles makes sure that whoever hands roles out holds all that they give.
func (s *Service) guardRoles(ctx context.Context, tx *record.Tx, roles ...id.ID) error {
	if access.From(ctx).Kind == access.System {
		return nil
	}
	for _, role := range roles {
		given, err := rolePrivileges(access.Elevate(ctx, "what a role gives"), tx, role)
		if err != nil {
			return err
		}
		if err := s.mayGive(ctx, given); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) guardTeam(ctx context.Context, tx *record.Tx, team id.ID) error {
	if access.From(ctx).Kind == access.System {
		return nil
	}
	page, err := tx.Find(access.Elevate(ctx, "roles of a team"), query.Query{Table: "teamroles", Select: []string{"roleid"}, Where: query.Compare{Left: query.Path{"teamid"}, Value: team}})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := s.guardRoles(ctx, tx, row.ID("roleid")); err != nil {
			return err
		}
	}
	return nil
}

// rolePrivileges reads what a role gives.
func rolePrivileges(ctx context.Context, from record.Reader, role id.ID) ([]access.Privilege, error) {
	var out []access.Privilege
	q := query.Query{Table: "roleprivileges", Select: []string{"rpt_table", "accessright", "privilegedepthmask"}, Where: query.Compare{Left: query.Path{"roleid"}, Value: role}}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out = append(out, privilegeOf(row))
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}
