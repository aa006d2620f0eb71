package portal

import (
	"embed"
	"fmt"
	"path"
)

//go:embed forms/*.json
var shippedFiles embed.FS

// Set is Forms from memory.
type Set map[string]Form

// Form gives the form of a name.
func (s Set) Form(name string) (Form, bool) {
	f, ok := s[name]
	return f, ok
}

// Shipped gives the forms that come with the product, and their definitions by
// name for a store to begin with.
func Shipped() (Set, map[string][]byte, error) {
	entries, err := shippedFiles.ReadDir("forms")
	if err != nil {
		return nil, nil, err
	}
	set, definitions := Set{}, map[string][]byte{}
	for _, entry := range entries {
		definition, err := shippedFiles.ReadFile(path.Join("forms", entry.Name()))
		if err != nil {
			return nil, nil, err
		}
		f, err := Parse(definition)
		if err != nil {
			return nil, nil, fmt.Errorf("form %s: %w", entry.Name(), err)
		}
		set[f.Name], definitions[f.Name] = f, definition
	}
	return set, definitions, nil
}
