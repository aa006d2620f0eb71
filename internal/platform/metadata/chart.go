package metadata

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Chart is a picture of a table's rows: one value for each group of them.
type Chart struct {
	Name        string     `yaml:"name"`
	Label       Label      `yaml:"label"`
	Description string     `yaml:"description"`
	Type        string     `yaml:"type"` // one of ChartTypes
	Default     bool       `yaml:"default"`
	Group       ChartGroup `yaml:"group"`
	Value       ChartValue `yaml:"value"`
	View        string     `yaml:"view"`   // of the table; only its rows count
	Filter      string     `yaml:"filter"` // OData $filter text; narrows the view further
}

// ChartGroup says by what rows are grouped.
type ChartGroup struct {
	Column string `yaml:"column"`
	Part   string `yaml:"part"` // of a date: one of ChartParts; none groups by the value itself
}

// ChartValue says what is shown of each group.
type ChartValue struct {
	Function string `yaml:"function"` // one of ChartFunctions
	Column   string `yaml:"column"`   // none counts rows
}

// ChartTypes lists the types of charts.
func ChartTypes() []string { return []string{"column", "bar", "line", "pie", "funnel", "donut"} }

// ChartParts lists the parts of dates by which charts group.
func ChartParts() []string { return []string{"day", "week", "month", "quarter", "year"} }

// ChartFunctions lists what charts make of a group's values.
func ChartFunctions() []string { return []string{"count", "sum", "avg", "min", "max"} }

// Uses tells whether the chart names a column outside of its filter.
func (c Chart) Uses(column string) bool { return c.Group.Column == column || c.Value.Column == column }

// checkCharts refuses charts that can't be drawn.
func (t *Table) checkCharts() error {
	seen := map[string]bool{}
	for _, c := range t.Charts {
		if c.Name == "" || seen[c.Name] {
			return errs.New(errs.Invalid, "metadata.chart", "table %s: the chart %q has no name or stands twice", t.Name, c.Name)
		}
		seen[c.Name] = true
		if err := t.checkChart(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) checkChart(c Chart) error {
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "metadata.chart", "chart %s of table %s: "+format, append([]any{c.Name, t.Name}, args...)...)
	}
	for _, name := range []string{c.Group.Column, c.Value.Column} {
		if name != "" && t.byName[name] == nil {
			return errs.New(errs.Invalid, "metadata.reference", "chart %s of table %s names the unknown column %q", c.Name, t.Name, name)
		}
	}
	if c.View != "" && !slices.ContainsFunc(t.Views, func(v View) bool { return v.Name == c.View }) {
		return errs.New(errs.Invalid, "metadata.reference", "chart %s of table %s names the unknown view %q", c.Name, t.Name, c.View)
	}
	switch {
	case c.Label["en"] == "":
		return bad("it has no English label")
	case !slices.Contains(ChartTypes(), c.Type):
		return bad("the type %q is not one of %s", c.Type, strings.Join(ChartTypes(), ", "))
	case c.Group.Column == "":
		return bad("it names no column to group by")
	case !slices.Contains(ChartFunctions(), c.Value.Function):
		return bad("the function %q is not one of %s", c.Value.Function, strings.Join(ChartFunctions(), ", "))
	case c.Value.Column == "" && c.Value.Function != "count":
		return bad("%s needs a column", c.Value.Function)
	}
	group := t.byName[c.Group.Column]
	if group.IsFile() || slices.Contains([]string{"memo", "json", "multichoice"}, group.TypeName) {
		return bad("rows can't be grouped by %s, a column of type %s", group.Name, group.TypeName)
	}
	if part := c.Group.Part; part != "" {
		if !slices.Contains(ChartParts(), part) {
			return bad("the part %q of a date is not one of %s", part, strings.Join(ChartParts(), ", "))
		}
		if !group.isDate() {
			return bad("%s is no date, so it has no %s", group.Name, part)
		}
	}
	if c.Value.Column == "" || c.Value.Function == "count" {
		return nil
	}
	value := t.byName[c.Value.Column]
	orders := c.Value.Function == "min" || c.Value.Function == "max"
	if !value.isNumber() && (!orders || !value.isDate()) {
		return bad("%s of %s, a column of type %s, has no meaning", c.Value.Function, value.Name, value.TypeName)
	}
	return nil
}

func (c *Column) isDate() bool { return c.TypeName == "date" || c.TypeName == "datetime" }

func (c *Column) isNumber() bool {
	return slices.Contains([]string{"whole", "bigint", "decimal", "double", "money"}, c.TypeName)
}
