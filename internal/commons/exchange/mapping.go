package exchange

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Mapping says what is exchanged with a counterpart. A case there is a record of
// the table Case here; the record that it is about, its subject, may be another
// one, to which the column Lookup of the case leads.
type Mapping struct {
	Kind    string  `json:"kind"`    // what the counterpart calls such cases
	Case    string  `json:"case"`    // table
	Subject string  `json:"subject"` // table; "" where the case stands for itself
	Lookup  string  `json:"lookup"`  // column of the case that leads to the subject
	Open    *Open   `json:"open"`    // nil: exchanges are opened by action alone
	Close   Close   `json:"close"`
	Status  Status  `json:"status"`
	Fields  []Field `json:"fields"`
	Notes   bool    `json:"notes"`     // notes of the case and of its subject flow both ways
	Files   bool    `json:"documents"` // and so do notes with a document
}

// Open says when a case is opened: a subject comes to satisfy When, in one of the
// stages of a process where any are named.
type Open struct {
	When    string            `json:"when"` // OData $filter text on the subject, or on the case where there is none
	Process string            `json:"process"`
	Stages  []string          `json:"stages"`
	Values  map[string]any    `json:"values"` // of the new case
	Copy    map[string]string `json:"copy"`   // column of the new case → column of the subject
}

// Close says when an exchange ends.
type Close struct {
	When   string `json:"when"`   // OData $filter text on the subject, or on the case where there is none
	Status string `json:"status"` // what the counterpart is told then
}

// Status says how the statuses of both sides show.
type Status struct {
	Column string           `json:"column"` // choice column of the case that shows the status there
	Reason string           `json:"reason"` // text column of the case for its reason
	Values map[string]int64 `json:"values"` // status there → option
	Ours   map[string]int64 `json:"ours"`   // status that the counterpart is told → status reason of the case
}

// Field is a value that both sides hold.
type Field struct {
	Name   string           `json:"name"`   // there
	On     string           `json:"on"`     // "case" or "subject"
	Column string           `json:"column"` // here
	Owner  string           `json:"owner"`  // "ours", "theirs" or "both"
	Values map[string]int64 `json:"values"` // of choices: value there → option
}

// The owners of a field.
const (
	ours   = "ours"
	theirs = "theirs"
	both   = "both"
)

const (
	onCase    = "case"
	onSubject = "subject"

	mostFields  = 200
	mostMapping = 200_000
)

