package builtin

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Mask is a set of rights, on the wire "ReadAccess, WriteAccess".
type Mask access.Right

// EdmType implements action.Named.
func (Mask) EdmType() string { return "AccessRights" }

// MarshalJSON writes the names of the rights.
func (m Mask) MarshalJSON() ([]byte, error) {
	names := []string{}
	for _, r := range access.Rights() {
		if access.Right(m)&r != 0 {
			names = append(names, r.String()+"Access")
		}
	}
	if len(names) == 0 {
		names = []string{"None"}
	}
	return json.Marshal(strings.Join(names, ", "))
}

// UnmarshalJSON reads names with commas between, or the sum of the bits.
func (m *Mask) UnmarshalJSON(text []byte) error {
	*m = 0
	bad := errs.New(errs.Invalid, "action.access_rights", "access rights look like ReadAccess, WriteAccess")
	var all access.Right
	for _, r := range access.Rights() {
		all |= r
	}
	var n int64
	if json.Unmarshal(text, &n) == nil {
		*m = Mask(n)
		if access.Right(n)&^all != 0 {
			return bad
		}
		return nil
	}
	var names string
	if json.Unmarshal(text, &names) != nil {
		return bad
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		if name == "" || name == "None" {
			continue
		}
		right, ok := access.ParseRight(strings.TrimSuffix(name, "Access"))
		if !ok {
			return bad
		}
		*m |= Mask(right)
	}
	return nil
}

// PrincipalAccess is what a principal may do with a record.
type PrincipalAccess struct {
	AccessMask Mask       `json:"AccessMask" doc:"Rights on the record"`
	Principal  action.Ref `json:"Principal" type:"principal" doc:"User or team"`
}

// ShareInput shares a record.
type ShareInput struct {
	Target          action.Ref      `json:"Target" doc:"Record that is shared"`
	PrincipalAccess PrincipalAccess `json:"PrincipalAccess" doc:"With whom, and for what"`
}

// RevokeInput ends a share.
type RevokeInput struct {
	Target  action.Ref `json:"Target" doc:"Record that is shared"`
	Revokee action.Ref `json:"Revokee" type:"principal" doc:"User or team that loses the share"`
}

// TargetInput names a record.
type TargetInput struct {
	Target action.Ref `json:"Target" doc:"The record"`
}

// Rights is what somebody may do with a record.
type Rights struct {
	AccessRights Mask `json:"AccessRights"`
}

// Shares lists with whom a record is shared.
type Shares struct {
	PrincipalAccesses []PrincipalAccess `json:"PrincipalAccesses"`
}

func (s *Service) defineShares(r *action.Registry) {
	action.Define(r, action.Spec{Name: "GrantAccess", Effect: action.DB, Description: "Shares a record with a user or team, beside what is shared already."},
		func(ctx context.Context, c action.Call, in ShareInput) (action.Empty, error) {
			return action.Empty{}, s.share(ctx, c.Tx, in, func(before Mask) Mask { return before | in.PrincipalAccess.AccessMask })
		})
	action.Define(r, action.Spec{Name: "ModifyAccess", Effect: action.DB, Description: "Shares a record with a user or team for exactly these rights."},
		func(ctx context.Context, c action.Call, in ShareInput) (action.Empty, error) {
			return action.Empty{}, s.share(ctx, c.Tx, in, func(Mask) Mask { return in.PrincipalAccess.AccessMask })
		})
	action.Define(r, action.Spec{Name: "RevokeAccess", Effect: action.DB, Description: "Ends the share of a record with a user or team."},
		func(ctx context.Context, c action.Call, in RevokeInput) (action.Empty, error) {
			share := ShareInput{in.Target, PrincipalAccess{0, in.Revokee}}
			return action.Empty{}, s.share(ctx, c.Tx, share, func(Mask) Mask { return 0 })
		})
	action.Define(r, action.Spec{Name: "RetrievePrincipalAccess", Table: "principal", Function: true, Description: "What a user or team may do with a record."}, s.principalAccess)
	action.Define(r, action.Spec{Name: "RetrieveSharedPrincipalsAndAccess", Function: true, Description: "With whom a record is shared, and for what."}, s.shares)
}

