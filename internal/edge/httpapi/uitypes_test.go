package httpapi

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// generatedTypes are the interface's types of what it is sent. RAPPORT_UPDATE=1 writes them anew.
const generatedTypes = "../../../web/src/api/generated/ui.ts"

// typer writes TypeScript for the bodies that handlers send.
type typer struct {
	t    *testing.T
	done map[reflect.Type]bool
	out  strings.Builder
}

// tsNames are the names that bodies have in the interface, where they are not their own.
var tsNames = map[string]string{"Summary": "TableSummary"}

func tsName(t reflect.Type) string {
	name := strings.TrimPrefix(t.Name(), "ui")
	name = strings.ToUpper(name[:1]) + name[1:]
	if strings.HasSuffix(t.PkgPath(), "businessrule") {
		return "Rule" + name
	}
	if other := tsNames[name]; other != "" {
		return other
	}
	return name
}

// tsFields narrows what reflection can't see.
var tsFields = map[string]string{"Column.type": "ColumnType", "RuleView.scope": `"entity" | "form"`, "Process.state": `"active" | "finished" | "aborted"`, "BoardCard.state": `"active" | "finished" | "aborted"`,
	"BoardColumn.rows": "Record<string, unknown>[]", "BoardColumn.sum": "number",
	"Report.kind": `"steps" | "times"`, "ReportCell.sum": "number", "ReportRows.rows": "Record<string, unknown>[]"}

func (y *typer) of(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[id.ID]():
		return "string"
	case reflect.TypeFor[json.RawMessage]():
		return "unknown"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64, reflect.Uint64:
		return "number"
	case reflect.Interface:
		return "unknown"
	case reflect.Pointer:
		return y.of(t.Elem())
	case reflect.Slice:
		return y.of(t.Elem()) + "[]"
	case reflect.Map:
		return "Record<string, " + y.of(t.Elem()) + ">"
	case reflect.Struct:
		y.declare(t)
		return tsName(t)
	}
	y.t.Errorf("%s has no type in TypeScript", t)
	return "never"
}

func (y *typer) declare(t reflect.Type) {
	if y.done[t] {
		return
	}
	y.done[t] = true
	extends := ""
	var lines []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag, more, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous {
			extends = " extends " + y.of(f.Type)
			continue
		}
		optional, null := "", ""
		if strings.Contains(more, "omitempty") || strings.Contains(more, "omitzero") {
			optional = "?"
		} else if f.Type.Kind() == reflect.Pointer {
			null = " | null"
		}
		kind := tsFields[tsName(t)+"."+tag]
		if kind == "" {
			kind = y.of(f.Type)
		}
		lines = append(lines, fmt.Sprintf("  %s%s: %s%s;\n", tag, optional, kind, null))
	}
	fmt.Fprintf(&y.out, "\nexport interface %s%s {\n%s}\n", tsName(t), extends, strings.Join(lines, ""))
}

// What the interface believes about the bodies of /api/ui is what the handlers send.
func TestInterfaceTypesAreGenerated(t *testing.T) {
	t.Parallel()
	y := typer{t: t, done: map[reflect.Type]bool{}}
	for _, body := range []any{uiTable{}, timelinePage{}, uiProcess{}, uiApp{}, uiBoard{}, uiReport{}, uiReportAnswer{}, uiReportRows{}} {
		y.of(reflect.TypeOf(body))
	}
	names := slices.DeleteFunc(metadata.TypeNames(), func(n string) bool { return n == "customer" || n == "owner" }) // sent as lookups
	for i, n := range names {
		names[i] = `"` + n + `"`
	}
	want := "// Written by the server's tests from the bodies that it sends; RAPPORT_UPDATE=1 go test ./internal/edge/httpapi -run InterfaceTypes writes it anew.\n" +
		"\nexport type ColumnType = " + strings.Join(names, " | ") + ";\n" + y.out.String()
	compareGenerated(t, generatedTypes, want)
}

func compareGenerated(t *testing.T, path, want string) {
	t.Helper()
	if os.Getenv("RAPPORT_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		have := strings.Split(string(got), "\n")
		for i, line := range strings.Split(want, "\n") {
			if i >= len(have) || have[i] != line {
				t.Fatalf("the interface's types have drifted: line %d of %s should be\n%s\nRun with RAPPORT_UPDATE=1 and mend what the type check then finds.", i+1, path, line)
			}
		}
		t.Fatalf("the interface's types have drifted: %s is too long", path)
	}
}
