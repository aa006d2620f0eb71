package metadata_test

import (
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

func TestChartsAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: count}}":                                        "",
		"{name: a, label: {en: A}, type: line, group: {column: day, part: month}, value: {function: sum, column: amount}, view: open}": "",
		"{name: a, label: {en: A}, type: bar, group: {column: kind}, value: {function: max, column: day}}":                             "",
		"{name: a, label: {en: A}, type: pie, group: {column: none}, value: {function: count}}":                                        "metadata.reference",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: sum, column: none}}":                            "metadata.reference",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: count}, view: none}":                            "metadata.reference",
		"{name: a, label: {de: A}, type: pie, group: {column: kind}, value: {function: count}}":                                        "metadata.chart",
		"{label: {en: A}, type: pie, group: {column: kind}, value: {function: count}}":                                                 "metadata.chart",
		"{name: a, label: {en: A}, type: cake, group: {column: kind}, value: {function: count}}":                                       "metadata.chart",
		"{name: a, label: {en: A}, type: pie, value: {function: count}}":                                                               "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: notes}, value: {function: count}}":                                       "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: kind, part: month}, value: {function: count}}":                           "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: day, part: decade}, value: {function: count}}":                           "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: median, column: amount}}":                       "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: sum}}":                                          "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: sum, column: day}}":                             "metadata.chart",
		"{name: a, label: {en: A}, type: pie, group: {column: kind}, value: {function: avg, column: kind}}":                            "metadata.chart",
		"{name: twice, label: {en: A}, type: pie, group: {column: kind}, value: {function: count}}":                                    "metadata.chart",
	} {
		var chart metadata.Chart
		if err := yaml.Unmarshal([]byte(text), &chart); err != nil {
			t.Fatal(err)
		}
		charts := []metadata.Chart{chart}
		if chart.Name == "twice" {
			charts = append(charts, chart)
		}
		options := []metadata.Option{{Value: 1, Label: en("One")}}
		_, err := metadata.NewCatalog(tables(&metadata.Table{Name: "thing", Set: "things", Label: en("t"), Plural: en("t"), ID: "thingid", Title: "name", Charts: charts,
			Views: []metadata.View{{Name: "open", Label: en("Open"), Columns: []string{"name"}}},
			Columns: []*metadata.Column{{Name: "name", TypeName: "text", Label: en("n")}, {Name: "notes", TypeName: "memo", Label: en("n")}, {Name: "day", TypeName: "date", Label: en("d")},
				{Name: "amount", TypeName: "decimal", Label: en("a")}, {Name: "kind", TypeName: "choice", Options: options, Label: en("k")}}})...)
		if want == "" && err != nil || want != "" && errs.CodeOf(err) != want {
			t.Errorf("%s: %v, not %q", text, err, want)
		}
	}
}