// share writes down a share. Who shares must hold the right to share the
// record, and every right that he gives.
func (s *Service) share(ctx context.Context, tx *record.Tx, in ShareInput, mask func(before Mask) Mask) error {
	table, ok := s.catalog().Table(in.Target.Table)
	if !ok || in.Target.ID == id.Nil || in.PrincipalAccess.Principal.ID == id.Nil {
		return errs.New(errs.Invalid, "action.input", "Target and the principal are needed")
	}
	if !table.Owned() {
		return errs.New(errs.Invalid, "share.table", "rows of %s belong to the organisation: they can't be shared", table.Name)
	}
	if _, err := tx.Demand(ctx, table.Name, in.Target.ID, access.Share); err != nil {
		return err
	}
	given := access.Right(in.PrincipalAccess.AccessMask)
	own, err := tx.Rights(ctx, table.Name, in.Target.ID)
	if err != nil {
		return err
	}
	if given&^own != 0 {
		return errs.New(errs.Forbidden, "share.exceeds", "you can't give rights on the record that you do not hold yourself")
	}
	return s.writeShare(access.Elevate(ctx, "share"), tx, in, mask)
}

func (s *Service) writeShare(ctx context.Context, tx *record.Tx, in ShareInput, mask func(before Mask) Mask) error {
	who := in.PrincipalAccess.Principal
	if _, err := tx.Get(ctx, who.Table, who.ID, []string{who.Table + "id"}, nil); err != nil {
		return err
	}
	page, err := tx.Find(ctx, query.Query{Table: "principalobjectaccess", Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"objectid"}, Value: in.Target.ID}, query.Compare{Left: query.Path{"principalid"}, Value: who.ID}}})
	if err != nil {
		return err
	}
	if len(page.Rows) == 0 {
		fresh := mask(0)
		if fresh == 0 {
			return nil
		}
		_, err := tx.Create(ctx, "principalobjectaccess", record.Row{"objectid": in.Target.ID, "objecttypecode": in.Target.Table, "principalid": who.ID,
			"principaltypecode": who.Table, "accessrightsmask": int64(fresh)})
		return err
	}
	share := page.Rows[0]
	key, after := share.ID("principalobjectaccessid"), mask(Mask(share.Int("accessrightsmask")))
	if after == 0 {
		return tx.Delete(ctx, "principalobjectaccess", key, record.Match{})
	}
	_, err = tx.Update(ctx, "principalobjectaccess", key, record.Row{"accessrightsmask": int64(after)}, record.Match{})
	return err
}

// principalAccess tells what a principal may do with a record that the caller
// may read. Of a team it tells what is shared with it, and what its ownership gives.
func (s *Service) principalAccess(ctx context.Context, c action.Call, in TargetInput) (Rights, error) {
	from := s.reader(c)
	mine, err := from.Rights(ctx, in.Target.Table, in.Target.ID)
	if err != nil {
		return Rights{}, err
	}
	if mine&access.Read == 0 {
		return Rights{}, record.ErrNotFound
	}
	if c.Target == access.From(ctx).ID && access.From(ctx).Kind == access.User {
		return Rights{Mask(mine)}, nil
	}
	if !s.o.Access.Known(c.Target) {
		list, err := s.sharesOf(ctx, c.Reader, in.Target)
		for _, share := range list {
			if share.Principal.ID == c.Target {
				return Rights{share.AccessMask}, err
			}
		}
		return Rights{}, err
	}
	theirs, err := from.Rights(access.With(ctx, access.Principal{Kind: access.User, ID: c.Target}), in.Target.Table, in.Target.ID)
	return Rights{Mask(theirs)}, err
}

// rights is what the record store and its transactions can tell.
type rights interface {
	Rights(ctx context.Context, table string, key id.ID) (access.Right, error)
}

func (s *Service) reader(c action.Call) rights {
	if c.Tx != nil {
		return c.Tx
	}
	return s.o.Store
}

func (s *Service) shares(ctx context.Context, c action.Call, in TargetInput) (Shares, error) {
	mine, err := s.reader(c).Rights(ctx, in.Target.Table, in.Target.ID)
	if err != nil {
		return Shares{}, err
	}
	if mine&access.Read == 0 {
		return Shares{}, record.ErrNotFound
	}
	list, err := s.sharesOf(ctx, c.Reader, in.Target)
	return Shares{list}, err
}

// sharesOf lists the shares of a record, which whoever reads it may know.
func (s *Service) sharesOf(ctx context.Context, from record.Reader, target action.Ref) ([]PrincipalAccess, error) {
	page, err := from.Find(access.Elevate(ctx, "shares of a record that can be read"), query.Query{Table: "principalobjectaccess",
		Where: query.And{query.Compare{Left: query.Path{"objectid"}, Value: target.ID}, query.Compare{Left: query.Path{"objecttypecode"}, Value: target.Table}}})
	if err != nil {
		return nil, err
	}
	out := []PrincipalAccess{}
	for _, row := range page.Rows {
		out = append(out, PrincipalAccess{Mask(row.Int("accessrightsmask")), action.Of(row.Text("principaltypecode"), row.ID("principalid"))})
	}
	return out, nil
}
