package query

import "github.com/rapport-platform/rapport/internal/ground/id"

// Query asks for rows of one table.
type Query struct {
	Table  string
	Select []string // logical names of columns; empty means all; the primary id always comes along
	Where  Node     // nil means every row
	Order  []Order  // the primary id is always appended as the last order, so that paging is stable
	Expand []Expand
	Limit  int    // 0 means the store's default page
	After  Cursor // rows strictly after this position in Order; empty starts at the beginning
	Count  bool   // ask for the exact number of rows that match Where, whatever Limit is
}

// Order sorts by one column of the table. Text sorts by its folded form; null
// comes first ascending and last descending, on both databases.
type Order struct {
	Column string
	Desc   bool
}

// Expand brings related rows along under the navigation property's name.
type Expand struct {
	Relation string
	Query    Query // Table is taken from the relation
}

// Node is one condition.
type Node interface{ isNode() }

// Path names a column, by way of zero or more single-valued relations:
// {"emailaddress1"} or {"primarycontactid", "createdby", "fullname"}.
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

// The text tests, all by the folded form and with no wildcards.
const (
	Contains TextOp = iota
	StartsWith
	EndsWith
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
	// Related holds when any (or, with All, every) row of a collection relation matches Where.
	Related struct {
		Relation string
		All      bool
		Where    Node // nil: any row at all
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
func (Const) isNode()     {}
func (Arms) isNode()      {}
