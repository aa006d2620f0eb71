package customise

import (
	"regexp"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// customName is what the logical name of something new looks like: a
// publisher's prefix, then letters, digits and underscores.
var customName = regexp.MustCompile(`^[a-z][a-z0-9]{1,7}_[a-z0-9_]{1,48}$`)

// partName is the name of a view, form, chart or index, which no prefix needs.
var partName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_. \-]{0,99}$`)

// reserved begin the names of what ships.
var reserved = []string{"rpt_", "msdyn_", "mscrm_"}

// nameMax is how long names of tables and columns may be: the folded companion
// of a column must still fit what PostgreSQL keeps.
const nameMax = 58

// checkName refuses names that something new may not have. What ships and is
// customised keeps its name.
func (l *layer) checkName(e Edit) error {
	name := e.Name.Name
	switch e.Kind {
	case KindTable:
		if _, ships := l.shipped.Table(name); ships {
			return nil
		}
	case KindColumn:
		if l.isPart(e.Table, name) {
			return errs.New(errs.Invalid, "customise.system", "the platform keeps the column %s of every table; it can't be defined anew", name)
		}
		if l.ships(e.Table, name) {
			return nil
		}
	case KindChoice:
		if _, ships := l.shipped.Choice(name); ships {
			return nil
		}
	case KindKey, KindMany:
		if len(name) > 100 || !partName.MatchString(name) {
			return badName(name)
		}
		return nil
	default:
		if !partName.MatchString(name) {
			return badName(name)
		}
		return nil
	}
	return CheckName(name)
}

// CheckName refuses the name of a new table or column that is none.
func CheckName(name string) error {
	if len(name) > nameMax || !customName.MatchString(name) || strings.HasSuffix(name, "__f") || strings.HasSuffix(name, "type") && strings.HasSuffix(name, "idtype") {
		return errs.New(errs.Invalid, "customise.name", "the name %q must begin with a publisher's prefix of 2 to 8 letters and digits and an underscore, such as new_score, and have at most %d lower-case letters, digits and underscores", name, nameMax)
	}
	for _, r := range reserved {
		if strings.HasPrefix(name, r) {
			return errs.New(errs.Invalid, "customise.reserved", "names that begin with %s belong to the product", r)
		}
	}
	return nil
}

// isPart tells whether a table has the column because every table has.
func (l *layer) isPart(table, name string) bool {
	t, ok := l.catalog.Table(table)
	c, has := column(t, ok, name)
	return has && c.System
}

func badName(name string) error {
	return errs.New(errs.Invalid, "customise.name", "%q is no name: letters, digits, underscores, at most 100", name)
}
