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
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Bundle is a folder of files with a name.
type Bundle struct {
	Name  string
	Files fs.FS
}

// Store is what applying needs of the record store.
type Store interface {
	Write(ctx context.Context, fn func(*record.Tx) error) error
}

// Applier puts bundles in.
type Applier struct {
	Store    Store
	Catalog  func() *metadata.Catalog
	Progress func(what string) // told of each file; may be nil

	renewed renewal // rows that are frozen, and come anew
}

// file is one file of rows.
type file struct {
	Table string           `yaml:"table"`
	Rows  []map[string]any `yaml:"rows"`
}

// Brought names a row that a bundle brings.
type Brought struct {
	Table string
	ID    id.ID
}

// Rows lists the rows that a bundle brings, in the order in which it does.
func Rows(b Bundle) ([]Brought, error) {
	names, err := fs.Glob(b.Files, "records/*.yaml")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(b.Files, name)
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	rows, err := rowsOf(b.Name, files)
	if err != nil {
		return nil, err
	}
	out := make([]Brought, len(rows))
	for i, r := range rows {
		out[i] = Brought{r.table, r.id}
	}
	return out, nil
}

// Apply puts the roles and records of a bundle in, each file in one
// transaction. The context's principal must be the system's.
func (a *Applier) Apply(ctx context.Context, b Bundle) error {
	if err := a.roles(ctx, b); err != nil {
		return err
	}
	names, err := fs.Glob(b.Files, "records/*.yaml")
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := a.records(ctx, b, name); err != nil {
			return errs.Wrap(err, errs.KindOf(err), "solution.records", "the file %s of the bundle %s can't be applied", name, b.Name)
		}
	}
	return nil
}

func (a *Applier) tell(what string) {
	if a.Progress != nil {
		a.Progress(what)
	}
}

func (a *Applier) records(ctx context.Context, b Bundle, name string) error {
	text, err := fs.ReadFile(b.Files, name)
	if err != nil {
		return err
	}
	var files []file
	if err := yaml.UnmarshalWithOptions(text, &files, yaml.DisallowUnknownField()); err != nil {
		return err
	}
	a.tell(strings.TrimSuffix(strings.TrimPrefix(name, "records/"), ".yaml"))
	return a.Store.Write(ctx, func(tx *record.Tx) error {
		made := map[id.ID]bool{}
		for _, f := range files {
			t, ok := a.Catalog().Table(f.Table)
			if !ok {
				return errs.New(errs.Invalid, "solution.table", "there is no table %s", f.Table)
			}
			for _, raw := range f.Rows {
				raw, ok := a.renewed.under(t, raw)
				if !ok {
					continue
				}
				if err := a.put(ctx, tx, b.Name, t, raw, made); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// put makes one row unless it is there, and notes it in made if so.
func (a *Applier) put(ctx context.Context, tx *record.Tx, bundle string, t *metadata.Table, raw map[string]any, made map[id.ID]bool) error {
	raw = maps.Clone(raw)
	key, _ := raw["key"].(string)
	if key == "" {
		return errs.New(errs.Invalid, "solution.key", "a row of %s has no key", t.Name)
	}
	delete(raw, "key")
	row := record.Row{t.ID: RowID(bundle, t.Name, key)}
	for column, v := range raw {
		ref, isText := v.(string)
		if c, ok := t.Column(column); ok && (c.IsLookup() || c.TypeName == "id") && isText && strings.HasPrefix(ref, "@") {
			table, target, _ := strings.Cut(ref[1:], ":")
			from := bundle
			if other, rest, foreign := strings.Cut(table, "/"); foreign {
				from, table = other, rest
			}
			row[column] = RowID(from, table, target)
			if c.Polymorphic() {
				row[metadata.TypeColumn(column)] = table
			}
			continue
		}
		row[column] = v
	}
	if t.Intersect {
		return a.tie(ctx, tx, t, row, made)
	}
	fresh, err := ensured(ctx, tx, t, row)
	if err == nil && !fresh && followers[t.Name] {
		return Follow(ctx, tx, t, row)
	}
	if fresh {
		made[row.ID(t.ID)] = true
		if t.Frozen != nil && t.Frozen.Since != "" && strings.Contains(key, "@") {
			a.tell("the " + t.Label.In("en") + " “" + row.Text(t.Title) + "” has been in force and stays as it is: its changed text is a new draft")
		}
	}
	return err
}

// tie relates two rows freely. It does so only while one of them is new: what
// people have untied stays so.
func (a *Applier) tie(ctx context.Context, tx *record.Tx, x *metadata.Table, row record.Row, made map[id.ID]bool) error {
	for _, name := range a.Catalog().Names() {
		t, _ := a.Catalog().Table(name)
		for _, m := range t.ManyToMany {
			if m.Intersect != x.Name {
				continue
			}
			here, there := row.ID(m.Here), row.ID(m.There)
			if !made[here] && !made[there] {
				return nil
			}
			return tx.Associate(ctx, t.Name, here, m.Nav, there)
		}
	}
	return errs.New(errs.Invalid, "solution.table", "no relation has the table %s", x.Name)
}

// Ensure makes a row unless one with its id is there, or was and has been deleted.
func Ensure(ctx context.Context, tx *record.Tx, c *metadata.Catalog, table string, row record.Row) error {
	t, ok := c.Table(table)
	if !ok {
		return errs.New(errs.Invalid, "solution.table", "there is no table %s", table)
	}
	return ensure(ctx, tx, t, row)
}

// ensure makes a row unless one with its id is there.
func ensure(ctx context.Context, tx *record.Tx, t *metadata.Table, row record.Row) error {
	_, err := ensured(ctx, tx, t, row)
	return err
}

// ensured is ensure, and tells whether it made the row.
func ensured(ctx context.Context, tx *record.Tx, t *metadata.Table, row record.Row) (made bool, err error) {
	_, err = tx.Get(ctx, t.Name, row.ID(t.ID), []string{t.ID}, nil)
	if err == nil || !errors.Is(err, record.ErrNotFound) {
		return false, err
	}
	if gone, err := deleted(tx.SQL(), t.Name, row.ID(t.ID)); err != nil || gone {
		return false, err
	}
	_, err = tx.Create(ctx, t.Name, row)
	return err == nil, err
}

// deleted tells whether people have deleted the row: then it must not come back by itself.
func deleted(tx *sqldb.Tx, table string, key id.ID) (bool, error) {
	enc, err := query.Encode(tx.Dialect(), query.ID, key)
	if err != nil {
		return false, err
	}
	p := tx.Dialect().Placeholder
	return tx.QueryRow("SELECT 1 FROM changelog WHERE recordid = "+p(1)+" AND tablename = "+p(2)+" AND op = 3 LIMIT 1", []any{enc, table}, new(int))
}

// RowID gives the id of a bundle's row. Roles belong to no bundle, so that
// several can refer to the same.
func RowID(bundle, table, key string) id.ID {
	if table == "role" {
		return RoleID(key)
	}
	return id.Derive("solution", bundle, table, key)
}

// RoleID gives the id of a role that bundles name.
func RoleID(name string) id.ID { return id.Derive("role", name) }
