package marketing

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// AddToListInput names the marketing list that a record is put on.
type AddToListInput struct {
	List action.Ref `json:"List" type:"list" doc:"The marketing list"`
}

// AddedToList is the entry of a record on a list.
type AddedToList struct {
	ListMemberID id.ID `json:"ListMemberId"`
}

// memberTables are the tables whose rows can be on a list: their value in list.createdfromcode, and the column of their name.
var memberTables = map[string]struct {
	code int64
	name string
}{"account": {1, "name"}, "contact": {2, "fullname"}, "lead": {4, "fullname"}}

// Define declares the package's actions.
func Define(reg *action.Registry) {
	for table, name := range map[string]string{"account": "rpt_AddAccountToList", "contact": "rpt_AddContactToList", "lead": "rpt_AddLeadToList"} {
		action.Define(reg, action.Spec{Name: name, Table: table, Effect: action.DB, Right: access.Read,
			Description: "Puts a record on a marketing list; one that is on it already stays. The list must be for records of this table, static and not locked."},
			func(ctx context.Context, c action.Call, in AddToListInput) (AddedToList, error) {
				return add(ctx, c, table, in.List.ID)
			})
	}
}

func add(ctx context.Context, c action.Call, table string, list id.ID) (AddedToList, error) {
	of := memberTables[table]
	row, err := c.Tx.Get(ctx, "list", list, []string{"listname", "createdfromcode", "type", "lockstatus", "statecode"}, nil)
	if err != nil {
		return AddedToList{}, err
	}
	switch {
	case row.Int("createdfromcode") != of.code:
		return AddedToList{}, errs.New(errs.Invalid, "marketing.member_table", "the marketing list is for records of another table")
	case row["type"] == true:
		return AddedToList{}, errs.New(errs.Conflict, "marketing.list_dynamic", "a dynamic marketing list takes its members from its query")
	case row["lockstatus"] == true:
		return AddedToList{}, errs.New(errs.Conflict, "marketing.list_locked", "the marketing list is locked")
	case row.Int("statecode") != 0:
		return AddedToList{}, errs.New(errs.Conflict, "marketing.list_inactive", "the marketing list is inactive")
	}
	there, err := c.Tx.Find(ctx, query.Query{Table: "listmember", Select: []string{"listmemberid"}, Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"listid"}, Value: list}, query.Compare{Left: query.Path{"entityid"}, Value: c.Target}}})
	if err != nil {
		return AddedToList{}, err
	}
	if len(there.Rows) > 0 {
		return AddedToList{there.Rows[0].ID("listmemberid")}, nil
	}
	member, err := c.Tx.Get(ctx, table, c.Target, []string{of.name}, nil)
	if err != nil {
		return AddedToList{}, err
	}
	made, err := c.Tx.Create(ctx, "listmember", record.Row{"rpt_name": member.Text(of.name), "listid": list, "entityid": c.Target, "entityidtype": table})
	return AddedToList{made.ID("listmemberid")}, err
}
