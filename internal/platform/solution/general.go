package solution

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// general gives a role the privileges that belong to no table, "*" for all.
func general(ctx context.Context, tx *record.Tx, r role, known map[string]bool) error {
	names := r.General
	if len(names) == 1 && names[0] == "*" {
		names = access.GeneralPrivileges()
	}
	for _, name := range names {
		if !access.IsGeneral(name) {
			return errs.New(errs.Invalid, "solution.roles", "the role %s names the unknown privilege %s", r.Name, name)
		}
		if known[name] {
			continue
		}
		if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleprivilegesid": id.Derive("roleprivileges", r.Name, name, "general"), "roleid": RoleID(r.Name),
			"rpt_table": name, "accessright": int64(access.General), "privilegedepthmask": int64(access.Global), "rpt_name": name}); err != nil {
			return err
		}
	}
	return nil
}
