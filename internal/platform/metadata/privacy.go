package metadata

import "github.com/rapport-platform/rapport/internal/ground/errs"

// Privacy says what a table holds of persons, and what becomes of it when one of
// them is to be forgotten. A table without it is treated as one that may speak of
// persons in its texts: of rows that hang on a person the texts are emptied.
type Privacy struct {
	Person bool     `yaml:"person"` // each row is about one person (or one company that may be one)
	Emails []string `yaml:"emails"` // columns by which a person is known
	Phones []string `yaml:"phones"`
	Names  []string `yaml:"names"` // columns that together are the name
	// About is an id column, no lookup, that names a record which the row is about.
	About []string `yaml:"about"`
	// Visitor is a column with the visitor's id of the tracking script.
	Visitor string `yaml:"visitor"`
	// Source and Event are the columns with the identity of the event that the row came of.
	Source string   `yaml:"source"`
	Event  string   `yaml:"event"`
	Copy   bool     `yaml:"copy"`   // rows hold what somebody sent: one that names a person is the person's
	Erase  Erasing  `yaml:"erase"`  // default is anonymise
	Keep   []string `yaml:"keep"`   // columns that anonymising leaves as they are
	Retain *Retain  `yaml:"retain"` // rows that must be kept for a time
}

// Erasing is what becomes of a row.
type Erasing string

// The ways.
const (
	Anonymise Erasing = "anonymise" // what tells of the person is emptied, the row stays
	Remove    Erasing = "delete"    // the row goes
	KeepRow   Erasing = "keep"      // the row stays as it is, as it tells of no person
)

// Retain says that rows must be kept for so many years after they were made, and why.
type Retain struct {
	Years  int    `yaml:"years"`
	Reason string `yaml:"reason"`
}

// Way gives what becomes of a row of the table.
func (t *Table) Way() Erasing {
	if t.Privacy == nil || t.Privacy.Erase == "" {
		return Anonymise
	}
	return t.Privacy.Erase
}

// checkPrivacy makes sure that what is said of persons names columns of the table.
func (t *Table) checkPrivacy() error {
	p := t.Privacy
	if p == nil {
		return nil
	}
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "metadata.privacy", "privacy of table "+t.Name+": "+format, args...)
	}
	switch p.Erase {
	case "", Anonymise, Remove, KeepRow:
	default:
		return bad("erase is anonymise, delete or keep, not %q", p.Erase)
	}
	if p.Retain != nil && (p.Retain.Years < 1 || p.Retain.Years > 100 || p.Retain.Reason == "") {
		return bad("retain needs a number of years from 1 to 100 and a reason")
	}
	names := append([]string{p.Visitor, p.Source, p.Event}, p.About...)
	for _, list := range [][]string{p.Emails, p.Phones, p.Names, p.Keep} {
		names = append(names, list...)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, ok := t.byName[name]; !ok {
			return bad("there is no column %s", name)
		}
	}
	return nil
}
