package transfer

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Modes of an import.
const (
	Create = "create" // every row is a new record
	Update = "update" // a row changes the record that it matches
	Upsert = "upsert" // it does, or makes the record
)

const maxMapping = 1 << 20 // bytes of a mapping as text

// Mapping says what the columns of a file mean. The zero value of a field asks
// for the usual or for a guess.
type Mapping struct {
	Delimiter string `yaml:"delimiter,omitempty" json:"delimiter,omitempty"` // one character, or "tab"
	Encoding  string `yaml:"encoding,omitempty" json:"encoding,omitempty"`
	Sheet     string `yaml:"sheet,omitempty" json:"sheet,omitempty"`     // of a workbook; "" is the first
	Decimal   string `yaml:"decimal,omitempty" json:"decimal,omitempty"` // decimal sign, "." or ","; "" is "."
	Dates     string `yaml:"dates,omitempty" json:"dates,omitempty"`     // order of a date's parts: iso, dmy, mdy, unix
	Zone      string `yaml:"zone,omitempty" json:"zone,omitempty"`       // of moments that name none, such as Europe/Vienna; "" is UTC

	Mode string `yaml:"mode,omitempty" json:"mode,omitempty"` // "" is create
	// Match names the table's columns by which records are found: those of an
	// alternate key, or any others. Create takes none.
	Match []string `yaml:"match,omitempty" json:"match,omitempty"`
	// Columns gives the table's column for columns of the file. Those not named are left out.
	Columns map[string]string `yaml:"columns,omitempty" json:"columns,omitempty"`
	// Lookups says how the target of a lookup is found, by column of the file;
	// without it by id, then by alternate key, then by primary name.
	Lookups map[string]Lookup `yaml:"lookups,omitempty" json:"lookups,omitempty"`
	// Defaults gives columns of the table a value in every row, written as in the file.
	Defaults map[string]string `yaml:"defaults,omitempty" json:"defaults,omitempty"`
	// Clear has an empty cell empty the column of a record that is changed;
	// otherwise the record keeps its value.
	Clear bool `yaml:"clear,omitempty" json:"clear,omitempty"`
}

// Lookup says how the target of a lookup is found.
type Lookup struct {
	Table string `yaml:"table,omitempty" json:"table,omitempty"` // of a lookup to several tables; "" looks in all
	By    string `yaml:"by,omitempty" json:"by,omitempty"`       // column of the target
}

// ParseMapping reads a mapping from YAML, of which JSON is a part.
func ParseMapping(r io.Reader) (Mapping, error) {
	var m Mapping
	text, err := io.ReadAll(io.LimitReader(r, maxMapping+1))
	if err != nil {
		return m, err
	}
	if len(text) > maxMapping {
		return m, errs.New(errs.TooLarge, "import.mapping", "the mapping is larger than %d bytes", maxMapping)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return m, nil
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(&m); err != nil {
		why, _, _ := strings.Cut(strings.TrimSpace(yaml.FormatError(err, false, false)), "\n")
		return m, errs.Wrap(err, errs.Invalid, "import.mapping", "the mapping can't be read: %s", why)
	}
	return m, nil
}

func (m Mapping) mode() string {
	if m.Mode == "" {
		return Create
	}
	return m.Mode
}

func (m Mapping) options() (read.Options, error) {
	d, err := read.ParseDelimiter(m.Delimiter)
	return read.Options{Delimiter: d, Encoding: m.Encoding, Sheet: m.Sheet}, err
}

// check finds everything that is wrong with a mapping for a file of a table.
func (m Mapping) check(t *metadata.Table, header []string) error {
	c := complaints{}
	if m.Decimal != "" && m.Decimal != "." && m.Decimal != "," {
		c.add("decimal", "decimal", "a point or a comma")
	}
	if m.Dates != "" && !slices.Contains(cell.Orders(), m.Dates) {
		c.add("dates", "dates", "one of iso, dmy, mdy, unix")
	}
	if _, err := time.LoadLocation(m.Zone); err != nil || len(m.Zone) > 60 {
		c.add("zone", "zone", "a time zone such as Europe/Vienna")
	}
	if !slices.Contains([]string{"", Create, Update, Upsert}, m.Mode) {
		c.add("mode", "mode", "create, update or upsert")
	}
	taken := m.checkColumns(&c, t, header)
	for name := range m.Defaults {
		if column, ok := t.Column(name); !ok || !Mappable(t, column) {
			c.add("defaults."+name, "column.unknown", "the table has no such column that can be filled")
		} else if from, twice := taken[name]; twice {
			c.add("defaults."+name, "column.twice", "it is filled from "+from+" already")
		}
		taken[name] = "a default"
	}
	if len(taken) == 0 {
		c.add("columns", "required", "say what at least one column means")
	}
	m.checkMatch(&c, t, taken)
	return errs.InvalidFields("import.mapping", "the mapping does not fit the file", c.sorted())
}

// checkColumns gives the columns of the table that are filled, and from where.
func (m Mapping) checkColumns(c *complaints, t *metadata.Table, header []string) map[string]string {
	taken := map[string]string{}
	for _, from := range header {
		to, ok := m.Columns[from]
		if !ok || to == "" {
			continue
		}
		column, known := t.Column(to)
		if !known || !Mappable(t, column) {
			c.add("columns."+from, "column.unknown", "the table has no column "+to+" that can be filled")
			continue
		}
		if other, twice := taken[to]; twice {
			c.add("columns."+from, "column.twice", to+" is filled from "+other+" already")
		}
		taken[to] = from
	}
	for from := range m.Columns {
		if !slices.Contains(header, from) {
			c.add("columns."+from, "column.missing", "the file has no such column")
		}
	}
	for from := range m.Lookups {
		to, ok := t.Column(m.Columns[from])
		if !ok || !to.IsLookup() {
			c.add("lookups."+from, "lookup", "this column of the file fills no lookup")
		} else if m.Lookups[from].Table != "" && !slices.Contains(to.Targets, m.Lookups[from].Table) {
			c.add("lookups."+from, "lookup.table", "the lookup does not lead to "+m.Lookups[from].Table)
		}
	}
	return taken
}

func (m Mapping) checkMatch(c *complaints, t *metadata.Table, taken map[string]string) {
	if m.mode() != Create && len(m.Match) == 0 {
		c.add("match", "required", "name the columns by which records are found")
	}
	if m.mode() == Create && len(m.Match) > 0 {
		c.add("match", "mode", "records that are made anew are not looked for")
	}
	for _, name := range m.Match {
		column, ok := t.Column(name)
		switch {
		case !ok:
			c.add("match", "column.unknown", "the table has no column "+name)
		case taken[name] == "":
			c.add("match", "column.missing", "nothing fills "+name)
		case slices.Contains([]string{"memo", "json", "file", "image", "multichoice", "double"}, column.TypeName):
			c.add("match", "column.type", "records can't be found by "+name)
		}
	}
}

// Mappable tells whether a file may fill a column: what the platform works out is no input.
func Mappable(t *metadata.Table, c *metadata.Column) bool {
	switch c.TypeName {
	case "json", "file", "image":
		return false
	case "id":
		return c.Name == t.ID
	}
	return !c.ReadOnly && !c.Computed() && c.PartOf == ""
}

type complaints struct{ list []errs.Field }

func (c *complaints) add(name, code, message string) {
	c.list = append(c.list, errs.Field{Name: name, Code: code, Message: message})
}

func (c *complaints) sorted() []errs.Field {
	slices.SortStableFunc(c.list, func(a, b errs.Field) int { return strings.Compare(a.Name, b.Name) })
	return c.list
}
