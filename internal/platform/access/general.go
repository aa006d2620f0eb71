package access

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// General privileges belong to no table: they are held or not held. They stand
// in roleprivileges with their name in the place of the table and the right General.
const (
	ActOnBehalf        = "prvActOnBehalfOfAnotherUser" // ask in the name of another user
	BypassLogic        = "prvBypassCustomPlugins"      // write without customers' own logic
	BulkDelete         = "prvBulkDelete"
	Merge              = "prvMerge"
	ReadRecordHistory  = "prvReadRecordAuditHistory" // the changes of records that one may read
	PublishDuplicate   = "prvPublishDuplicateRule"
	ManageApplications = "prvManageApplicationUsers" // make and end the secrets of programs
	ConfigureSearch    = "prvConfigureSearch"        // have the search index made anew
	ReadLake           = "prvReadLake"               // what state the lake's tables are in
	AllColumns         = "prvAllSecuredColumns"      // read and set every secured column, whatever the profiles
	ReadAuditSummary   = "prvReadAuditSummary"       // whether the change log is as it was sealed
	ManageSignIn       = "prvManageSignIn"           // identity providers, others' sessions and factors, the sign-in log
	ErasePersons       = "prvErasePersons"           // erase a person everywhere
	ExportPersons      = "prvExportPersons"          // have all that is kept of a person
	RemoveSample       = "prvRemoveSampleData"       // take the sample's records out
)

// General is the right under which a general privilege is kept.
const General Right = 0

// GeneralPrivileges lists them all.
func GeneralPrivileges() []string {
	return []string{ActOnBehalf, BypassLogic, BulkDelete, Merge, ReadRecordHistory, PublishDuplicate, ManageApplications, ConfigureSearch, ReadLake, ReadAuditSummary, ManageSignIn, ErasePersons, ExportPersons, RemoveSample}
}

// IsGeneral tells whether a name is that of a general privilege.
func IsGeneral(name string) bool { return slices.Contains(GeneralPrivileges(), name) }

// Privileged refuses a principal that lacks a general privilege.
func (c *Control) Privileged(ctx context.Context, name string) error {
	if _, _, err := c.grant(ctx, name, General); err != nil {
		if errs.Has(err, errs.Forbidden) && errs.CodeOf(err) != "access.scope_lacks" {
			return errs.New(errs.Forbidden, "access.privilege", "you lack the privilege %s; an administrator can give you a role that has it", name)
		}
		return err
	}
	return nil
}

// AllowAction refuses a principal whose key is not for an action.
func (c *Control) AllowAction(ctx context.Context, name string) error {
	if p := From(ctx); p.Kind == User && !p.Scope.AllowsAction(name) {
		return outOfScope(scopeAction + ":" + name)
	}
	return nil
}

// Privilege is one privilege with how far it reaches.
type Privilege struct {
	Table string // or the name of a general privilege
	Right Right
	Depth Depth
}

// Privileges lists what a user holds, at the widest depth each; nil for unknown users.
func (c *Control) Privileges(user id.ID) []Privilege {
	u := c.Current().users[user]
	if u == nil {
		return nil
	}
	out := make([]Privilege, 0, len(u.grants))
	for p, g := range u.grants {
		out = append(out, Privilege{p.table, p.right, g.depth})
	}
	slices.SortFunc(out, func(a, b Privilege) int {
		if a.Table != b.Table {
			if a.Table < b.Table {
				return -1
			}
			return 1
		}
		return int(a.Right - b.Right)
	})
	return out
}

// Exceeds finds the first of the privileges that the context's principal does
// not hold as far itself. Whoever hands privileges out may give no more than he has.
func (c *Control) Exceeds(ctx context.Context, given []Privilege) (Privilege, bool) {
	if From(ctx).Kind == System {
		return Privilege{}, false
	}
	for _, p := range given {
		g, _, err := c.grant(ctx, p.Table, p.Right)
		if err != nil || g.depth < p.Depth {
			return p, true
		}
	}
	return Privilege{}, false
}

// Outranks refuses a principal who lacks a privilege that the user has: who can
// open another's account could act with it.
func (c *Control) Outranks(ctx context.Context, user id.ID) error {
	if p, over := c.Exceeds(ctx, c.Privileges(user)); over {
		return errs.New(errs.Forbidden, "access.outranked", "this user may do more than you (%s): ask somebody who may do as much", p.Table)
	}
	return nil
}
