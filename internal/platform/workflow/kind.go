package workflow

import (
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Table is the logical name of the table of definitions.
const Table = "workflow"

// The states of a row.
const (
	Draft     = 0
	Activated = 1
)

// System is the name of the solution of what comes with the product.
const System = "System"

// Definition is what a text says of itself.
type Definition struct {
	Name  string // unique among all kinds
	Title string
	Table string // logical name of the table that it is about; "" for none
	Order *int64 // among those of the table; nil leaves the row's own
}

// Kind is one kind of definition.
type Kind struct {
	Category int64  // of the rows
	Folder   string // in a bundle
	Called   string // by people: "business rule"
	// Empty says that a row without a category is of this kind, too.
	Empty bool
	// Read checks a text by a catalog.
	Read func(text string, catalog *metadata.Catalog) (Definition, error)
	// Needs gives what the data model must have before a text can be used; nil
	// if the kind never needs anything.
	Needs func(text string, shipped *metadata.Catalog) ([]customise.Edit, error)
}

// Has tells whether a row is of this kind.
func (k Kind) Has(row record.Row) bool {
	return k.Empty && row["category"] == nil || row["category"] != nil && row.Int("category") == k.Category
}
