package customise

import (
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// PutColumn gives the edit after which a column is as given; table and name must
// be set. Of a column that ships, only what is different is kept.
func (s *Service) PutColumn(table string, c *metadata.Column) (Edit, error) {
	e := Edit{Name: Column(table, c.Name)}
	if t, ok := s.o.Shipped.Declared(table); ok {
		if i := slices.IndexFunc(t.Columns, func(o *metadata.Column) bool { return o.Name == c.Name }); i >= 0 {
			body, err := difference(*t.Columns[i], *c)
			e.Body = body
			return e.orNone(s), err
		}
	}
	body, err := Encode(c)
	e.Body = body
	return e, err
}

// PutTable gives the edit after which a table's own properties are as given; its
// columns, keys, views, forms and charts have edits of their own.
func (s *Service) PutTable(t *metadata.Table) (Edit, error) {
	e := Edit{Name: Table(t.Name)}
	now := bare(t)
	if shipped, ok := s.o.Shipped.Declared(t.Name); ok {
		body, err := difference(bare(shipped), now)
		e.Body = body
		return e.orNone(s), err
	}
	body, err := Encode(now)
	e.Body = body
	return e, err
}

// PutChoice gives the edit after which a global choice is as given.
func (s *Service) PutChoice(c *metadata.Choice) (Edit, error) {
	e := Edit{Name: Choice(c.Name)}
	if shipped, ok := s.o.Shipped.Choice(c.Name); ok {
		body, err := difference(*shipped, *c)
		e.Body = body
		return e.orNone(s), err
	}
	body, err := Encode(c)
	e.Body = body
	return e, err
}

// PutPart gives the edit of a key, index, view, form, chart or N:N relation.
func PutPart(kind Kind, table, name string, v any) (Edit, error) {
	body, err := Encode(v)
	return Edit{Name: Name{kind, table, name}, Body: body}, err
}

// orNone turns the customisation of something that ships into its end, where
// nothing is different any more.
func (e Edit) orNone(s *Service) Edit {
	if e.Body == "" {
		if old := s.now.Load().find(e.Name); old != nil && old.State == Active {
			e.Remove = true
		}
	}
	return e
}

// bare is a table without what has definitions of its own.
func bare(t *metadata.Table) metadata.Table {
	out := *t
	out.Columns, out.Keys, out.Indexes, out.Views, out.Forms, out.Charts, out.ManyToMany, out.Choices = nil, nil, nil, nil, nil, nil, nil, nil
	return out
}

// Stored gives the stored definition of a name, and whether there is one in force.
func (s *Service) Stored(n Name) (Definition, bool) {
	d := s.now.Load().find(n)
	if d == nil || d.State == Dropped || d.State == Hiding {
		return Definition{}, false
	}
	return *d, true
}

// Of lists the definitions of a solution that are in force, those of every
// solution for "".
func (s *Service) Of(solution string) []Definition {
	var out []Definition
	for d := range s.now.Load().all {
		if d.State == Active && (solution == "" || d.Solution == solution) {
			out = append(out, *d)
		}
	}
	return out
}

// Unfinished lists the definitions of a table and kind that are being added, or failed.
func (s *Service) Unfinished(table string, kind Kind) []Definition {
	var out []Definition
	for _, d := range s.now.Load().defs[table] {
		if d.Kind == kind && (d.State == Adding || d.State == Failed) {
			out = append(out, *d)
		}
	}
	return out
}

// ReadIndex reads the definition of an index.
func ReadIndex(body string) (x metadata.Index, err error) {
	err = decode(body, &x)
	return x, err
}

// ReadKey reads the definition of a key.
func ReadKey(body string) (k metadata.Key, err error) {
	err = decode(body, &k)
	return k, err
}
