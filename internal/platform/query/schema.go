package query

// Schema is what a tree is checked and rendered against. Metadata implements it.
type Schema interface {
	// QueryTable gives the shape of a table by logical name.
	QueryTable(name string) (*Table, bool)
}

// Table is the shape of one table as queries see it. It is immutable; metadata
// builds one per table and epoch.
type Table struct {
	Name      string // logical name, also the name in the database
	PrimaryID string
	Owned     bool // has ownerid and owningbusinessunit
	Columns   map[string]Column
	Relations map[string]Relation // by navigation property
	AllNames  []string            // all logical column names in display order
	Secured   bool                // column security applies to some column
	Audited   bool                // reads of some column leave a trace
	// Indexes lists the columns of each index on all rows; the primary id follows
	// them in the database. What is asked is answered without them, only slower.
	Indexes [][]string
	Parent  string // lookup to the row above, where rows form a tree; "" leaves it to the names
}

// Column is the shape of one column.
type Column struct {
	Name       string
	Kind       Kind
	Scale      uint8  // of Fixed
	Folded     bool   // a companion column FoldedName(Name) holds Fold(value)
	TypeColumn string // of a polymorphic lookup: the column that holds the target's logical name
	Secured    bool   // column security applies
	Audited    bool   // reads leave a trace
	NotNull    bool   // the store never leaves it empty; lets a sort by it walk a plain index
}

// Relation leads from a table to another.
type Relation struct {
	Name   string
	Table  string // logical name of the other table
	From   string // column here
	To     string // column there
	Many   bool   // a collection (1:N); otherwise a lookup (N:1)
	OnType string // for a polymorphic lookup: value that the TypeColumn of From (or To, when Many) must have
	Via    Via    // of an N:N relation; From and To are then the two primary ids
}

// ManyToMany tells whether the relation leads through an intersect table.
func (r Relation) ManyToMany() bool { return r.Via.Table != "" }

// Via is the intersect table of an N:N relation. Its rows are not guarded: who
// may see both rows sees that they belong together.
type Via struct {
	Table string // logical name of the intersect table
	Here  string // its column that leads here
	There string // its column that leads there
	Back  string // name of the relation from there to here
}

// ViaKey names, in rows that RenderRelated finds by an N:N relation, the value
// of the key to which each belongs.
const ViaKey = "@via"

// KeyColumn names the column, in rows that RenderRelated finds, by which each
// belongs to one of the keys.
func (r Relation) KeyColumn() string {
	if r.ManyToMany() {
		return ViaKey
	}
	return r.To
}

// FoldedName gives the name of the companion column that holds the folded text.
func FoldedName(column string) string { return column + "__f" }

// Guard gives the condition that rows of a table must meet to be seen by
// whoever asks; nil means all rows. An error refuses the whole query.
type Guard func(table string) (Node, error)

// Cursor is a position in an ordered result: the values of the order columns
// (the primary id last) of the last row seen.
type Cursor []any
