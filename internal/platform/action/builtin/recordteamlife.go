package builtin

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RecordTeamsInput names a record.
type RecordTeamsInput struct {
	Target action.Ref `json:"Target" doc:"The record"`
}

// RecordTeams lists the access teams of a record.
type RecordTeams struct {
	Teams []RecordTeamState `json:"Teams" doc:"One for each template of the table, by name, with or without members"`
}

// RecordTeamState is the access team of a record by one template.
type RecordTeamState struct {
	Template    id.ID              `json:"TeamTemplateId"`
	Name        string             `json:"Name" doc:"The template's"`
	Description string             `json:"Description"`
	Mask        Mask               `json:"AccessMask" doc:"What its members may do with the record"`
	Team        id.ID              `json:"AccessTeamId" doc:"The team; empty as long as it has no members"`
	Allowed     bool               `json:"Allowed" doc:"The caller may put people in and take them out"`
	Members     []RecordTeamMember `json:"Members"`
}

// RecordTeamMember is a user in the access team of a record.
type RecordTeamMember struct {
	ID   id.ID  `json:"SystemUserId"`
	Name string `json:"FullName"`
}

// templatesMost bounds the templates of one table that are shown, membersMost the members.
const (
	templatesMost = 100
	membersMost   = 500
)

// recordTeams lists, for who may read a record, its access teams and who is in them.
func (s *Service) recordTeams(ctx context.Context, c action.Call, in RecordTeamsInput) (RecordTeams, error) {
	out := RecordTeams{Teams: []RecordTeamState{}}
	table, ok := s.catalog().Table(in.Target.Table)
	if !ok || in.Target.ID == id.Nil {
		return out, errs.New(errs.Invalid, "action.input", "Target is needed")
	}
	own, err := s.reader(c).Rights(ctx, table.Name, in.Target.ID)
	if err != nil {
		return out, err
	}
	if own&access.Read == 0 {
		return out, record.ErrNotFound
	}
	if !table.Owned() {
		return out, nil
	}
	ctx = access.Elevate(ctx, "access teams of a record that can be read")
	templates, err := c.Reader.Find(ctx, query.Query{Table: "teamtemplate", Limit: templatesMost, Order: []query.Order{{Column: "teamtemplatename"}},
		Where: query.Compare{Left: query.Path{"rpt_table"}, Value: table.Name}})
	if err != nil {
		return out, err
	}
	for _, t := range templates.Rows {
		mask := access.Right(t.Int("defaultaccessrightsmask"))
		state := RecordTeamState{Template: t.ID("teamtemplateid"), Name: t.Text("teamtemplatename"), Description: t.Text("description"), Mask: Mask(mask), Members: []RecordTeamMember{},
			Allowed: own&access.Share != 0 && mask&^own == 0}
		if err := s.fillTeam(ctx, c.Reader, &state, RecordTeamInput{in.Target, action.Of("teamtemplate", state.Template)}); err != nil {
			return out, err
		}
		out.Teams = append(out.Teams, state)
	}
	return out, nil
}

// fillTeam adds the team and its members, by name.
func (s *Service) fillTeam(ctx context.Context, from record.Reader, state *RecordTeamState, of RecordTeamInput) error {
	page, err := from.Find(ctx, query.Query{Table: "team", Select: []string{"teamid"}, Limit: 1, Where: query.Compare{Left: query.Path{"name"}, Value: recordTeamName(of)}})
	if err != nil || len(page.Rows) == 0 {
		return err
	}
	state.Team = page.Rows[0].ID("teamid")
	members, err := from.Find(ctx, query.Query{Table: "teammembership", Select: []string{"systemuserid"}, Limit: membersMost, Where: query.Compare{Left: query.Path{"teamid"}, Value: state.Team}})
	if err != nil {
		return err
	}
	var users []id.ID
	for _, m := range members.Rows {
		users = append(users, m.ID("systemuserid"))
	}
	names, err := s.o.Store.Names(ctx, "systemuser", users)
	if err != nil {
		return err
	}
	for _, u := range users {
		state.Members = append(state.Members, RecordTeamMember{u, names[u]})
	}
	slices.SortFunc(state.Members, func(a, b RecordTeamMember) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// RecordTeamHooks takes the access teams of a record away with it. They go in the
// same deletion, so that bringing the record back brings them back, too.
func (s *Service) RecordTeamHooks(table string) record.Hook {
	return record.Hook{Table: table, BeforeDelete: func(ctx context.Context, tx *record.Tx, row record.Row) error {
		t, ok := s.catalog().Table(table)
		if !ok || !t.Owned() || !s.o.Access.HasShares(table) {
			return nil // whoever has an access team is shared with it
		}
		ctx = access.Elevate(ctx, "access teams of a record that goes")
		key := row.ID(t.ID)
		shares, err := tx.Find(ctx, query.Query{Table: "principalobjectaccess", Limit: templatesMost, Select: []string{"principalobjectaccessid", "principalid"}, Where: query.And{
			query.Compare{Left: query.Path{"objectid"}, Value: key}, query.Compare{Left: query.Path{"principaltypecode"}, Value: "team"}}})
		if err != nil {
			return err
		}
		for _, share := range shares.Rows {
			team, err := tx.Find(ctx, query.Query{Table: "team", Limit: 1, Select: []string{"teamid"}, Where: query.And{
				query.Compare{Left: query.Path{"teamid"}, Value: share.ID("principalid")}, query.Compare{Left: query.Path{"systemmanaged"}, Value: true}, query.Compare{Left: query.Path{"regardingobjectid"}, Value: key}}})
			if err != nil {
				return err
			}
			if len(team.Rows) == 0 {
				continue
			}
			if err := tx.Delete(ctx, "principalobjectaccess", share.ID("principalobjectaccessid"), record.Match{}); err != nil {
				return err
			}
			if err := tx.Delete(ctx, "team", share.ID("principalid"), record.Match{}); err != nil {
				return err
			}
		}
		return nil
	}}
}
