package metadata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Column defines one column.
type Column struct {
	Name        string `yaml:"name"` // logical name, lower case
	Schema      string `yaml:"schema"`
	TypeName    string `yaml:"type"` // one of TypeNames
	Label       Label  `yaml:"label"`
	Description string `yaml:"description"`
	Example     string `yaml:"example"`     // of json: a text that people can begin with
	Required    bool   `yaml:"required"`    // a row without a value is refused
	Recommended bool   `yaml:"recommended"` // people are asked for a value; none is needed
	Later       bool   `yaml:"later"`       // not asked of a new record: the platform fills it in, or it comes in the course of the record's life

	Format    string `yaml:"format"`    // of text, whole and datetime, see Formats
	Behaviour string `yaml:"behaviour"` // of datetime: UserLocal (default), DateOnly, TimeZoneIndependent
	Max       int    `yaml:"max"`       // characters of text and memo, bytes of json; 0 means the type's default
	Precision *uint8 `yaml:"precision"` // digits after the point: decimal up to 10 (default 2), money up to 4 (default 4), double for display
	Least     *int64 `yaml:"least"`     // of numbers, in whole units
	Most      *int64 `yaml:"most"`

	Options []Option `yaml:"options"` // of choice and multichoice; of boolean: labels for 0 and 1
	Choice  string   `yaml:"choice"`  // of choice and multichoice: the global choice whose options it has

	Targets []string `yaml:"targets"` // of lookup: logical names; several make it polymorphic
	// Nav is the navigation property to the target; default is the column's name.
	// Of a polymorphic lookup it is a pattern in which {table} stands for the
	// target; without it, the target's name is put behind.
	Nav string `yaml:"nav"`
	// Collection is the navigation property back. {table} and {Table} stand for
	// the target's logical and schema name; Collections names it for single targets.
	Collection  string            `yaml:"collection"`
	Collections map[string]string `yaml:"collections"`
	Cascade     Cascade           `yaml:"cascade"`   // what happens to this row when something happens to the row it leads to
	Unindexed   bool              `yaml:"unindexed"` // no index over it: its targets are few and hardly ever asked for these rows or deleted
	Hierarchy   bool              `yaml:"hierarchy"` // the lookup makes a tree of this table: no row may be its own ancestor

	MaxKB  int      `yaml:"max_kb"` // of file and image: largest content in KiB; 0 means 32 MiB
	Accept []string `yaml:"accept"` // of file and image: media types taken, such as "application/pdf" or "image/*"; none takes all that is not dangerous
	Inline bool     `yaml:"inline"` // of file: the content also travels in the row, as base64 text

	AutoNumber string  `yaml:"autonumber"` // of text: pattern of the value that a row without one gets, see AutoNumber
	Formula    string  `yaml:"formula"`    // CEL; the value is computed when the row is written
	Rollup     *Rollup `yaml:"rollup"`     // the value is computed from related rows, in the background

	Default    any    `yaml:"default"`
	Searchable bool   `yaml:"searchable"`
	ReadOnly   bool   `yaml:"readonly"` // set by the platform, refused from outside
	Secured    bool   `yaml:"secured"`
	Audit      string `yaml:"audit"` // "reads": who reads the column leaves a trace; changes always do
	System     bool   `yaml:"-"`     // added by the platform

	// BaseOf, of a money column, is the column whose value this one gives in
	// the organisation's base currency.
	BaseOf string `yaml:"-"`
	// PartOf is the column that this one completes: the name of a file, the
	// date of a roll-up.
	PartOf string `yaml:"-"`

	kind    Type
	formula *Formula
	number  *AutoNumber
}

// AuditReads marks a column whose reads leave a trace.
const AuditReads = "reads"

// Type is what a kind of column can do. Each lives in a file of its own.
type Type interface {
	// Shape says how the column is stored and compared.
	Shape(c *Column) Shape
	// Coerce turns a JSON or YAML value, or a canonical one, into the canonical
	// value of the column, and refuses what the column can't hold. It is never
	// given nil.
	Coerce(c *Column, v any) (any, error)
}

// checker is a type that has something to say about a column's definition.
type checker interface{ check(c *Column) error }

// Type gives the behaviour of the column's type.
func (c *Column) Type() Type { return c.kind }

// Polymorphic tells whether a lookup can lead to several tables.
func (c *Column) Polymorphic() bool { return c.IsLookup() && len(c.Targets) > 1 }

// NavTo gives the navigation property that leads to rows of a target table.
func (c *Column) NavTo(target string) string {
	switch {
	case strings.Contains(c.Nav, "{table}"):
		return strings.ReplaceAll(c.Nav, "{table}", target)
	case c.Polymorphic():
		return c.Nav + "_" + target
	}
	return c.Nav
}

// CollectionOn gives the navigation property that leads back from a target to
// the rows of the table t.
func (c *Column) CollectionOn(target, t *Table) string { return c.collectionOn(target, t) }

// collectionOn names the navigation property that leads back from the target.
func (c *Column) collectionOn(target, of *Table) string {
	if name := c.Collections[target.Name]; name != "" {
		return name
	}
	switch {
	case strings.Contains(c.Collection, "{"):
		return strings.NewReplacer("{table}", target.Name, "{Table}", target.Schema).Replace(c.Collection)
	case c.Collection != "" && c.Polymorphic():
		return target.Name + "_" + c.Collection
	case c.Collection != "":
		return c.Collection
	}
	return target.Name + "_" + of.Name + "_" + c.Name
}

// IsLookup tells whether the column refers to a row of another table.
func (c *Column) IsLookup() bool {
	return c.TypeName == "lookup" || c.TypeName == "customer" || c.TypeName == "owner"
}

// IsFile tells whether the column holds content that package files keeps.
func (c *Column) IsFile() bool { return c.TypeName == "file" || c.TypeName == "image" }

// IsChoice tells whether values are options.
func (c *Column) IsChoice() bool { return c.TypeName == "choice" || c.TypeName == "multichoice" }

// Computed tells whether the platform works the value out from others.
func (c *Column) Computed() bool { return c.Formula != "" || c.Rollup != nil || c.BaseOf != "" }

// Option gives the option of a choice by value.
func (c *Column) Option(v int64) (Option, bool) {
	for _, o := range c.Options {
		if o.Value == v {
			return o, true
		}
	}
	return Option{}, false
}

// OptionByLabel gives the option of a choice by its label in any language, ignoring case.
func (c *Column) OptionByLabel(label string) (Option, bool) {
	for _, o := range c.Options {
		for _, l := range o.Label {
			if equalFold(l, label) {
				return o, true
			}
		}
	}
	return Option{}, false
}

// Coerce turns a value into the canonical one; nil stays nil.
func (c *Column) Coerce(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return c.kind.Coerce(c, v)
}

func wrong(c *Column, code, format string, args ...any) error {
	return errs.New(errs.Invalid, "column."+code, "%s: "+format, append([]any{c.Name}, args...)...)
}
