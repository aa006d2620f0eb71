package metadata

import "github.com/rapport-platform/rapport/internal/ground/errs"

// Frozen says that rows stay as they are once they have been in force, so that
// what was decided by them keeps its meaning: a change is a new version.
type Frozen struct {
	Since string `yaml:"since"` // column with the moment at which a row came in force
	With  string `yaml:"with"`  // lookup to the row that this one is a part of, and frozen with
}

// checkFrozen makes sure that what is said of frozen rows names columns of the table.
func (t *Table) checkFrozen() error {
	f := t.Frozen
	if f == nil {
		return nil
	}
	since, with := t.byName[f.Since], t.byName[f.With]
	switch {
	case (f.Since == "") == (f.With == ""):
		return errs.New(errs.Invalid, "metadata.frozen", "frozen rows of table %s need either since or with", t.Name)
	case f.Since != "" && (since == nil || since.TypeName != "datetime"), f.With != "" && (with == nil || !with.IsLookup() || with.Polymorphic()):
		return errs.New(errs.Invalid, "metadata.frozen", "frozen rows of table %s name no such column", t.Name)
	}
	return nil
}
