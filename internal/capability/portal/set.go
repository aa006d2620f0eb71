package portal

import (
	"maps"
	"slices"
)

// Set is Forms from memory.
type Set map[string]Form

// Form gives the form of a name.
func (s Set) Form(name string) (Form, bool) {
	f, ok := s[name]
	return f, ok
}

// All lists the forms by name.
func (s Set) All() []Form {
	out := make([]Form, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		out = append(out, s[name])
	}
	return out
}
