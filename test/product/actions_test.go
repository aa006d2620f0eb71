package product_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// actionsDoc lists every operation. RAPPORT_UPDATE=1 writes its rows anew and
// keeps what people wrote in the last column.
const actionsDoc = "../../docs/reference/actions.md"

type operation struct {
	Name   string `xml:"Name,attr"`
	Bound  bool   `xml:"IsBound,attr"`
	Params []struct {
		Name     string `xml:"Name,attr"`
		Type     string `xml:"Type,attr"`
		Nullable string `xml:"Nullable,attr"`
	} `xml:"Parameter"`
	Result *struct {
		Type string `xml:"Type,attr"`
	} `xml:"ReturnType"`
}

func (o operation) row(kind string) string {
	params := o.Params
	bound := ""
	if o.Bound && len(params) > 0 {
		bound, params = params[0].Type, params[1:]
	}
	var list []string
	for _, p := range params {
		text := p.Name + ": " + p.Type
		if p.Nullable != "false" {
			text += "?"
		}
		list = append(list, text)
	}
	result := ""
	if o.Result != nil {
		result = o.Result.Type
	}
	short := strings.NewReplacer("mscrm.", "", "Edm.", "")
	return short.Replace(fmt.Sprintf("| `%s` | %s | %s | %s | %s |", o.Name, kind, bound, strings.Join(list, ", "), result))
}

// The page of operations is true: it has a row for each of Dataverse's that
// $metadata tells of, with the parameters it has, and every row is one of ours
// or Dataverse's as it is.
func TestActionsAreDocumented(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{})
	c := caller{t, e, e.Token("admin")}
	var document struct {
		Schemas []struct {
			Actions   []operation `xml:"Action"`
			Functions []operation `xml:"Function"`
		} `xml:"DataServices>Schema"`
	}
	if err := xml.Unmarshal([]byte(c.want(200, "GET", "$metadata", "").text), &document); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range document.Schemas {
		for _, o := range s.Actions {
			want = append(want, o.row("action"))
		}
		for _, o := range s.Functions {
			want = append(want, o.row("function"))
		}
	}
	if len(want) < 60 {
		t.Fatalf("only %d operations", len(want))
	}
	slices.Sort(want)
	want = slices.Compact(want)
	text, err := os.ReadFile(actionsDoc)
	if err != nil {
		t.Fatal(err)
	}
	var head, tail, have []string
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "| `") {
			if len(have) == 0 {
				head = append(head, line)
			} else {
				tail = append(tail, line)
			}
			continue
		}
		cells := strings.Split(line, " | ")
		key := strings.Join(cells[:len(cells)-1], " | ") + " |"
		have = append(have, key)
		if said[key] = strings.TrimSuffix(cells[len(cells)-1], " |"); len(said[key]) < 10 {
			t.Errorf("nothing is said of %s", key)
		}
		said[cells[0]] = said[key]
	}
	if os.Getenv("RAPPORT_UPDATE") != "" {
		lines := head
		for _, w := range want {
			note := said[w]
			if note == "" {
				note = said[strings.Split(w, " | ")[0]]
			}
			lines = append(lines, w+" "+note+" |")
		}
		if err := os.WriteFile(actionsDoc, []byte(strings.Join(append(lines, tail...), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		for _, w := range want {
			if !slices.Contains(have, w) && !strings.HasPrefix(w, "| `rpt_") {
				t.Errorf("missing in the page: %s", w)
			}
		}
		for _, h := range have {
			if !slices.Contains(want, h) {
				t.Errorf("there is no such operation: %s", h)
			}
		}
	}
}
