package privacy

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Who names a person: by a row that is about him, or by what he is known by.
type Who struct {
	Table string `json:"table,omitempty"`
	ID    id.ID  `json:"id,omitzero"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
	// Thorough has all texts looked through, even where the addresses in them are known.
	Thorough bool `json:"thorough,omitempty"`
}

func (w Who) check(c *metadata.Catalog) error {
	if w.Email == "" && w.Phone == "" && w.ID == id.Nil {
		return errs.New(errs.Invalid, "privacy.who", "name a record, an e-mail address or a phone number")
	}
	if w.Email != "" && (!strings.Contains(w.Email, "@") || len(w.Email) < 5 || len(w.Email) > 320) {
		return errs.New(errs.Invalid, "privacy.email", "this is no e-mail address")
	}
	if w.Phone != "" && len(digits(w.Phone)) < leastDigits {
		return errs.New(errs.Invalid, "privacy.phone", "a phone number has %d digits at least", leastDigits)
	}
	if w.ID == id.Nil {
		return nil
	}
	if t, ok := c.Table(w.Table); !ok || t.Privacy == nil || !t.Privacy.Person {
		return errs.New(errs.Invalid, "privacy.table", "rows of %s are not about a person", w.Table)
	}
	return nil
}

// Ref names a row, and what is to become of it.
type Ref struct {
	Table string           `json:"table"`
	ID    id.ID            `json:"id"`
	Way   metadata.Erasing `json:"way,omitempty"`
	Kept  string           `json:"kept,omitempty"` // why it stays as it is
}

// EventKey is the identity of an event.
type EventKey struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// Subject is a person as the system knows him.
type Subject struct {
	Persons  []Ref      `json:"persons"`  // rows about him
	Linked   []Ref      `json:"linked"`   // rows that hang on those, the nearest first
	Mentions []Ref      `json:"mentions"` // rows of others that name him
	Binned   []Ref      `json:"binned"`   // rows in the recycle bin that are about him or name him
	Emails   []string   `json:"emails"`
	Phones   []string   `json:"phones"`
	Names    []string   `json:"names"` // whole names
	Lasts    []string   `json:"lasts"` // last names
	Visitors []string   `json:"visitors"`
	Events   []EventKey `json:"events"`
}

// learn takes over by what a row says the person is known.
func (s *Subject) learn(t *metadata.Table, row record.Row) {
	p := t.Privacy
	for _, c := range p.Emails {
		if v := strings.ToLower(strings.TrimSpace(row.Text(c))); strings.Contains(v, "@") {
			add(&s.Emails, v)
		}
	}
	for _, c := range p.Phones {
		if v := strings.TrimSpace(row.Text(c)); len(digits(v)) >= leastDigits {
			add(&s.Phones, v)
		}
	}
	var parts []string
	for _, c := range p.Names {
		if v := strings.TrimSpace(row.Text(c)); v != "" {
			parts = append(parts, v)
		}
	}
	if len(parts) > 0 {
		add(&s.Names, strings.Join(parts, " "))
		add(&s.Lasts, parts[len(parts)-1])
	}
	if t.Title != "" && row.Text(t.Title) != "" && slices.Contains([]string{"fullname"}, t.Title) {
		add(&s.Names, row.Text(t.Title))
	}
	if v := row.Text(p.Visitor); p.Visitor != "" && v != "" {
		add(&s.Visitors, v)
	}
	if p.Source != "" && row.Text(p.Event) != "" {
		add(&s.Events, EventKey{row.Text(p.Source), row.Text(p.Event)})
	}
}

func add[T comparable](list *[]T, v T) {
	if !slices.Contains(*list, v) {
		*list = append(*list, v)
	}
}

// natural tells whether a table's rows are about one human being rather than
// about a company: those have a first and a last name.
func natural(t *metadata.Table) bool {
	return t.Privacy != nil && t.Privacy.Person && len(t.Privacy.Names) > 1
}

const leastDigits = 6

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
