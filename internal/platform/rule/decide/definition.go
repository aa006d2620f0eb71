package decide

import (
	"bytes"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Definition is a decision set as it is written.
type Definition struct {
	Inputs   []Input   `json:"inputs"`
	Formulas []Formula `json:"formulas,omitempty"`
	Tables   []Table   `json:"tables"`
}

// The kinds of inputs and formulas.
const (
	Number  = "number"
	Choice  = "choice" // a whole number out of a list, as choice columns hold it
	Text    = "text"
	Boolean = "boolean"
	Date    = "date" // for formulas; tables have no cells for it
)

// How an input may be changed to make a case pass.
const (
	Fixed = ""     // not at all: an age, a score
	Up    = "up"   // only to more
	Down  = "down" // only to less
	Any   = "any"
)

// Input is a value that comes in: from a column of the record, or as a field of
// what an outside service answers.
type Input struct {
	Name     string   `json:"name"`
	Label    string   `json:"label,omitempty"`
	Kind     string   `json:"kind"`
	Column   string   `json:"column,omitempty"`  // of the record, or by way of a lookup: parentcontactid/birthdate
	Service  string   `json:"service,omitempty"` // name of an outside service
	Field    string   `json:"field,omitempty"`   // of its answer, with dots into objects: report.score
	Fallback any      `json:"fallback,omitempty"`
	Least    *float64 `json:"least,omitempty"` // values below never come; gaps there are none
	Most     *float64 `json:"most,omitempty"`
	Whole    bool     `json:"whole,omitempty"`  // only whole numbers come
	Step     float64  `json:"step,omitempty"`   // the least change worth proposing; 1 by default
	Change   string   `json:"change,omitempty"` // Fixed, Up, Down or Any
	Values   []any    `json:"values,omitempty"` // all that can come, of a text or choice
}

// Formula is a value worked out of inputs and formulas before it, in CEL. today
// is the day of the decision.
type Formula struct {
	Name    string `json:"name"`
	Label   string `json:"label,omitempty"`
	Kind    string `json:"kind"` // Number, Text or Boolean
	Formula string `json:"formula"`
}

// The policies of a table.
const (
	First  = "first"  // the first row that holds counts
	Unique = "unique" // rows must not overlap
)

// Table is one check.
type Table struct {
	Name   string   `json:"name"`
	Label  string   `json:"label,omitempty"`
	Policy string   `json:"policy,omitempty"` // First by default
	Inputs []string `json:"inputs"`
	Rows   []Row    `json:"rows"`
}

// Row gives a verdict when all its cells hold.
type Row struct {
	When    []string `json:"when"` // one cell an input
	Outcome string   `json:"outcome"`
	Reason  string   `json:"reason,omitempty"` // {name} stands for the value of an input or formula
}

// The limits of a definition.
const (
	maxInputs  = 60
	maxTables  = 40
	maxRows    = 200
	maxColumns = 8 // inputs of one table
	maxCell    = 200
	maxReason  = 500
	maxBytes   = 256 << 10
)

// Parse reads a definition from JSON; unknown members are refused.
func Parse(text []byte) (*Definition, error) {
	if len(text) > maxBytes {
		return nil, errs.New(errs.Invalid, "decision.too_long", "a decision set has at most %d bytes", maxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	def := new(Definition)
	if err := d.Decode(def); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "decision.json", "this is not the definition of a decision set: %s", err.Error())
	}
	return def, nil
}
