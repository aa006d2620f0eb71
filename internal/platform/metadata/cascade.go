package metadata

import "github.com/rapport-platform/rapport/internal/ground/errs"

// Behaviour says what becomes of the rows that look up to a row when something
// happens to it. The words are Dataverse's.
type Behaviour string

// The behaviours.
const (
	NoCascade  Behaviour = "NoCascade"  // nothing
	CascadeAll Behaviour = "Cascade"    // the same happens to all of them
	Active     Behaviour = "Active"     // the same happens to those of statecode 0
	UserOwned  Behaviour = "UserOwned"  // the same happens to those that had the same owner
	RemoveLink Behaviour = "RemoveLink" // on delete: their lookup is emptied
	Restrict   Behaviour = "Restrict"   // on delete: refused while there are any
)

// Cascade holds a lookup's behaviours. An empty one is RemoveLink on delete
// (Restrict where the lookup is required) and NoCascade otherwise.
type Cascade struct {
	Delete   Behaviour `yaml:"delete"`
	Assign   Behaviour `yaml:"assign"`
	Share    Behaviour `yaml:"share"`
	Unshare  Behaviour `yaml:"unshare"`
	Reparent Behaviour `yaml:"reparent"` // this row takes over the shares of the row it is put under
	Merge    Behaviour `yaml:"merge"`    // this row moves to the row that stays
}

// Parental is everything happening to the children, too.
func Parental() Cascade {
	return Cascade{Delete: CascadeAll, Assign: CascadeAll, Share: CascadeAll, Unshare: CascadeAll, Reparent: CascadeAll, Merge: CascadeAll}
}

// UnmarshalYAML takes, beside the mapping, the short forms "delete" and
// "restrict" (of the delete alone) and "parental".
func (c *Cascade) UnmarshalYAML(unmarshal func(any) error) error {
	var word string
	if unmarshal(&word) == nil {
		switch word {
		case "delete":
			*c = Cascade{Delete: CascadeAll}
		case "restrict":
			*c = Cascade{Delete: Restrict}
		case "parental":
			*c = Parental()
		case "":
		default:
			return errs.New(errs.Invalid, "metadata.cascade", "cascade is delete, restrict, parental or a list of behaviours, not %q", word)
		}
		return nil
	}
	type plain Cascade
	return unmarshal((*plain)(c))
}

// OnDelete gives what becomes of a row when the row that the lookup leads to is deleted.
func (c *Column) OnDelete() Behaviour {
	switch {
	case c.Cascade.Delete != "":
		return c.Cascade.Delete
	case c.Required:
		return Restrict
	}
	return RemoveLink
}

func (c *Column) checkCascade() error {
	known := map[string]struct {
		given Behaviour
		taken []Behaviour
	}{
		"delete":   {c.Cascade.Delete, []Behaviour{CascadeAll, RemoveLink, Restrict, NoCascade}},
		"assign":   {c.Cascade.Assign, []Behaviour{NoCascade, CascadeAll, Active, UserOwned}},
		"share":    {c.Cascade.Share, []Behaviour{NoCascade, CascadeAll, Active, UserOwned}},
		"unshare":  {c.Cascade.Unshare, []Behaviour{NoCascade, CascadeAll, Active, UserOwned}},
		"reparent": {c.Cascade.Reparent, []Behaviour{NoCascade, CascadeAll, Active, UserOwned}},
		"merge":    {c.Cascade.Merge, []Behaviour{NoCascade, CascadeAll}},
	}
	for what, k := range known {
		if k.given == "" {
			continue
		}
		if !c.IsLookup() {
			return wrong(c, "cascade", "only a lookup has cascade behaviours")
		}
		ok := false
		for _, b := range k.taken {
			ok = ok || b == k.given
		}
		if !ok {
			return wrong(c, "cascade", "%s can't be %q on %s", c.Name, k.given, what)
		}
	}
	if c.Cascade.Delete == RemoveLink && c.Required {
		return wrong(c, "cascade", "a required lookup can't be emptied when its target is deleted: say Restrict or Cascade")
	}
	return nil
}
