package history

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Targets of a column beside the logical names of the lead's columns.
const (
	Keep = "keep" // a column of its own in the history table
	Skip = "skip" // left out
)

// Limits of what a mapping and a file may hold.
const (
	maxMapping = 1 << 20 // bytes of a mapping as YAML
	maxHorizon = 3650    // days
)

// Mapping says what the columns of a file mean. The zero value of a field asks
// for the usual or for a guess.
type Mapping struct {
	Delimiter string `yaml:"delimiter,omitempty" json:"delimiter,omitempty"` // one character, or "tab"; "" is found out
	Encoding  string `yaml:"encoding,omitempty" json:"encoding,omitempty"`   // utf-8, utf-16le, utf-16be, windows-1252, iso-8859-1; "" is found out
	Decimal   string `yaml:"decimal,omitempty" json:"decimal,omitempty"`     // decimal sign, "." or ","; "" is "."
	// Key names the file's columns that together tell leads apart. A later file
	// with the same key updates the row. Without one every row is a lead of its own.
	Key []string `yaml:"key,omitempty" json:"key,omitempty"`
	// Columns maps columns of the file to columns of the lead, or to Keep or Skip.
	Columns map[string]string `yaml:"columns,omitempty" json:"columns,omitempty"`
	// Unmapped says what becomes of columns that are not named: Keep or Skip; "" is Skip.
	Unmapped string  `yaml:"unmapped,omitempty" json:"unmapped,omitempty"`
	Outcome  Outcome `yaml:"outcome,omitempty" json:"outcome"`
	Time     Time    `yaml:"time,omitempty" json:"time"`
	Horizon  int     `yaml:"horizon,omitempty" json:"horizon,omitempty"` // days within which the outcome fell; 0 says nothing about it
}

// Outcome tells what became of the lead.
type Outcome struct {
	Column   string   `yaml:"column,omitempty" json:"column,omitempty"` // "" where the file holds no outcomes
	Positive []string `yaml:"positive,omitempty" json:"positive,omitempty"`
	// Negative lists the values that mean no. Empty: every other value does. With
	// a list, a value in neither list is an outcome that is still open.
	Negative []string `yaml:"negative,omitempty" json:"negative,omitempty"`
}

// Time tells when a row was true.
type Time struct {
	Column string `yaml:"column,omitempty" json:"column,omitempty"` // "" takes the order of the file, oldest first
	Format string `yaml:"format,omitempty" json:"format,omitempty"` // iso, dmy, mdy, unix; "" is found out
}

// ParseMapping reads a mapping from YAML, of which JSON is a part.
func ParseMapping(r io.Reader) (Mapping, error) {
	var m Mapping
	text, err := io.ReadAll(io.LimitReader(r, maxMapping+1))
	if err != nil {
		return m, err
	}
	if len(text) > maxMapping {
		return m, errs.New(errs.TooLarge, "history.mapping", "the mapping is larger than %d bytes", maxMapping)
	}
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField())
	if err := d.Decode(&m); err != nil {
		return m, errs.Wrap(err, errs.Invalid, "history.mapping", "the mapping can't be read: %s", firstLine(yaml.FormatError(err, false, false)))
	}
	return m, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// Check finds everything that is wrong with the mapping for a file with the
// given header. leads tells whether the lead has such a column.
func (m Mapping) Check(header []string, leads func(column string) bool) error {
	var bad []errs.Field
	complain := func(name, code, message string) {
		bad = append(bad, errs.Field{Name: name, Code: code, Message: message})
	}
	has := func(c string) bool { return slices.Contains(header, c) }
	if _, err := read.ParseDelimiter(m.Delimiter); err != nil {
		complain("delimiter", "delimiter", "a single character, or tab")
	}
	if !read.KnownEncoding(m.Encoding) {
		complain("encoding", "encoding", "one of utf-8, utf-16le, utf-16be, windows-1252, iso-8859-1")
	}
	if m.Decimal != "" && m.Decimal != "." && m.Decimal != "," {
		complain("decimal", "decimal", "a point or a comma")
	}
	if m.Unmapped != "" && m.Unmapped != Keep && m.Unmapped != Skip {
		complain("unmapped", "unmapped", "keep or skip")
	}
	if m.Horizon < 0 || m.Horizon > maxHorizon {
		complain("horizon", "range", "between 0 and 3650 days")
	}
	for _, k := range m.Key {
		if !has(k) {
			complain("key", "column.missing", "the file has no column "+k)
		}
	}
	taken := map[string]string{}
	for _, from := range header {
		to, ok := m.Columns[from]
		if !ok || to == Keep || to == Skip {
			continue
		}
		if !leads(to) {
			complain("columns."+from, "column.unknown", "the lead has no column "+to)
		} else if other, twice := taken[to]; twice {
			complain("columns."+from, "column.twice", to+" is filled from "+other+" already")
		}
		taken[to] = from
	}
	for from := range m.Columns {
		if !has(from) {
			complain("columns."+from, "column.missing", "the file has no such column")
		}
	}
	if c := m.Outcome.Column; c != "" {
		if !has(c) {
			complain("outcome.column", "column.missing", "the file has no column "+c)
		}
		if len(m.Outcome.Positive) == 0 {
			complain("outcome.positive", "required", "name the values that mean success")
		}
	}
	if c := m.Time.Column; c != "" && !has(c) {
		complain("time.column", "column.missing", "the file has no column "+c)
	}
	if f := m.Time.Format; f != "" && !slices.Contains(cell.Orders(), f) {
		complain("time.format", "format", "one of iso, dmy, mdy, unix")
	}
	slices.SortFunc(bad, func(a, b errs.Field) int { return strings.Compare(a.Name, b.Name) })
	return errs.InvalidFields("history.mapping", "the mapping does not fit the file", bad)
}

// target gives what becomes of a column of the file: Skip, Keep, or a column of the lead.
func (m Mapping) target(column string) string {
	if to, ok := m.Columns[column]; ok {
		return to
	}
	if column == m.Outcome.Column || column == m.Time.Column || m.Unmapped != Keep {
		return Skip
	}
	return Keep
}

// ReadMapping is ParseMapping of a text.
func ReadMapping(text string) (Mapping, error) { return ParseMapping(strings.NewReader(text)) }
