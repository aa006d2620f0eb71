package metadata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Column defines one column.
type Column struct {
	Name        string   `yaml:"name"` // logical name, lower case
	Schema      string   `yaml:"schema"`
	TypeName    string   `yaml:"type"`
	Label       Label    `yaml:"label"`
	Description string   `yaml:"description"`
	Required    bool     `yaml:"required"`
	Max         int      `yaml:"max"`       // characters of text and memo; 0 means the type's default
	Precision   *uint8   `yaml:"precision"` // digits after the point of decimal
	Least       *int64   `yaml:"least"`     // of whole, decimal and money, in whole units
	Most        *int64   `yaml:"most"`
	Options     []Option `yaml:"options"`
	Targets     []string `yaml:"targets"` // of lookup: logical names; several make it polymorphic
	// Nav is the navigation property to the target; default is the column's name.
	// Of a polymorphic lookup it is a pattern in which {table} stands for the
	// target; without it, the target's name is put behind.
	Nav string `yaml:"nav"`
	// Collection is the navigation property back. {table} and {Table} stand for
	// the target's logical and schema name; Collections names it for single targets.
	Collection  string            `yaml:"collection"`
	Collections map[string]string `yaml:"collections"`
	Cascade     string            `yaml:"cascade"` // of lookup, when the parent is deleted: "" removes the link, "delete" deletes this row, "restrict" refuses
	Default     any               `yaml:"default"`
	Searchable  bool              `yaml:"searchable"`
	ReadOnly    bool              `yaml:"readonly"` // set by the platform, refused from outside
	Secured     bool              `yaml:"secured"`
	System      bool              `yaml:"-"` // added by the platform to every table

	kind Type
}

// Type is what a kind of column can do. Each lives in a file of its own.
type Type interface {
	// Shape says how the column is stored and compared.
	Shape(c *Column) Shape
	// Coerce turns a JSON or YAML value, or a canonical one, into the canonical
	// value of the column, and refuses what the column can't hold. It is never
	// given nil.
	Coerce(c *Column, v any) (any, error)
}

// Type gives the behaviour of the column's type.
func (c *Column) Type() Type { return c.kind }

// Polymorphic tells whether a lookup can lead to several tables.
func (c *Column) Polymorphic() bool { return c.TypeName == "lookup" && len(c.Targets) > 1 }

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
func (c *Column) IsLookup() bool { return c.TypeName == "lookup" }

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
