package customise

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// parts are the lists of a table's file and what they hold.
var parts = []struct {
	field string
	kind  Kind
}{{"columns", KindColumn}, {"keys", KindKey}, {"indexes", KindIndex}, {"many_to_many", KindMany}, {"views", KindView}, {"forms", KindForm}, {"charts", KindChart}}

// ReadTable reads the file of a table: all of a table of one's own, or what is
// added to and different from one that ships.
func (s *Service) ReadTable(text []byte) ([]Edit, error) {
	var file yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.UseOrderedMap()); err != nil {
		return nil, invalid("body", "the file can't be read: %s", firstLine(err.Error()))
	}
	name, _ := value(file, "table").(string)
	if name == "" {
		return nil, invalid("body", "the file says no table")
	}
	var edits []Edit
	var own yaml.MapSlice
	for _, item := range file {
		field, _ := item.Key.(string)
		i := slices.IndexFunc(parts, func(p struct {
			field string
			kind  Kind
		}) bool {
			return p.field == field
		})
		if i < 0 {
			own = append(own, item)
			continue
		}
		more, err := readParts(name, field, parts[i].kind, item.Value)
		if err != nil {
			return nil, err
		}
		edits = append(edits, more...)
	}
	if _, ships := s.o.Shipped.Table(name); ships && len(own) == 1 {
		return edits, nil
	}
	body, err := yaml.Marshal(own)
	return append([]Edit{{Name: Table(name), Body: string(body)}}, edits...), err
}

func readParts(table, field string, kind Kind, list any) ([]Edit, error) {
	items, ok := list.([]any)
	if !ok && list != nil {
		return nil, invalid("body", "%s of %s is no list", field, table)
	}
	var edits []Edit
	for _, item := range items {
		fields, _ := item.(yaml.MapSlice)
		name, _ := value(fields, "name").(string)
		if name == "" {
			return nil, invalid("body", "something in %s of %s has no name", field, table)
		}
		body, err := yaml.Marshal(fields)
		if err != nil {
			return nil, err
		}
		edits = append(edits, Edit{Name: Name{kind, table, name}, Body: string(body)})
	}
	return edits, nil
}

// ReadChoice reads the file of a global choice.
func ReadChoice(text []byte) (Edit, error) {
	var file yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.UseOrderedMap()); err != nil {
		return Edit{}, invalid("body", "the file can't be read: %s", firstLine(err.Error()))
	}
	name, _ := value(file, "name").(string)
	if name == "" {
		return Edit{}, invalid("body", "the file names no choice")
	}
	return Edit{Name: Choice(name), Body: string(text)}, nil
}

func value(m yaml.MapSlice, key string) any {
	for _, item := range m {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

// WriteTable gives the file of a table with these definitions, in a fixed order.
func WriteTable(table string, defs []Definition) ([]byte, error) {
	file := yaml.MapSlice{{Key: "table", Value: table}}
	lists := map[Kind][]yaml.MapSlice{}
	for _, d := range sorted(defs) {
		var fields yaml.MapSlice
		if err := yaml.UnmarshalWithOptions([]byte(d.Body), &fields, yaml.UseOrderedMap()); err != nil {
			return nil, invalid("body", "%s can't be read", d.Name)
		}
		if d.Kind == KindTable {
			for _, item := range fields {
				if item.Key != "table" {
					file = append(file, item)
				}
			}
			continue
		}
		if value(fields, "name") == nil {
			fields = append(yaml.MapSlice{{Key: "name", Value: d.Name.Name}}, fields...)
		}
		lists[d.Kind] = append(lists[d.Kind], fields)
	}
	for _, p := range parts {
		if len(lists[p.kind]) > 0 {
			file = append(file, yaml.MapItem{Key: p.field, Value: lists[p.kind]})
		}
	}
	return yaml.MarshalWithOptions(file, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
}

func sorted(defs []Definition) []Definition {
	out := slices.Clone(defs)
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return out
}

// WithName gives a definition's text with its name, which that of something
// that ships lacks.
func WithName(d Definition) string {
	if strings.HasPrefix(d.Body, "name: ") {
		return d.Body
	}
	return "name: " + d.Name.Name + "\n" + d.Body
}
