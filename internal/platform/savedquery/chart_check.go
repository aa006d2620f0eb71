package savedquery

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Bounds of a chart's XML; its queries have bounds of their own.
const (
	chartDepth   = 40
	chartQueries = 5
)

// CheckChart makes sure that a chart's data description holds queries about a
// table that group its rows, and that it shows what they give.
func CheckChart(catalog *metadata.Catalog, clk clock.Clock, table, data string) error {
	fetches, measures, err := readChart(data)
	if err != nil {
		return onColumn(err, "datadescription")
	}
	var names []string
	for _, fetch := range fetches {
		f, err := odata.ParseFetch(&odata.Context{Catalog: catalog, Now: clk.Now()}, fetch)
		if err != nil {
			return onColumn(err, "datadescription")
		}
		if f.View.Table.Name != table {
			return onColumn(errs.New(errs.Invalid, "savedquery.table", "the query is about table %s, and primaryentitytypecode names %q", f.View.Table.Name, table), "primaryentitytypecode")
		}
		if f.Query.Group == nil || len(f.Query.Group.Keys) == 0 || len(f.Query.Group.Values) == 0 {
			return onColumn(badChart("the query must be one with aggregate, with something to group by and a value"), "datadescription")
		}
		if _, err = query.Check(catalog, &f.Query, query.Limits{}); err != nil {
			return onColumn(err, "datadescription")
		}
		for _, cell := range f.View.Cells {
			names = append(names, cell.Name)
		}
	}
	for _, m := range measures {
		if !slices.Contains(names, m) {
			return onColumn(badChart("the measure %q is the alias of nothing in the query", m), "datadescription")
		}
	}
	return nil
}

func badChart(format string, args ...any) error {
	return errs.New(errs.Invalid, "savedquery.chart", format, args...)
}

// readChart gives the texts of the queries in a data description, and the
// aliases that it shows.
func readChart(data string) (fetches, measures []string, err error) {
	var where []string
	d := xml.NewDecoder(strings.NewReader(data))
	for {
		begin := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, badChart("the data description is no XML: %s", err.Error())
		}
		switch x := token.(type) {
		case xml.Directive:
			return nil, nil, badChart("the data description may hold no <!…>")
		case xml.EndElement:
			where = where[:len(where)-1]
		case xml.StartElement:
			where = append(where, x.Name.Local)
			if len(where) > chartDepth || where[0] != "datadefinition" {
				return nil, nil, badChart("the data description is a <datadefinition>, at most %d levels deep", chartDepth)
			}
			switch strings.Join(where[1:], " ") {
			case "fetchcollection fetch":
				if err := d.Skip(); err != nil {
					return nil, nil, badChart("the data description is no XML: %s", err.Error())
				}
				where = where[:len(where)-1]
				fetches = append(fetches, data[begin:d.InputOffset()])
			case "categorycollection category measurecollection measure":
				for _, a := range x.Attr {
					if a.Name.Local == "alias" {
						measures = append(measures, a.Value)
					}
				}
			}
		}
	}
	if len(fetches) == 0 || len(fetches) > chartQueries {
		return nil, nil, badChart("the data description must hold 1 to %d queries: <datadefinition><fetchcollection><fetch>…", chartQueries)
	}
	return fetches, measures, nil
}

// wellFormed makes sure that a text is XML, as a presentation must be.
func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && roots == 1 {
			return nil
		}
		if err != nil {
			return badChart("the presentation is no XML: %s", err.Error())
		}
		switch token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > chartDepth || roots > 1 {
				return badChart("the presentation is one XML element, at most %d levels deep", chartDepth)
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return badChart("the presentation may hold no <!…>")
		}
	}
}
