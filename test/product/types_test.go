package product_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/test/testenv"
)

// The interface's types of the Web API: rows of the tables that it knows by name,
// and what actions take and give. RAPPORT_UPDATE=1 writes them anew.
const (
	rowTypes    = "../../web/src/api/generated/rows.ts"
	actionTypes = "../../web/src/api/generated/webapi.ts"
)

// namedSets are the entity sets whose columns the interface's own screens name, and their tables.
var namedSets = map[string]string{"accounts": "account", "annotations": "annotation", "appnotifications": "appnotification", "contacts": "contact", "leads": "lead", "opportunities": "opportunity",
	"postfollows": "postfollow", "processstages": "processstage", "roles": "role", "systemusers": "systemuser", "tasks": "task", "teams": "team"}

const writtenBy = "// Written by the server's tests from openapi.json; RAPPORT_UPDATE=1 go test ./test/product -run TypesAreGenerated writes it anew.\n\n"

type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Enum       []any              `json:"enum"`
	Items      *schema            `json:"items"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
}

func (s *schema) typescript() string {
	if s == nil {
		return "unknown"
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			if v != nil {
				values = append(values, fmt.Sprint(v))
			}
		}
		return strings.Join(values, " | ")
	}
	switch s.Type {
	case "string", "boolean":
		return s.Type
	case "integer", "number":
		return "number"
	case "array":
		return "(" + s.Items.typescript() + ")[]"
	}
	if len(s.Properties) == 0 {
		return "object"
	}
	return "{ " + strings.Join(s.fields(""), "; ") + " }"
}

func (s *schema) fields(or string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		mark := "?"
		if slices.Contains(s.Required, name) {
			mark = ""
		}
		quoted := name
		if strings.ContainsAny(name, "@.") {
			quoted = `"` + name + `"`
		}
		out = append(out, quoted+mark+": "+s.Properties[name].typescript()+or)
	}
	return out
}

type content struct {
	Content map[string]struct{ Schema *schema } `json:"content"`
}

func (c *content) schema() *schema {
	if c == nil {
		return nil
	}
	return c.Content["application/json"].Schema
}

type openAPI struct {
	Paths map[string]map[string]json.RawMessage `json:"paths"`
	// Components hold the rows by table.
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

// What the interface believes about the Web API is what openapi.json says.
func TestTypesAreGenerated(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{})
	c := caller{t, e, e.Token("admin")}
	var api openAPI
	if err := json.Unmarshal([]byte(c.do("GET", "openapi.json", "").text), &api); err != nil {
		t.Fatal(err)
	}
	var rows, out strings.Builder
	rows.WriteString(writtenBy + "/** Rows of the tables that the interface knows by name, by entity set. */\nexport interface Rows {\n")
	for _, set := range slices.Sorted(maps.Keys(namedSets)) {
		s := api.Components.Schemas[namedSets[set]]
		if s == nil || api.Paths["/"+set] == nil {
			t.Fatalf("openapi.json knows no table %s with the set %s", namedSets[set], set)
		}
		fmt.Fprintf(&rows, "  %s: {\n    %s;\n  };\n", set, strings.Join(s.fields(" | null"), ";\n    "))
	}
	rows.WriteString("}\n")
	same(t, rowTypes, rows.String())
	out.WriteString(writtenBy + "/** What actions take and give, by name. */\nexport interface Actions {\n")
	actions := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		raw, ok := api.Paths[path]["post"]
		if !ok {
			continue
		}
		var op struct {
			Tags        []string            `json:"tags"`
			Summary     string              `json:"summary"`
			RequestBody *content            `json:"requestBody"`
			Responses   map[string]*content `json:"responses"`
		}
		if err := json.Unmarshal(raw, &op); err != nil {
			t.Fatal(path, err)
		}
		if !slices.Contains(op.Tags, "operations") {
			continue
		}
		in, result := "Record<string, never>", "undefined"
		if s := op.RequestBody.schema(); s != nil {
			in = s.typescript()
		}
		if s := op.Responses["200"].schema(); s != nil {
			result = s.typescript()
		}
		actions[op.Summary] = fmt.Sprintf("  %s: { in: %s; out: %s };\n", op.Summary, in, result)
	}
	for _, name := range slices.Sorted(maps.Keys(actions)) {
		out.WriteString(actions[name])
	}
	out.WriteString("}\n")
	same(t, actionTypes, out.String())
}

// same complains where a file of types is not what the server says, or writes it.
func same(t *testing.T, file, want string) {
	t.Helper()
	if os.Getenv("RAPPORT_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) == want {
		return
	}
	have := strings.Split(string(got), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(have) || have[i] != line {
			t.Fatalf("the interface's types have drifted: line %d of %s should be\n%s\nRun with RAPPORT_UPDATE=1 and mend what the type check then finds.", i+1, file, line)
		}
	}
	t.Fatalf("the interface's types have drifted: %s is too long", file)
}
