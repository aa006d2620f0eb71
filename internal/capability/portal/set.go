package portal

// Set is Forms from memory.
type Set map[string]Form

// Form gives the form of a name.
func (s Set) Form(name string) (Form, bool) {
	f, ok := s[name]
	return f, ok
}
