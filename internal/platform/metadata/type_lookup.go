package metadata

import "github.com/rapport-platform/rapport/internal/platform/query"

// lookupType refers to a row of one of the target tables. A polymorphic one
// has a second column that holds the target's logical name.
//
// A customer is a lookup to account and contact, an owner one to systemuser and
// team; their targets are given unless the definition narrows them.
type lookupType struct{}

func (lookupType) Shape(*Column) Shape { return Shape{Kind: query.ID, Edm: "Edm.Guid"} }

func (lookupType) Coerce(c *Column, v any) (any, error) { return coerceID(c, v) }

func (lookupType) check(c *Column) error {
	if len(c.Targets) == 0 {
		return wrong(c, "definition", "a lookup needs targets")
	}
	if c.Hierarchy && len(c.Targets) > 1 {
		return wrong(c, "definition", "the lookup of a hierarchy leads to its own table alone")
	}
	return nil
}

// completeLookup fills in what follows from the type.
func (c *Column) completeLookup() {
	switch {
	case c.TypeName == "customer" && len(c.Targets) == 0:
		c.Targets = []string{"account", "contact"}
	case c.TypeName == "owner" && len(c.Targets) == 0:
		c.Targets = []string{"systemuser", "team"}
	}
	if c.IsLookup() && c.Nav == "" {
		c.Nav = c.Name
	}
}
