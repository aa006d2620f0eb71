package savedquery

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// FormID gives the id of the systemform row of a table's form.
func FormID(table, form string) id.ID { return id.Derive("systemform", table, form) }

const (
	mainForm   = int64(2) // of systemform.type
	formActive = int64(1) // of systemform.formactivationstate
)

// The layout of a form as Dataverse writes it, of which formjson is the same.
type (
	formBody struct {
		XMLName xml.Name  `xml:"form" json:"-"`
		Tabs    []formTab `xml:"tabs>tab" json:"tabs"`
		Header  []formRow `xml:"header>rows>row,omitempty" json:"header,omitempty"`
	}
	formTab struct {
		Name     string        `xml:"name,attr" json:"name"`
		Labels   []formLabel   `xml:"labels>label" json:"labels"`
		Sections []formSection `xml:"columns>column>sections>section" json:"sections"`
	}
	formSection struct {
		Name   string      `xml:"name,attr" json:"name"`
		Labels []formLabel `xml:"labels>label" json:"labels"`
		Rows   []formRow   `xml:"rows>row" json:"rows"`
	}
	formRow struct {
		Cell formCell `xml:"cell" json:"cell"`
	}
	formCell struct {
		Labels  []formLabel `xml:"labels>label" json:"labels"`
		Control formControl `xml:"control" json:"control"`
	}
	formControl struct {
		ID       string `xml:"id,attr" json:"id"`
		Field    string `xml:"datafieldname,attr" json:"datafieldname"`
		Disabled bool   `xml:"disabled,attr" json:"disabled"`
	}
	formLabel struct {
		Text     string `xml:"description,attr" json:"description"`
		Language int64  `xml:"languagecode,attr" json:"languagecode"`
	}
)

func forms(_ *metadata.Catalog, t *metadata.Table, bad func(string, error)) (rows []record.Row) {
	for i, form := range t.Forms {
		body := bodyOf(t, form)
		asXML, err := xml.Marshal(body)
		if err != nil {
			bad(form.Name, err)
			continue
		}
		asJSON, err := json.Marshal(body)
		if err != nil {
			bad(form.Name, err)
			continue
		}
		rows = append(rows, record.Row{"formid": FormID(t.Name, form.Name), "name": form.Name, "objecttypecode": t.Name, "type": mainForm, "formactivationstate": formActive,
			"isdefault": i == 0, "ismanaged": true, "formxml": string(asXML), "formjson": string(asJSON)})
	}
	return rows
}

func bodyOf(t *metadata.Table, form metadata.Form) formBody {
	out := formBody{Header: formRows(t, form.Header)}
	for i, tab := range form.Tabs {
		to := formTab{Name: fmt.Sprintf("tab_%d", i+1), Labels: labelsOf(tab.Label)}
		for j, section := range tab.Sections {
			to.Sections = append(to.Sections, formSection{Name: fmt.Sprintf("tab_%d_section_%d", i+1, j+1), Labels: labelsOf(section.Label), Rows: formRows(t, section.Columns)})
		}
		out.Tabs = append(out.Tabs, to)
	}
	return out
}

func formRows(t *metadata.Table, columns []string) (rows []formRow) {
	for _, name := range columns {
		c, ok := t.Column(name)
		if !ok {
			continue // the catalog has checked that there is none such
		}
		rows = append(rows, formRow{formCell{labelsOf(c.Label), formControl{name, name, c.ReadOnly}}})
	}
	return rows
}

// labelsOf gives a label in the languages that have a code, in its order.
func labelsOf(l metadata.Label) []formLabel {
	var out []formLabel
	for tag, text := range l {
		if code := access.LanguageCode(tag); code != 0 {
			out = append(out, formLabel{text, code})
		}
	}
	slices.SortFunc(out, func(a, b formLabel) int { return int(a.Language - b.Language) })
	return out
}
