package savedquery

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ChartID gives the id of the savedqueryvisualization row of a table's chart.
func ChartID(table, chart string) id.ID { return id.Derive("savedqueryvisualization", table, chart) }

// The names under which a chart's query gives what it groups by and shows. Parts
// of dates are told apart by the year, days by the month, too: May of two years
// is two groups.
const (
	groupAlias = "groupby_column"
	monthAlias = "groupby_month"
	yearAlias  = "groupby_year"
	valueAlias = "aggregate_column"
)

func (v *Views) charts(catalog *metadata.Catalog, t *metadata.Table, bad func(string, error)) (rows []record.Row) {
	for _, chart := range t.Charts {
		data, err := v.checkedData(catalog, t, chart)
		if err != nil {
			bad(chart.Name, err)
			continue
		}
		var description any
		if chart.Description != "" {
			description = chart.Description
		}
		rows = append(rows, record.Row{"savedqueryvisualizationid": ChartID(t.Name, chart.Name), "name": chart.Label.In("en"), "description": description, "primaryentitytypecode": t.Name,
			"isdefault": chart.Default, "ismanaged": true, "datadescription": data, "presentationdescription": presentation(chart)})
	}
	return rows
}

// CheckDefinedChart refuses a chart of a catalog that can't be asked.
func CheckDefinedChart(catalog *metadata.Catalog, clk clock.Clock, table, chart string) error {
	v := &Views{Clock: clk}
	t, _ := catalog.Table(table)
	for _, c := range t.Charts {
		if c.Name == chart {
			_, err := v.checkedData(catalog, t, c)
			return err
		}
	}
	return nil
}

func (v *Views) checkedData(catalog *metadata.Catalog, t *metadata.Table, chart metadata.Chart) (string, error) {
	data, err := v.chartData(catalog, t, chart)
	if err == nil {
		err = CheckChart(catalog, v.Clock, t.Name, data)
	}
	return data, err
}

// chartData writes the query of a chart as Dataverse keeps it.
func (v *Views) chartData(catalog *metadata.Catalog, t *metadata.Table, chart metadata.Chart) (string, error) {
	where, err := v.chartFilter(catalog, t, chart)
	if err != nil {
		return "", err
	}
	fetch, err := odata.WriteFetch(catalog, &query.Query{Table: t.Name, Where: where, Group: chartGroup(chart), Order: chartOrder(t, chart)})
	if err != nil {
		return "", err
	}
	return `<datadefinition><fetchcollection>` + fetch + `</fetchcollection><categorycollection><category alias="` + groupAlias + `"><measurecollection><measure alias="` + valueAlias +
		`"/></measurecollection></category></categorycollection></datadefinition>`, nil
}

// chartFilter gives the condition of the chart's view and its own.
func (v *Views) chartFilter(catalog *metadata.Catalog, t *metadata.Table, chart metadata.Chart) (query.Node, error) {
	texts := []string{chart.Filter}
	for _, view := range t.Views {
		if view.Name == chart.View {
			texts = append(texts, view.Filter)
		}
	}
	var all query.And
	for _, text := range texts {
		if text == "" {
			continue
		}
		o, err := odata.ParseOptions(&odata.Context{Catalog: catalog, Now: v.Clock.Now(), Symbolic: true}, t, map[string]string{"$filter": text})
		if err != nil {
			return nil, err
		}
		if o.Query.Where != nil {
			all = append(all, o.Query.Where)
		}
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return all, nil
}

func chartGroup(chart metadata.Chart) *query.Group {
	parts := map[string]query.DatePart{"day": query.DayPart, "week": query.WeekPart, "month": query.MonthPart, "quarter": query.QuarterPart, "year": query.YearPart}
	functions := map[string]query.Function{"count": query.CountRows, "sum": query.Sum, "avg": query.Average, "min": query.Min, "max": query.Max}
	g := &query.Group{Keys: []query.Key{{Name: groupAlias, Column: chart.Group.Column, Part: parts[chart.Group.Part]}}}
	part := func(name string, p query.DatePart) {
		g.Keys = append(g.Keys, query.Key{Name: name, Column: chart.Group.Column, Part: p})
	}
	switch chart.Group.Part {
	case "day":
		part(monthAlias, query.MonthPart)
		part(yearAlias, query.YearPart)
	case "week", "month", "quarter":
		part(yearAlias, query.YearPart)
	}
	value := query.Aggregate{Name: valueAlias, Func: functions[chart.Value.Function], Column: chart.Value.Column}
	if value.Func == query.CountRows && value.Column != "" {
		value.Func = query.CountValues
	}
	g.Values = []query.Aggregate{value}
	return g
}

// chartOrder puts dates, options and yes/no in their own order, and all else by
// its value, greatest first.
func chartOrder(t *metadata.Table, chart metadata.Chart) []query.Order {
	var out []query.Order
	switch chart.Group.Part {
	case "day":
		out = []query.Order{{Column: yearAlias}, {Column: monthAlias}}
	case "week", "month", "quarter":
		out = []query.Order{{Column: yearAlias}}
	}
	if c, _ := t.Column(chart.Group.Column); c != nil && (c.IsLookup() || c.TypeName == "text" || c.TypeName == "id") {
		return []query.Order{{Column: valueAlias, Desc: true}}
	}
	return append(out, query.Order{Column: groupAlias})
}

// presentation names the type of a chart as Dataverse does.
func presentation(chart metadata.Chart) string {
	name := strings.ToUpper(chart.Type[:1]) + chart.Type[1:]
	if chart.Type == "donut" {
		name = "Doughnut"
	}
	return `<Chart><Series><Series ChartType="` + name + `" IsValueShownAsLabel="True"/></Series><ChartAreas><ChartArea/></ChartAreas></Chart>`
}
