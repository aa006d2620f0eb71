package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Definition is what a checklist says.
type Definition struct {
	Process string `json:"process"` // whose stages the items name; "" where none does
	Items   []Item `json:"items"`
}

// Item is one document that is needed.
type Item struct {
	Key      string            `json:"key"`
	Name     map[string]string `json:"name"` // en, de
	Help     map[string]string `json:"help"`
	When     string            `json:"when"`   // OData $filter text on the record; "" is always
	Stages   []string          `json:"stages"` // at which it is asked for; none is from the beginning
	Kinds    []string          `json:"kinds"`  // pdf, image, office, text; none is pdf and image
	Most     int64             `json:"most"`   // files; 0 means 5
	MaxAge   int64             `json:"maxage"` // days that the document may be old, as people are told; 0 is any
	Optional bool              `json:"optional"`
}

const (
	itemsMost   = 100
	filesMost   = 20
	filesUsual  = 5
	definedMost = 100_000 // bytes
)

// checklist is a definition that has been checked.
type checklist struct {
	id       id.ID
	table    *metadata.Table
	contacts []string
	complete string
	items    []item
}

type item struct {
	Item
	stages  []id.ID
	matcher *query.Matcher // nil where the condition goes beyond the record, or is none
	node    query.Node     // nil always holds
}

func invalid(field, format string, args ...any) error {
	return errs.InvalidFields("document.checklist", "the checklist can't be used as it stands", []errs.Field{{Name: field, Code: "definition", Message: errs.New(errs.Invalid, "", format, args...).Message}})
}

// compile reads and checks a checklist.
func compile(catalog *metadata.Catalog, row record.Row) (*checklist, error) {
	t, ok := catalog.Table(row.Text("rpt_table"))
	if !ok {
		return nil, invalid("rpt_table", "there is no table %q", row.Text("rpt_table"))
	}
	l := &checklist{id: row.ID("rpt_documentchecklistid"), table: t, complete: row.Text("rpt_completecolumn")}
	if c, ok := t.Column(l.complete); l.complete != "" && (!ok || c.TypeName != "boolean") {
		return nil, invalid("rpt_completecolumn", "the table %s has no yes/no column %q", t.Name, l.complete)
	}
	for name := range strings.SplitSeq(row.Text("rpt_contactcolumns"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if c, ok := t.Column(name); !ok || !c.IsLookup() || !slices.Contains(c.Targets, "contact") && !slices.Contains(c.Targets, "account") {
			return nil, invalid("rpt_contactcolumns", "%q of %s leads to no contact", name, t.Name)
		}
		l.contacts = append(l.contacts, name)
	}
	raw, _ := row["rpt_definition"].(json.RawMessage)
	d, err := parse(raw)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for i, it := range d.Items {
		where := "item " + it.Key
		switch {
		case it.Key == "" || len(it.Key) > 100 || known[it.Key]:
			return nil, invalid("rpt_definition", "item %d has no key, or one that stands twice", i+1)
		case it.Name["en"] == "" || len(it.Name["en"]) > 300 || len(it.Name["de"]) > 300 || len(it.Help["en"]) > 2000 || len(it.Help["de"]) > 2000:
			return nil, invalid("rpt_definition", "%s has no name.en, or too long words", where)
		case it.Most < 0 || it.Most > filesMost || it.MaxAge < 0 || it.MaxAge > 36500:
			return nil, invalid("rpt_definition", "%s: most is from 1 to %d files, maxage a number of days", where, filesMost)
		case len(it.Stages) > 0 && d.Process == "":
			return nil, invalid("rpt_definition", "%s names stages, and the definition no process", where)
		}
		known[it.Key] = true
		for _, k := range it.Kinds {
			if kinds[k] == nil {
				return nil, invalid("rpt_definition", "%s: %q is no kind of file; there are pdf, image, office and text", where, k)
			}
		}
		one := item{Item: it}
		if one.Most == 0 {
			one.Most = filesUsual
		}
		for _, stage := range it.Stages {
			one.stages = append(one.stages, process.StageID(d.Process, stage))
		}
		if it.When != "" {
			if one.node, err = filter(catalog, t, it.When); err != nil {
				return nil, invalid("rpt_definition", "%s: %s", where, err.Error())
			}
			if m, err := query.Compile(catalog, t.Name, one.node); err == nil {
				if _, err := m.Match(nil); err == nil {
					one.matcher = m
				}
			}
		}
		l.items = append(l.items, one)
	}
	return l, nil
}

func parse(raw []byte) (Definition, error) {
	var d Definition
	if len(raw) > definedMost {
		return d, invalid("rpt_definition", "a definition has at most %d bytes", definedMost)
	}
	r := json.NewDecoder(bytes.NewReader(raw))
	r.DisallowUnknownFields()
	if err := r.Decode(&d); err != nil {
		return d, invalid("rpt_definition", "this is not the definition of a checklist: %s", err.Error())
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) || len(d.Items) == 0 || len(d.Items) > itemsMost {
		return d, invalid("rpt_definition", "a checklist has from 1 to %d items", itemsMost)
	}
	return d, nil
}

// at tells whether an item is asked for at a stage.
func (i item) at(stage id.ID) bool {
	return len(i.stages) == 0 || slices.Contains(i.stages, stage)
}

// reached tells whether anything of the list is asked for at a stage.
func (l *checklist) reached(stage id.ID) bool {
	return slices.ContainsFunc(l.items, func(i item) bool { return i.at(stage) })
}
