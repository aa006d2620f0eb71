package builtin

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RecordTeamInput names a record and the template of its access team.
type RecordTeamInput struct {
	Record       action.Ref `json:"Record" doc:"The record that the team is about"`
	TeamTemplate action.Ref `json:"TeamTemplate" type:"teamtemplate" doc:"What the members of the team may do with it"`
}

// RecordTeam names the access team.
type RecordTeam struct {
	AccessTeamID id.ID `json:"AccessTeamId" doc:"The team; empty when it went with its last member"`
}

// accessTeam is the type of teams that own nothing and have no roles.
const accessTeam = int64(1)

func (s *Service) defineRecordTeams(r *action.Registry) {
	action.Define(r, action.Spec{Name: "AddUserToRecordTeam", Table: "systemuser", Effect: action.DB, Description: "Puts a user into the access team of a record, which is made by a template when its first member comes."}, s.addToRecordTeam)
	action.Define(r, action.Spec{Name: "RemoveUserFromRecordTeam", Table: "systemuser", Effect: action.DB, Description: "Takes a user out of the access team of a record, which goes with its last member."}, s.removeFromRecordTeam)
	action.Define(r, action.Spec{Name: "rpt_RetrieveRecordTeams", Function: true, Description: "The access teams that a record can have, one for each template of its table, with who is in them."}, s.recordTeams)
}

// recordTeam checks what both actions take: the right to share the record, a
// template for its table, and that the caller holds what the template gives. It
// gives the record, the rights of the template and the team, if there is one.
func (s *Service) recordTeam(ctx context.Context, c action.Call, in RecordTeamInput) (row record.Row, mask access.Right, team id.ID, err error) {
	table, ok := s.catalog().Table(in.Record.Table)
	if !ok || in.Record.ID == id.Nil || in.TeamTemplate.ID == id.Nil {
		return nil, 0, id.Nil, errs.New(errs.Invalid, "action.input", "Record and TeamTemplate are needed")
	}
	if !table.Owned() {
		return nil, 0, id.Nil, errs.New(errs.Invalid, "share.table", "rows of %s belong to the organisation: they can't be shared", table.Name)
	}
	if row, err = c.Tx.Demand(ctx, table.Name, in.Record.ID, access.Share); err != nil {
		return nil, 0, id.Nil, err
	}
	template, err := c.Tx.Get(access.Elevate(ctx, "template of an access team"), "teamtemplate", in.TeamTemplate.ID, nil, nil)
	if err != nil {
		return nil, 0, id.Nil, err
	}
	if template.Text("rpt_table") != table.Name {
		return nil, 0, id.Nil, errs.New(errs.Invalid, "teamtemplate.table", "the template is for records of %s, and not of %s", template.Text("rpt_table"), table.Name)
	}
	own, err := c.Tx.Rights(ctx, table.Name, in.Record.ID)
	if err != nil {
		return nil, 0, id.Nil, err
	}
	mask = access.Right(template.Int("defaultaccessrightsmask"))
	if mask&^own != 0 {
		return nil, 0, id.Nil, errs.New(errs.Forbidden, "share.exceeds", "the template gives rights on the record that you do not hold yourself")
	}
	page, err := c.Tx.Find(access.Elevate(ctx, "access team of a record"), query.Query{Table: "team", Select: []string{"teamid"}, Limit: 1, Where: query.Compare{Left: query.Path{"name"}, Value: recordTeamName(in)}})
	if err == nil && len(page.Rows) > 0 {
		team = page.Rows[0].ID("teamid")
	}
	return row, mask, team, err
}

// recordTeamName is unique to a record and a template, so that there are never two.
func recordTeamName(in RecordTeamInput) string {
	return in.Record.ID.String() + "+" + in.TeamTemplate.ID.String()
}

func (s *Service) addToRecordTeam(ctx context.Context, c action.Call, in RecordTeamInput) (RecordTeam, error) {
	row, mask, team, err := s.recordTeam(ctx, c, in)
	if err != nil {
		return RecordTeam{}, err
	}
	if !s.o.Access.Known(c.Target) {
		return RecordTeam{}, errs.New(errs.Invalid, "teamtemplate.user", "the user is unknown or disabled")
	}
	ctx = access.Elevate(ctx, "access team of a record")
	if team == id.Nil {
		made, err := c.Tx.Create(ctx, "team", record.Row{"name": recordTeamName(in), "teamtype": accessTeam, "businessunitid": row.ID("owningbusinessunit"), "teamtemplateid": in.TeamTemplate.ID,
			"systemmanaged": true, "regardingobjectid": in.Record.ID, "rpt_regardingtable": in.Record.Table})
		if err != nil {
			return RecordTeam{}, err
		}
		team = made.ID("teamid")
	}
	there, err := s.teamMembers(ctx, c, team, c.Target)
	if err != nil {
		return RecordTeam{}, err
	}
	if len(there) == 0 {
		if _, err := c.Tx.Create(ctx, "teammembership", record.Row{"teamid": team, "systemuserid": c.Target}); err != nil {
			return RecordTeam{}, err
		}
	}
	share := ShareInput{in.Record, PrincipalAccess{Mask(mask), action.Of("team", team)}}
	return RecordTeam{team}, s.writeShare(ctx, c.Tx, share, func(Mask) Mask { return Mask(mask) })
}

func (s *Service) removeFromRecordTeam(ctx context.Context, c action.Call, in RecordTeamInput) (RecordTeam, error) {
	_, _, team, err := s.recordTeam(ctx, c, in)
	if err != nil || team == id.Nil {
		return RecordTeam{}, err
	}
	ctx = access.Elevate(ctx, "access team of a record")
	there, err := s.teamMembers(ctx, c, team, c.Target)
	if err != nil {
		return RecordTeam{}, err
	}
	for _, m := range there {
		if err := c.Tx.Delete(ctx, "teammembership", m.ID("teammembershipid"), record.Match{}); err != nil {
			return RecordTeam{}, err
		}
	}
	left, err := s.teamMembers(ctx, c, team, id.Nil)
	if err != nil || len(left) > 0 {
		return RecordTeam{team}, err
	}
	share := ShareInput{in.Record, PrincipalAccess{0, action.Of("team", team)}}
	if err := s.writeShare(ctx, c.Tx, share, func(Mask) Mask { return 0 }); err != nil {
		return RecordTeam{}, err
	}
	return RecordTeam{}, c.Tx.Delete(ctx, "team", team, record.Match{})
}

// teamMembers gives the membership of a user, or one of anybody for id.Nil.
func (s *Service) teamMembers(ctx context.Context, c action.Call, team, user id.ID) ([]record.Row, error) {
	where := query.And{query.Compare{Left: query.Path{"teamid"}, Value: team}}
	if user != id.Nil {
		where = append(where, query.Compare{Left: query.Path{"systemuserid"}, Value: user})
	}
	page, err := c.Tx.Find(ctx, query.Query{Table: "teammembership", Limit: 1, Where: where})
	return page.Rows, err
}
