package flow

// Set is the flows in force, by name. It does not change; new definitions make
// a new Set.
type Set struct{ flows map[string]*Program }

// NewSet brings programs together. Of two with one name the higher version counts.
func NewSet(programs ...*Program) *Set {
	s := &Set{flows: make(map[string]*Program, len(programs))}
	for _, p := range programs {
		if old := s.flows[p.Name]; old == nil || old.Version < p.Version {
			s.flows[p.Name] = p
		}
	}
	return s
}

// Flow gives the active flow of a name.
func (s *Set) Flow(name string) (*Program, bool) {
	if s == nil {
		return nil, false
	}
	p, ok := s.flows[name]
	return p, ok
}

// Len gives the number of flows.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.flows)
}
