package builtin

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Depth is how far a privilege reaches, by its name.
type Depth string

// EdmType implements action.Named.
func (Depth) EdmType() string { return "PrivilegeDepth" }

// RolePrivilege is one privilege of a role, by its name or its id.
type RolePrivilege struct {
	Depth          Depth  `json:"Depth" doc:"Basic, Local, Deep or Global"`
	PrivilegeID    *id.ID `json:"PrivilegeId,omitempty"`
	BusinessUnitID *id.ID `json:"BusinessUnitId,omitempty"`
	PrivilegeName  string `json:"PrivilegeName,omitempty" doc:"Such as prvReadLead"`
	RecordFilterID *id.ID `json:"RecordFilterId,omitempty" doc:"Taken for compatibility; must be empty"`
}

// PrivilegesInput lists privileges.
type PrivilegesInput struct {
	Privileges []RolePrivilege `json:"Privileges"`
}

// RemovePrivilegeInput names one.
type RemovePrivilegeInput struct {
	PrivilegeID id.ID `json:"PrivilegeId"`
}

// RoleInput names a role.
type RoleInput struct {
	RoleID id.ID `json:"RoleId"`
}

// RolePrivileges lists privileges.
type RolePrivileges struct {
	RolePrivileges []RolePrivilege `json:"RolePrivileges"`
}

func (s *Service) defineRoles(r *action.Registry) {
	action.Define(r, action.Spec{Name: "AddPrivilegesRole", Table: "role", Effect: action.DB, Right: access.Write, Description: "Gives a role further privileges."},
		func(ctx context.Context, c action.Call, in PrivilegesInput) (action.Empty, error) {
			return action.Empty{}, s.givePrivileges(ctx, c, in.Privileges, false)
		})
	action.Define(r, action.Spec{Name: "ReplacePrivilegesRole", Table: "role", Effect: action.DB, Right: access.Write, Description: "Gives a role exactly these privileges."},
		func(ctx context.Context, c action.Call, in PrivilegesInput) (action.Empty, error) {
			return action.Empty{}, s.givePrivileges(ctx, c, in.Privileges, true)
		})
	action.Define(r, action.Spec{Name: "RemovePrivilegeRole", Table: "role", Effect: action.DB, Right: access.Write, Description: "Takes a privilege out of a role."}, s.removePrivilege)
	action.Define(r, action.Spec{Name: "RetrieveRolePrivilegesRole", Function: true, Description: "The privileges of a role."},
		func(ctx context.Context, c action.Call, in RoleInput) (RolePrivileges, error) {
			if _, err := c.Reader.Get(ctx, "role", in.RoleID, []string{"roleid"}, nil); err != nil {
				return RolePrivileges{}, err
			}
			list, err := rolePrivileges(access.Elevate(ctx, "privileges of a role that can be read"), c.Reader, in.RoleID)
			return s.shown(list), err
		})
	action.Define(r, action.Spec{Name: "RetrieveUserPrivileges", Table: "systemuser", Function: true, Description: "The privileges that a user holds by roles, those of teams among them."},
		func(ctx context.Context, c action.Call, _ action.Empty) (RolePrivileges, error) {
			if c.Target != access.From(ctx).ID {
				if _, err := c.Reader.Get(ctx, "systemuser", c.Target, []string{"systemuserid"}, nil); err != nil {
					return RolePrivileges{}, err
				}
			}
			return s.shown(s.o.Access.Privileges(c.Target)), nil
		})
}

// PrivilegeID gives the id of a privilege by its name.
func PrivilegeID(name string) id.ID { return id.Derive("privilege", strings.ToLower(name)) }

// nameOf gives a privilege's name: prvReadLead.
func (s *Service) nameOf(p access.Privilege) string {
	if p.Right == access.General {
		return p.Table
	}
	schema := p.Table
	if t, ok := s.catalog().Table(p.Table); ok {
		schema = t.Schema
	}
	return "prv" + p.Right.String() + schema
}

func (s *Service) shown(list []access.Privilege) RolePrivileges {
	out := RolePrivileges{RolePrivileges: []RolePrivilege{}}
	for _, p := range list {
		name := s.nameOf(p)
		key := PrivilegeID(name)
		out.RolePrivileges = append(out.RolePrivileges, RolePrivilege{Depth: Depth(p.Depth.String()), PrivilegeID: &key, PrivilegeName: name})
	}
	return out
}

