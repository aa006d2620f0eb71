package query

import "github.com/rapport-platform/rapport/internal/ground/id"

// Query asks for rows of one table.
type Query struct {
	Table  string
	Select []string // logical names of columns; empty means all; the primary id always comes along
	Where  Node     // nil means every row
	Links  []Link   // rows of other tables joined to each row
	Group  *Group   // one row for each group instead of the rows themselves; Select is empty then
	// Distinct gives each combination of the selected values once.
	Distinct bool
	Order    []Order // the primary id is always appended as the last order, so that paging is stable
	Expand   []Expand
	Limit    int    // 0 means the store's default page
	After    Cursor // rows strictly after this position in Order; empty starts at the beginning
	Skip     int    // rows to pass over before the first; the database walks along them
	Count    bool   // ask for the exact number of rows that match Where, whatever Limit is
	// Estimate, beside Count, says that an estimate will do where the exact number
	// would take long.
	Estimate bool
}

// Order sorts by one column of the table, or of a linked one; in a grouped query
// by the name of a key or an aggregate. Text sorts by its folded form; null
// comes first ascending and last descending, on both databases.
type Order struct {
	Column string
	Desc   bool
	Link   string // alias of the link that the column belongs to; "" means the table itself
}

// name gives the name under which a row holds the column.
func (o Order) name() string { return LinkedName(o.Link, o.Column) }

// Expand brings related rows along under the navigation property's name.
type Expand struct {
	Relation string
	Query    Query // Table is taken from the relation; its Limit counts for each row by itself
	// Page bounds the related rows of each row that come at once; where more
	// follow, the row holds the position under NextName. 0 brings all.
	Page int
}

// NextName is where a row keeps the position after the related rows that it
// brings along, when there are more of them.
func NextName(relation string) string { return relation + "@next" }

// Node is one condition.
type Node interface{ isNode() }

// Path names a column, by way of zero or more single-valued relations:
// {"emailaddress1"} or {"primarycontactid", "createdby", "fullname"}. A path that
// begins at a linked row is made by LinkPath.
type Path []string

// Op compares two operands.
type Op uint8

// The comparisons. Text is compared by its folded form, so case does not
// matter. A comparison with null by Eq or Ne is an "is null" test. As in
// Dataverse, Ne of a value also matches rows whose column is null.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

// TextOp is a test of a part of a text.
type TextOp uint8

// The text tests, all by the folded form; only Like knows wildcards.
const (
	Contains TextOp = iota
	StartsWith
	EndsWith
	Like // the whole text by Dataverse's wildcards: % any text, _ one character, [a-f] and [^a-f] one of a set
)

type (
	// And holds when all hold; an empty And holds.
	And []Node
	// Or holds when one holds; an empty Or does not hold.
	Or []Node
	// Not turns its condition around; unknown (null) stays not matching.
	Not struct{ Node Node }
	// Compare tests a column against a value, or against another column of the same row.
	Compare struct {
		Left  Path
		Op    Op
		Value any  // canonical value of the column's kind, or what Check can turn into it
		Right Path // when set, Value is ignored
	}
	// In tests membership; Negate turns it around.
	In struct {
		Left   Path
		Values []any
		Negate bool
	}
	// TextMatch tests a part of a text column.
	TextMatch struct {
		Left Path
		Op   TextOp
		Text string
	}
	// Null tests for the absence of a value; Negate for its presence.
	Null struct {
		Left   Path
		Negate bool
	}
	// Related holds when any (or, with All, every) row of a relation matches
	// Where. A relation to a single row leads to one row or none.
	Related struct {
		Relation string
		All      bool
		Where    Node // nil: any row at all
	}
	// Linked holds when a row of another table (or, with None, no row) has the
	// value of this row's column To in its column From and matches Where.
	Linked struct {
		Table string
		From  string
		To    string
		Where Node // nil: any row at all
		None  bool
	}
	// Hierarchy holds when the column leads to a row above or below another one
	// in the table's tree. The column is the table's primary id or a lookup to it.
	Hierarchy struct {
		Left   Path
		Root   id.ID
		Up     bool // the rows above the root; otherwise those below
		Self   bool // the root belongs to them
		Negate bool // rows outside
	}
	// Const always holds, or never does.
	Const bool
	// Arms is the row filter of access control: rows of these business units, or
	// owned by these principals, or shared with them. An Arms that is wholly
	// empty matches nothing.
	Arms struct {
		Units      []id.ID // owningbusinessunit in
		Owners     []id.ID // ownerid in (the user and the user's teams)
		SharedWith []id.ID // a share of the wanted right exists for one of these; empty when the table has no shares
		Right      int64   // the AccessRights bit a share must hold
	}
)

func (And) isNode()       {}
func (Or) isNode()        {}
func (Not) isNode()       {}
func (Compare) isNode()   {}
func (In) isNode()        {}
func (TextMatch) isNode() {}
func (Null) isNode()      {}
func (Related) isNode()   {}
func (Linked) isNode()    {}
func (Hierarchy) isNode() {}
func (Const) isNode()     {}
func (Arms) isNode()      {}
