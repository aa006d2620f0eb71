package exchange

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// Mapped is a mapping that has been checked.
type Mapped struct{ m *mapping }

// Compile checks the text of a mapping.
func Compile(text string, catalog *metadata.Catalog) (Mapped, error) {
	m, err := compile([]byte(text), catalog)
	return Mapped{m}, err
}

// Hear reads what a counterpart sends as far as it can be read without a database,
// and gives what is wrong with this program, not with the text.
func (m Mapped) Hear(text []byte) error {
	list, err := split(text)
	if err != nil {
		return nil
	}
	for _, raw := range list {
		e, _, err := readEvent(raw)
		if err != nil || e.check() != nil {
			continue
		}
		if e.Sequence < 1 || !word.MatchString(e.ID) || len(raw) > mostEvent {
			return fmt.Errorf("this event passes: %+v", e)
		}
		if err := m.values(e.Fields); err != nil {
			return err
		}
	}
	return nil
}

// Read reads an answer about a case in the same way.
func (m Mapped) Read(text []byte) error {
	c, err := readCase(text, "a-case")
	if err != nil {
		return nil
	}
	if c.ID != "a-case" || c.Version < 1 || c.Sequence < 0 {
		return fmt.Errorf("this case passes: %+v", c)
	}
	for _, e := range c.events(m.m) {
		if e.checkContent() == nil && e.Note != nil && !c.has(e.Note.ID) {
			return fmt.Errorf("a note is not its own: %+v", e.Note)
		}
		if err := m.values(e.Fields); err != nil {
			return err
		}
	}
	return nil
}

// values looks whether a value that is taken goes out as one that comes in the same.
func (m Mapped) values(fields map[string]any) error {
	for name, v := range fields {
		f := m.m.field(name)
		if f == nil {
			continue
		}
		in, err := m.m.inward(f, v)
		if c, ok := m.m.table(f.On).Column(f.Column); err != nil || ok && c.IsLookup() {
			continue
		}
		again, err := m.m.inward(f, f.outward(in, nil))
		if err != nil || !reflect.DeepEqual(in, again) {
			return fmt.Errorf("%s: %v comes in as %#v, goes out as %v and comes back as %#v, %v", name, v, in, f.outward(in, nil), again, err)
		}
	}
	return nil
}

// MostRemoved and Remove let the memory of removals be looked at.
const MostRemoved = mostRemoved

// Remembered removes notes one after another, those with an odd number here, and gives what is known then.
func Remembered(n int) (all []string, isRemoved func(given string, number int64) bool) {
	p := progress{Removed: map[string]int64{}}
	for i := range n {
		at := int64(i + 1)
		if i%2 == 1 {
			at = removedHere
		}
		p.remove(fmt.Sprint("note-", i), at)
	}
	for name := range p.Removed {
		all = append(all, name)
	}
	slices.Sort(all)
	return all, p.isRemoved
}