// privileges lists every privilege that there is, by its id.
func (s *Service) privileges() map[id.ID]access.Privilege {
	out := map[id.ID]access.Privilege{}
	for _, name := range access.GeneralPrivileges() {
		out[PrivilegeID(name)] = access.Privilege{Table: name, Right: access.General, Depth: access.Global}
	}
	for _, table := range s.catalog().Names() {
		for _, right := range access.Rights() {
			p := access.Privilege{Table: table, Right: right}
			out[PrivilegeID(s.nameOf(p))] = p
		}
	}
	return out
}

func (s *Service) read(list []RolePrivilege) ([]access.Privilege, error) {
	known := s.privileges()
	out := make([]access.Privilege, 0, len(list))
	for _, given := range list {
		depth, ok := access.ParseDepth(string(given.Depth))
		if !ok || depth == access.None {
			return nil, errs.New(errs.Invalid, "role.depth", "a depth is Basic, Local, Deep or Global")
		}
		key := PrivilegeID(given.PrivilegeName)
		if given.PrivilegeID != nil {
			key = *given.PrivilegeID
		}
		p, ok := known[key]
		if !ok {
			return nil, errs.New(errs.Invalid, "role.privilege", "there is no privilege of that id or name")
		}
		if t, has := s.catalog().Table(p.Table); p.Right == access.General || has && !t.Owned() {
			depth = access.Global
		}
		p.Depth = depth
		out = append(out, p)
	}
	return out, nil
}

func (s *Service) givePrivileges(ctx context.Context, c action.Call, list []RolePrivilege, replace bool) error {
	given, err := s.read(list)
	if err != nil {
		return err
	}
	if _, err := c.Tx.Demand(ctx, "role", c.Target, access.Write); err != nil {
		return err
	}
	if err := s.mayGive(ctx, given); err != nil {
		return err
	}
	ctx = access.Elevate(ctx, "privileges of a role")
	there, err := roleRows(ctx, c.Tx, c.Target)
	if err != nil {
		return err
	}
	for _, p := range given {
		row := there[key(p)]
		delete(there, key(p))
		if row != nil {
			_, err = c.Tx.Update(ctx, "roleprivileges", row.ID("roleprivilegesid"), record.Row{"privilegedepthmask": int64(p.Depth)}, record.Match{})
		} else {
			_, err = c.Tx.Create(ctx, "roleprivileges", record.Row{"roleid": c.Target, "rpt_table": p.Table, "accessright": int64(p.Right), "privilegedepthmask": int64(p.Depth), "rpt_name": s.nameOf(p)})
		}
		if err != nil {
			return err
		}
	}
	if !replace {
		return nil
	}
	for _, row := range there {
		if err := c.Tx.Delete(ctx, "roleprivileges", row.ID("roleprivilegesid"), record.Match{}); err != nil {
			return err
		}
	}
	return nil
}

// key names a privilege whatever its depth.
func key(p access.Privilege) access.Privilege {
	p.Depth = access.None
	return p
}

func roleRows(ctx context.Context, tx *record.Tx, role id.ID) (map[access.Privilege]record.Row, error) {
	out := map[access.Privilege]record.Row{}
	q := query.Query{Table: "roleprivileges", Where: query.Compare{Left: query.Path{"roleid"}, Value: role}}
	for {
		page, err := tx.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[key(privilegeOf(row))] = row
		}
		if page.Next == nil {
			return out, nil
		}
		q.After = page.Next
	}
}

func (s *Service) removePrivilege(ctx context.Context, c action.Call, in RemovePrivilegeInput) (action.Empty, error) {
	p, ok := s.privileges()[in.PrivilegeID]
	if !ok {
		return action.Empty{}, errs.New(errs.Invalid, "role.privilege", "there is no privilege of that id")
	}
	if _, err := c.Tx.Demand(ctx, "role", c.Target, access.Write); err != nil {
		return action.Empty{}, err
	}
	ctx = access.Elevate(ctx, "privileges of a role")
	there, err := roleRows(ctx, c.Tx, c.Target)
	if err != nil {
		return action.Empty{}, err
	}
	row := there[key(p)]
	if row == nil {
		return action.Empty{}, errs.New(errs.NotFound, "role.privilege", "the role does not have this privilege")
	}
	return action.Empty{}, c.Tx.Delete(ctx, "roleprivileges", row.ID("roleprivilegesid"), record.Match{})
}
