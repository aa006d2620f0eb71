package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// MembersInput names users.
type MembersInput struct {
	Members []action.Ref `json:"Members" type:"systemuser" doc:"Users"`
}

func (s *Service) defineTeams(r *action.Registry) {
	action.Define(r, action.Spec{Name: "AddMembersTeam", Table: "team", Effect: action.DB, Right: access.Write, Description: "Puts users into a team; those who are in it already stay."},
		func(ctx context.Context, c action.Call, in MembersInput) (action.Empty, error) {
			return action.Empty{}, s.members(ctx, c, in, func(ctx context.Context, there record.Row, user id.ID) error {
				if there != nil {
					return nil
				}
				_, err := c.Tx.Create(ctx, "teammembership", record.Row{"teamid": c.Target, "systemuserid": user})
				return err
			})
		})
	action.Define(r, action.Spec{Name: "RemoveMembersTeam", Table: "team", Effect: action.DB, Right: access.Write, Description: "Takes users out of a team."},
		func(ctx context.Context, c action.Call, in MembersInput) (action.Empty, error) {
			return action.Empty{}, s.members(ctx, c, in, func(ctx context.Context, there record.Row, _ id.ID) error {
				if there == nil {
					return nil
				}
				return c.Tx.Delete(ctx, "teammembership", there.ID("teammembershipid"), record.Match{})
			})
		})
}

// members does something for each user, with the membership that is there. It
// takes the right to change the team, and all that its roles give.
func (s *Service) members(ctx context.Context, c action.Call, in MembersInput, do func(ctx context.Context, there record.Row, user id.ID) error) error {
	if _, err := c.Tx.Demand(ctx, "team", c.Target, access.Write); err != nil {
		return err
	}
	if err := s.guardTeam(ctx, c.Tx, c.Target); err != nil {
		return err
	}
	ctx = access.Elevate(ctx, "members of a team")
	for _, user := range in.Members {
		page, err := c.Tx.Find(ctx, query.Query{Table: "teammembership", Limit: 1, Where: query.And{
			query.Compare{Left: query.Path{"teamid"}, Value: c.Target}, query.Compare{Left: query.Path{"systemuserid"}, Value: user.ID}}})
		if err != nil {
			return err
		}
		var there record.Row
		if len(page.Rows) > 0 {
			there = page.Rows[0]
		}
		if err := do(ctx, there, user.ID); err != nil {
			return err
		}
	}
	return nil
}
