package odata

import (
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Context is what the text is read against.
type Context struct {
	Catalog *metadata.Catalog
	Now     time.Time      // for Today, LastXDays and their kin
	Zone    *time.Location // whose midnights count; nil means UTC
	UserID  id.ID          // for EqualUserId and its kin
	UnitID  id.ID
	Teams   []id.ID
	// Below gives the users who report to the asker, directly or further down,
	// and BelowTeams their teams; nil means nobody.
	Below, BelowTeams func() []id.ID
	Language          int64 // LCID of the asker's language; 0 means English
	Fiscal            query.Fiscal
	// Symbolic keeps conditions that depend on who asks and when by their names
	// (query.Named), for trees that are written down.
	Symbolic bool
}

// english is the LCID of English (United States).
const english = 1033

func (c *Context) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

const (
	maxText  = 32_768 // characters of a whole URL in Dataverse
	maxDepth = 32     // nesting of conditions
)

// LookupName gives the name of a lookup's value on the wire.
func LookupName(column string) string { return lookupBefore + column + lookupAfter }

const lookupBefore, lookupAfter = "_", "_value"

// columnOf finds a column by its name on the wire: its own, or _name_value of
// a lookup. The owner's two halves, as Dataverse has them, are the owner.
func columnOf(t *metadata.Table, name string) (*metadata.Column, bool) {
	if inner, ok := strings.CutPrefix(name, "_"); ok {
		if inner, ok = strings.CutSuffix(inner, "_value"); ok {
			if c, ok := t.Column(inner); ok && c.IsLookup() {
				return c, true
			}
			if (inner == "owninguser" || inner == "owningteam") && t.Owned() {
				return t.Column("ownerid")
			}
		}
	}
	return t.Column(name)
}

// relationOf finds a relation by navigation property. Dataverse names a few of
// them in more than one way: owninguser and owningteam for the owner's two
// kinds, and on an activity regardingobjectid_lead beside
// regardingobjectid_lead_task.
func relationOf(t *metadata.Table, name string) (query.Relation, bool) {
	if r, ok := t.Relation(name); ok {
		return r, true
	}
	switch name {
	case "owninguser":
		return t.Relation("ownerid_systemuser")
	case "owningteam":
		return t.Relation("ownerid_team")
	}
	return t.Relation(name + "_" + t.Name)
}

func isLookupColumn(t *metadata.Table, name string) bool {
	c, ok := t.Column(name)
	return ok && c.IsLookup()
}

func unknownProperty(t *metadata.Table, name string) *errs.Error {
	e := errs.New(errs.Invalid, "query.unknown_column", "table %s has no property %q", t.Name, clip(name))
	e.Fields = []errs.Field{{Name: clip(name), Code: "unknown_column", Message: "there is no such property"}}
	return e
}

// clip keeps a name from a request short enough to be repeated.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
