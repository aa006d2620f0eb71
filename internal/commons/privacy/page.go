package privacy

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// page is what people read of an archive.
type page struct {
	Made   string
	Names  []string
	Parts  []document
	Tables []shown
}

// document is a document of the archive.
type document struct {
	Name, What string
	Count      int
}

// shown is a record on the page.
type shown struct {
	Table, Title string
	Values       []value
}

type value struct{ Label, Text string }

// shownMost is how many records the page shows; the documents hold all.
const shownMost = 2000

// add puts a record on the page, with the labels that people know.
func (p *page) add(t *metadata.Table, row record.Row) {
	if len(p.Tables) >= shownMost {
		return
	}
	one := shown{Table: t.Label.In("en"), Title: row.Text(t.Title)}
	for _, c := range t.Columns {
		v := row[c.Name]
		if v == nil || c.PartOf != "" || c.BaseOf != "" || c.Name == t.ID || c.System && c.Name != "createdon" && c.Name != "modifiedon" {
			continue
		}
		label := c.Label.In("en")
		if label == "" {
			label = c.Name
		}
		one.Values = append(one.Values, value{label, shownText(c, v)})
	}
	slices.SortStableFunc(one.Values, func(a, b value) int { return cmp.Compare(a.Label, b.Label) })
	p.Tables = append(p.Tables, one)
}

func shownText(c *metadata.Column, v any) string {
	switch x := v.(type) {
	case string:
		return x
	case int64:
		if o, ok := c.Option(x); ok {
			return o.Label.In("en")
		}
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case time.Time:
		return x.UTC().Format("2006-01-02 15:04 UTC")
	case query.Number:
		return x.String()
	case id.ID:
		return x.String()
	case []byte:
		return string(x)
	}
	return fmt.Sprint(v)
}

const pageText = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Personal data</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}th{width:30%;font-weight:600}</style>
</head><body><main>
<h1>Personal data</h1>
<p>{{range $i, $n := .Names}}{{if $i}}, {{end}}{{$n}}{{end}}</p>
<p>Made on {{.Made}}. All of it stands in the documents beside this page; the records can be read below.</p>
<h2>What is in this archive</h2>
<table><thead><tr><th scope="col">Document</th><td>What</td><td>Number</td></tr></thead><tbody>
{{range .Parts}}<tr><th scope="row"><a href="{{.Name}}">{{.Name}}</a></th><td>{{.What}}</td><td>{{.Count}}</td></tr>
{{end}}</tbody></table>
{{range .Tables}}<h2>{{.Table}}{{if .Title}}: {{.Title}}{{end}}</h2>
<table><tbody>{{range .Values}}<tr><th scope="row">{{.Label}}</th><td>{{.Text}}</td></tr>
{{end}}</tbody></table>
{{end}}</main></body></html>
`

// index writes the page.
func (a *archive) index() error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	w, err := a.zip.Create("index.html")
	if err != nil {
		return err
	}
	return t.Execute(w, a.page)
}
