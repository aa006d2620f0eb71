package solution

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// role is a role as roles.yaml writes it: by table ("*" for every one) the
// depth of each right, or of "all".
type role struct {
	Name        string                       `yaml:"name"`
	Description string                       `yaml:"description"`
	Privileges  map[string]map[string]string `yaml:"privileges"`
	General     []string                     `yaml:"general"` // privileges that belong to no table
}

// roles makes the roles of a bundle, and gives those that are there the
// privileges on tables which they say nothing about yet: a new table of a new
// version is seen by those who are meant to, and what people changed stays.
func (a *Applier) roles(ctx context.Context, b Bundle) error {
	text, err := fs.ReadFile(b.Files, "roles.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var roles []role
	if err := yaml.UnmarshalWithOptions(text, &roles, yaml.DisallowUnknownField()); err != nil {
		return errs.Wrap(err, errs.Invalid, "solution.roles", "roles.yaml of the bundle %s can't be read", b.Name)
	}
	a.tell("roles")
	roleTable, _ := a.Catalog().Table("role")
	return a.Store.Write(ctx, func(tx *record.Tx) error {
		for _, r := range roles {
			if err := ensure(ctx, tx, roleTable, record.Row{"roleid": RoleID(r.Name), "name": r.Name, "description": r.Description}); err != nil {
				return err
			}
			if err := a.privileges(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Applier) privileges(ctx context.Context, tx *record.Tx, r role) error {
	known, err := tablesOf(ctx, tx, RoleID(r.Name))
	if err != nil {
		return err
	}
	if err := everywhere(ctx, tx, r, known); err != nil {
		return err
	}
	for _, name := range a.Catalog().Names() {
		rights, ok := r.Privileges[name]
		if !ok {
			rights = r.Privileges["*"]
		}
		if known[name] || len(rights) == 0 {
			continue
		}
		t, _ := a.Catalog().Table(name)
		if err := grant(ctx, tx, r.Name, t, rights); err != nil {
			return err
		}
	}
	if err := general(ctx, tx, r, known); err != nil {
		return err
	}
	for name := range r.Privileges {
		if _, ok := a.Catalog().Table(name); !ok && name != "*" {
			return errs.New(errs.Invalid, "solution.roles", "the role %s names the unknown table %s", r.Name, name)
		}
	}
	return nil
}

// everywhere gives a role what it holds globally on every table for the tables
// that people make, too.
func everywhere(ctx context.Context, tx *record.Tx, r role, known map[string]bool) error {
	global := map[string]string{}
	for word, depth := range r.Privileges["*"] {
		if depth == access.Global.String() {
			global[word] = depth
		}
	}
	if known[access.EveryTable] || len(global) == 0 {
		return nil
	}
	return grant(ctx, tx, r.Name, &metadata.Table{Name: access.EveryTable, Schema: "EveryTable"}, global)
}

// grant gives a role its privileges on one table.
func grant(ctx context.Context, tx *record.Tx, roleName string, t *metadata.Table, rights map[string]string) error {
	depths := map[access.Right]access.Depth{}
	for _, word := range slices.Sorted(maps.Keys(rights)) { // "all" comes first, so that single rights can differ
		depth, ok := access.ParseDepth(rights[word])
		if !ok {
			return errs.New(errs.Invalid, "solution.roles", "the role %s has the unknown depth %q", roleName, rights[word])
		}
		if word == "all" {
			for _, right := range access.Rights() {
				depths[right] = depth
			}
			continue
		}
		right, ok := rightOf(word)
		if !ok {
			return errs.New(errs.Invalid, "solution.roles", "the role %s has the unknown right %q", roleName, word)
		}
		depths[right] = depth
	}
	for _, right := range access.Rights() {
		depth := depths[right]
		if depth == access.None {
			continue
		}
		if !t.Owned() {
			depth = access.Global
		}
		if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleprivilegesid": id.Derive("roleprivileges", roleName, t.Name, right.String()), "roleid": RoleID(roleName),
			"rpt_table": t.Name, "accessright": int64(right), "privilegedepthmask": int64(depth), "rpt_name": "prv" + right.String() + t.Schema}); err != nil {
			return err
		}
	}
	return nil
}

func rightOf(word string) (access.Right, bool) {
	for _, r := range access.Rights() {
		if strings.EqualFold(r.String(), word) {
			return r, true
		}
	}
	return 0, false
}
