package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// The kinds of reports.
const (
	Steps = "steps" // how many records, and what they are worth
	Times = "times" // how long records stay in the stages of a process
)

// Definition is a report as it is written.
type Definition struct {
	Kind    string         `json:"kind"`
	Label   metadata.Label `json:"label"`
	About   metadata.Label `json:"about"`
	Process string         `json:"process"` // of times: the name of the process
	Steps   []*Step        `json:"steps"`
	By      []*Dimension   `json:"by"`
}

// Step is one number of a report.
type Step struct {
	Name   string         `json:"name"`
	Label  metadata.Label `json:"label"`
	About  metadata.Label `json:"about"`
	Table  string         `json:"table"`
	Filter string         `json:"filter"` // $filter text; {now} stands for the present moment
	// Reached is process/stage: only records whose process is in the stage or has passed it.
	Reached string `json:"reached"`
	Date    string `json:"date"`   // column that must lie in the period, by way of lookups such as originatingleadid/createdon
	Amount  string `json:"amount"` // column that is added up, in the base currency where it is money
	Of      string `json:"of"`     // name of the step that this one is a share of

	table  *metadata.Table
	date   path
	amount string // column that is added up
	money  bool
}

// Dimension is something that the numbers can be told by.
type Dimension struct {
	Name    string            `json:"name"`
	Label   metadata.Label    `json:"label"`
	Columns map[string]string `json:"columns"` // table → column, by way of lookups
	First   int               `json:"first"`   // of text: only so many characters from the start count; 0 is all

	paths map[string]path
}

const (
	mostSteps = 20
	mostBy    = 20
)

var (
	nameText  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	stageText = regexp.MustCompile(`^([a-z][a-z0-9_]{0,127})/([a-z][a-z0-9_]{0,127})$`)
)

func invalid(format string, args ...any) error {
	return errs.New(errs.Invalid, "report.definition", format, args...)
}

// Compile reads a definition and checks it against the catalog.
func Compile(text []byte, catalog *metadata.Catalog) (*Definition, error) {
	d := new(Definition)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, invalid("this is not the definition of a report: %s", err.Error())
	}
	if d.Label["en"] == "" {
		return nil, invalid("a report needs label.en")
	}
	switch d.Kind {
	case Times:
		if d.Process == "" || len(d.Steps) > 0 || len(d.By) > 0 {
			return nil, invalid("a report of times names a process, and has neither steps nor dimensions")
		}
		return d, nil
	case Steps:
	default:
		return nil, invalid("the kind of a report is %s or %s", Steps, Times)
	}
	if len(d.Steps) == 0 || len(d.Steps) > mostSteps || len(d.By) > mostBy || d.Process != "" {
		return nil, invalid("a report of steps has 1 to %d of them, at most %d dimensions, and names no process", mostSteps, mostBy)
	}
	known := map[string]bool{}
	for i, s := range d.Steps {
		if s == nil || !nameText.MatchString(s.Name) || known[s.Name] || s.Label["en"] == "" {
			return nil, invalid("step %d has no name of its own, or no label.en", i+1)
		}
		if s.Of != "" && !known[s.Of] {
			return nil, invalid("step %s: of names no step before it", s.Name)
		}
		known[s.Name] = true
		if err := s.compile(catalog); err != nil {
			return nil, invalid("step %s: %s", s.Name, err.Error())
		}
	}
	named := map[string]bool{}
	for i, b := range d.By {
		if b == nil || !nameText.MatchString(b.Name) || named[b.Name] || b.Label["en"] == "" || b.First < 0 {
			return nil, invalid("dimension %d has no name of its own, or no label.en", i+1)
		}
		named[b.Name] = true
		if err := b.compile(catalog, d.Steps); err != nil {
			return nil, invalid("dimension %s: %s", b.Name, err.Error())
		}
	}
	return d, nil
}

func (s *Step) compile(catalog *metadata.Catalog) error {
	t, ok := catalog.Table(s.Table)
	if !ok {
		return invalid("there is no table %q", s.Table)
	}
	s.table = t
	var err error
	if s.date, err = follow(catalog, t, s.Date); err != nil {
		return err
	}
	if k := s.date.column.TypeName; k != "datetime" && k != "date" {
		return invalid("%s is no date", s.Date)
	}
	if s.Reached != "" {
		if _, has := t.Column("traversedpath"); !has || !stageText.MatchString(s.Reached) {
			return invalid("reached is process/stage, on a table whose records go by processes")
		}
	}
	if s.Amount != "" {
		c, ok := t.Column(s.Amount)
		if !ok || !slices.Contains([]string{"money", "decimal", "whole"}, c.TypeName) {
			return invalid("%q can't be added up", s.Amount)
		}
		if s.amount, s.money = s.Amount, c.TypeName == "money"; s.money && c.BaseOf == "" {
			s.amount = s.Amount + "_base"
		}
	}
	_, err = s.where(&odata.Context{Catalog: catalog, Now: time.Unix(0, 0)})
	return err
}

// where gives the condition of the step alone.
func (s *Step) where(text *odata.Context) (query.Node, error) {
	all := query.And{}
	if s.Filter != "" {
		n, err := odata.ParseFilter(text, s.table, strings.ReplaceAll(s.Filter, "{now}", text.Now.UTC().Format(time.RFC3339)))
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	if m := stageText.FindStringSubmatch(s.Reached); m != nil {
		all = append(all, query.TextMatch{Left: query.Path{"traversedpath"}, Op: query.Contains, Text: process.StageID(m[1], m[2]).String()})
	}
	return all, nil
}

func (b *Dimension) compile(catalog *metadata.Catalog, steps []*Step) error {
	b.paths = map[string]path{}
	for table, column := range b.Columns {
		t, ok := catalog.Table(table)
		if !ok {
			return invalid("there is no table %q", table)
		}
		p, err := follow(catalog, t, column)
		if err != nil {
			return err
		}
		switch p.column.TypeName {
		case "text", "choice", "boolean", "lookup", "owner", "customer", "whole":
		default:
			return invalid("nothing is told by a column of type %s", p.column.TypeName)
		}
		if b.First > 0 && p.column.TypeName != "text" {
			return invalid("first is for texts, which %s is not", column)
		}
		b.paths[table] = p
	}
	for _, s := range steps {
		if _, has := b.paths[s.Table]; !has {
			return invalid("it names no column of %s", s.Table)
		}
	}
	return nil
}

// dimension finds a dimension by its name.
func (d *Definition) dimension(name string) (*Dimension, error) {
	for _, b := range d.By {
		if b.Name == name {
			return b, nil
		}
	}
	return nil, errs.New(errs.Invalid, "report.by", "the report is not told by %q", clip(name))
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// Money tells whether the step adds up money, which it does in the base currency.
func (s *Step) Money() bool { return s.money }
