package flow

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// MaxDocument is the length of a definition's text, in bytes.
const MaxDocument = 1_000_000

// Document is what a definition says. Texts in it are English or a customer's
// own; expressions are CEL (see package expr) over
//
//	trigger  the input of the run
//	steps    the outputs of earlier steps by their ids; null before they ran
//	vars     what "set" steps have set
//	run      id, name and version of the run's flow, startedon
//	now      the time
//
// and, inside a foreach, its item under the name that "as" gives.
type Document struct {
	Name        string           `yaml:"name"` // unique among flows: "lead-upsert"
	Title       string           `yaml:"title"`
	Description string           `yaml:"description"`
	Trigger     Trigger          `yaml:"trigger"`
	Input       map[string]Field `yaml:"input"`
	RunName     any              `yaml:"run_name"`  // template of the run's name; its flow's title if missing
	Regarding   any              `yaml:"regarding"` // template of the id of the record that the run is about
	Secrets     []string         `yaml:"secrets"`   // names of fields that history masks, beside those it always does
	Steps       []Step           `yaml:"steps"`
}

// Trigger says what starts the flow. It is for people: who starts flows decides.
type Trigger struct {
	Type  string `yaml:"type"` // event, record, schedule, manual
	Topic string `yaml:"topic"`
	Event string `yaml:"event"`
	Table string `yaml:"table"`
}

// Field is one member of the input.
type Field struct {
	Type     string `yaml:"type"` // text, number, boolean, object, list; "" is anything
	Required bool   `yaml:"required"`
}

// Step is one step. Type decides which of the other fields it may have.
type Step struct {
	ID    string `yaml:"id"` // unique in the flow; a letter, then letters, digits and _
	Type  string `yaml:"type"`
	Title string `yaml:"title"`
	Retry *Retry `yaml:"retry"`

	// condition: the expression If, then one of two branches.
	If   string `yaml:"if"`
	Then []Step `yaml:"then"`
	Else []Step `yaml:"else"`
	// switch: the expression On, then the first case with an equal value.
	On      string `yaml:"on"`
	Cases   []Case `yaml:"cases"`
	Default []Step `yaml:"default"`
	// foreach: Steps for each item of the list that the expression Items gives.
	Items string `yaml:"items"`
	As    string `yaml:"as"`
	Most  int    `yaml:"most"` // items at most; 0 means 1,000
	Steps []Step `yaml:"steps"`

	// query, create, update, upsert, delete: records of Table.
	Table  string   `yaml:"table"`
	Select []string `yaml:"select"`
	Where  any      `yaml:"where"`
	Order  []Order  `yaml:"order"`
	Limit  int      `yaml:"limit"` // of query; 0 means 50
	// Row is an object of values by column, a template; or a list of such
	// objects, of which later ones win.
	Row  any            `yaml:"row"`
	Omit []string       `yaml:"omit"` // columns that Row must not set
	Fill bool           `yaml:"fill"` // leave out values that are empty instead of clearing columns
	Key  map[string]any `yaml:"key"`  // of upsert: the columns that find the row
	// Target is the id of the record: of update, delete, and actions bound to a table.
	Target any `yaml:"target"`

	// action: by name, with Input.
	Action string `yaml:"action"`
	Input  any    `yaml:"input"`

	// set: templates by name, kept in vars.
	Set map[string]any `yaml:"set"`

	// wait: For a duration such as "5m" or "2h30m" (a template), or Until an expression gives.
	For   any    `yaml:"for"`
	Until string `yaml:"until"`

	// terminate: ends the run with Status (succeeded, failed, cancelled) and Message.
	Status  string `yaml:"status"`
	Message any    `yaml:"message"`
}

// Case is one branch of a switch.
type Case struct {
	Value any    `yaml:"value"` // compared with On
	Steps []Step `yaml:"steps"`
}

// Order is one column that a query sorts by.
type Order struct {
	Column string `yaml:"column"`
	Desc   bool   `yaml:"desc"`
}

// Retry lets a failing step be tried again before the run fails.
type Retry struct {
	Attempts int    `yaml:"attempts"` // further tries, 1 to 20
	Delay    string `yaml:"delay"`    // before each, doubling: "10s"; "" means 5 s
}

// ParseDocument reads a definition, in YAML or JSON. A misspelt field is an error.
func ParseDocument(text []byte) (*Document, error) {
	if len(text) > MaxDocument {
		return nil, errs.New(errs.TooLarge, "flow.invalid", "the definition is longer than 1,000,000 bytes")
	}
	if err := guard(text); err != nil {
		return nil, err
	}
	d := new(Document)
	if err := yaml.UnmarshalWithOptions(text, d, yaml.DisallowUnknownField()); err != nil {
		e := errs.Wrap(err, errs.Invalid, "flow.invalid", "the definition can't be read")
		e.Fields = []errs.Field{{Name: "definition", Code: "syntax", Message: firstLine(yaml.FormatError(err, false, false))}}
		return nil, e
	}
	return d, nil
}

func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' {
			return s[:i]
		}
	}
	return s
}

// maxBrackets is how deeply a definition's values may be nested in brackets.
const maxBrackets = 60

// guard refuses what would cost far more to read than it is long: references to
// other parts of the text, which multiply, and very deep nesting.
func guard(text []byte) error {
	depth := 0
	for _, t := range lexer.Tokenize(string(text)) {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return syntaxError(t, "references to other parts of the text (&, *, <<) can't be used")
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxBrackets {
				return syntaxError(t, "the values are nested too deeply")
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
	}
	return nil
}

func syntaxError(t *token.Token, message string) error {
	return errs.InvalidFields("flow.invalid", "the definition can't be read",
		[]errs.Field{{Name: "definition", Code: "syntax", Message: fmt.Sprintf("line %d: %s", t.Position.Line, message)}})
}
