package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Whatever ships as YAML and has a text in English has it in German, too:
// tables, columns, options, views, forms, charts, choices, processes, records.
func TestLabelsHaveGerman(t *testing.T) {
	t.Parallel()
	files, texts := 0, 0
	for _, root := range []string{"internal", "solutions"} {
		err := filepath.WalkDir(filepath.Join("../../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "test") {
				return filepath.SkipDir
			}
			if d.IsDir() || filepath.Ext(path) != ".yaml" {
				return nil
			}
			file, err := parser.ParseFile(path, 0)
			if err != nil {
				return err
			}
			files++
			for _, doc := range file.Docs {
				if doc.Body != nil {
					ast.Walk(&labels{t: t, path: path, texts: &texts}, doc.Body)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 || texts < 3000 {
		t.Errorf("only %d texts in %d files were looked at: the folders have moved", texts, files)
	}
}

// labels looks at every mapping with the key "en".
type labels struct {
	t     *testing.T
	path  string
	texts *int
}

func (l *labels) Visit(n ast.Node) ast.Visitor {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		return l
	}
	said := map[string]string{}
	for _, v := range mapping.Values {
		if text, ok := v.Value.(ast.ScalarNode); ok {
			said[v.Key.GetToken().Value] = strings.TrimSpace(text.GetToken().Value)
		}
	}
	if en, ok := said["en"]; ok {
		*l.texts++
		if said["de"] == "" {
			l.t.Errorf("%s:%d: %q has no German", strings.TrimPrefix(l.path, "../../../"), mapping.GetToken().Position.Line, en)
		}
	}
	return l
}

// Labels that Go code gives come in both languages, too; where both are made
// of a name that people gave, there is but one.
func TestLabelsInCodeHaveGerman(t *testing.T) {
	t.Parallel()
	var seen int
	err := filepath.WalkDir("../../../internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			_, rest, ok := strings.Cut(line, `Label{"en": "`)
			if !ok {
				continue
			}
			seen++
			if !strings.Contains(rest, `"de": "`) && !strings.Contains(path, "httpapi/definition") {
				t.Errorf("%s:%d: a label without German", strings.TrimPrefix(path, "../../../"), i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d labels in code were looked at", seen)
	}
}