var word = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,100}$`)
var statusWord = regexp.MustCompile(`^[a-z0-9_-]{1,60}$`)

// mapping is a Mapping that has been checked against the catalog.
type mapping struct {
	Mapping
	cases    *metadata.Table
	subjects *metadata.Table // the cases themselves where there is no subject
	opens    *query.Matcher
	closes   *query.Matcher
	stages   []id.ID
}

// compile reads and checks the text of a mapping.
func compile(text []byte, catalog *metadata.Catalog) (*mapping, error) {
	if len(text) > mostMapping {
		return nil, badMapping("", "a mapping has at most %d bytes", mostMapping)
	}
	m := new(mapping)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m.Mapping); err != nil {
		return nil, badMapping("", "this is no mapping: %s", err.Error())
	}
	var ok bool
	if m.cases, ok = catalog.Table(m.Case); !ok || m.cases.NoTrack || m.cases.Managed {
		return nil, badMapping("case", "there is no table %q whose records can be exchanged", m.Case)
	}
	m.subjects = m.cases
	if m.Kind == "" || len(m.Kind) > 60 {
		return nil, badMapping("kind", "the kind is a word of at most 60 characters")
	}
	if m.Subject != "" {
		c, has := m.cases.Column(m.Lookup)
		if m.subjects, ok = catalog.Table(m.Subject); !ok || !has || !c.IsLookup() || !slices.Contains(c.Targets, m.Subject) {
			return nil, badMapping("lookup", "%s.%s does not lead to %q", m.Case, m.Lookup, m.Subject)
		}
	}
	if err := m.compileFields(); err != nil {
		return nil, err
	}
	if err := m.compileStatus(); err != nil {
		return nil, err
	}
	return m, m.compileTimes(catalog)
}

func (m *mapping) compileFields() error {
	if len(m.Fields) > mostFields {
		return badMapping("fields", "at most %d fields are exchanged", mostFields)
	}
	names := map[string]bool{}
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.On == "" {
			f.On = onCase
		}
		if !word.MatchString(f.Name) || names[f.Name] || f.On != onCase && (f.On != onSubject || m.Subject == "") || f.Owner != ours && f.Owner != theirs && f.Owner != both {
			return badMapping("fields", "field %d (%q) needs a name of its own, on case or subject, and the owner ours, theirs or both", i+1, f.Name)
		}
		names[f.Name] = true
		c, ok := m.table(f.On).Column(f.Column)
		switch {
		case !ok || c.IsFile() || c.TypeName == "json" || c.TypeName == "multichoice":
			return badMapping("fields", "field %s: %s.%s is no column that can be exchanged", f.Name, m.table(f.On).Name, f.Column)
		case f.Owner != ours && (c.IsLookup() || c.Computed()):
			return badMapping("fields", "field %s: the column can't be written, so the field must be ours", f.Name)
		}
		for v, option := range f.Values {
			if _, has := c.Option(option); !has {
				return badMapping("fields", "field %s: %s.%s has no option %d for %q", f.Name, m.table(f.On).Name, f.Column, option, v)
			}
		}
	}
	return nil
}

func (m *mapping) compileStatus() error {
	s := m.Status
	if s.Column != "" {
		c, ok := m.cases.Column(s.Column)
		if !ok || !c.IsChoice() {
			return badMapping("status.column", "%s.%s is no choice", m.Case, s.Column)
		}
		for v, option := range s.Values {
			if _, has := c.Option(option); !has || !statusWord.MatchString(v) {
				return badMapping("status.values", "%q is no status, or there is no option %d", v, option)
			}
		}
	}
	if s.Reason != "" {
		if c, ok := m.cases.Column(s.Reason); !ok || c.TypeName != "text" && c.TypeName != "memo" {
			return badMapping("status.reason", "%s.%s is no text", m.Case, s.Reason)
		}
	}
	for v := range s.Ours {
		if !statusWord.MatchString(v) {
			return badMapping("status.ours", "%q is no status", v)
		}
	}
	return nil
}

func (m *mapping) compileTimes(catalog *metadata.Catalog) (err error) {
	if m.Close.When != "" {
		if m.closes, err = odata.Condition(catalog, m.subjects, m.Close.When); err != nil {
			return badMapping("close.when", "%s", err.Error())
		}
		if !statusWord.MatchString(m.Close.Status) {
			return badMapping("close.status", "the counterpart needs a status at the end")
		}
	}
	if m.Open == nil {
		return nil
	}
	if m.opens, err = odata.Condition(catalog, m.subjects, m.Open.When); err != nil {
		return badMapping("open.when", "%s", err.Error())
	}
	for _, stage := range m.Open.Stages {
		m.stages = append(m.stages, process.StageID(m.Open.Process, stage))
	}
	for name := range m.Open.Values {
		if _, ok := m.cases.Column(name); !ok {
			return badMapping("open.values", "%s has no column %s", m.Case, name)
		}
	}
	for to, from := range m.Open.Copy {
		if _, ok := m.cases.Column(to); !ok {
			return badMapping("open.copy", "%s has no column %s", m.Case, to)
		}
		if _, ok := m.subjects.Column(from); !ok {
			return badMapping("open.copy", "%s has no column %s", m.subjects.Name, from)
		}
	}
	return nil
}

// table gives the table that fields on the case, or on the subject, belong to.
func (m *mapping) table(on string) *metadata.Table {
	if on == onSubject {
		return m.subjects
	}
	return m.cases
}

func (m *mapping) field(name string) *Field {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i]
		}
	}
	return nil
}

// tables lists those whose changes matter.
func (m *mapping) tables() []string {
	if m.Subject == "" || m.Subject == m.Case {
		return []string{m.Case}
	}
	return []string{m.Case, m.Subject}
}
