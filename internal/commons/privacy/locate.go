package privacy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Bounds of what one person may have.
const (
	personsMost = 500
	linkedMost  = 50_000
	deep        = 3 // rows that hang on rows that hang on rows about the person
)

// ErrNobody is what a person gives of whom nothing is known.
var ErrNobody = errs.New(errs.NotFound, "privacy.nobody", "nothing is kept of this person")

// locate finds everything by which a person is known and the rows about him.
func (s *Service) locate(ctx context.Context, who Who) (*Subject, error) {
	if err := who.check(s.o.Catalog()); err != nil {
		return nil, err
	}
	sub := &Subject{}
	if who.Email != "" {
		sub.Emails = []string{strings.ToLower(strings.TrimSpace(who.Email))}
	}
	if who.Phone != "" {
		sub.Phones = []string{strings.TrimSpace(who.Phone)}
	}
	l, err := s.looking(ctx, who.Thorough)
	if err != nil {
		return nil, err
	}
	if err := s.persons(ctx, l, who, sub); err != nil {
		return nil, err
	}
	if err := s.linked(ctx, sub); err != nil {
		return nil, err
	}
	if err := s.mentions(ctx, l, sub); err != nil {
		return nil, err
	}
	return sub, nil
}

// persons finds the rows about the person: the one that is named, those with an
// address or number that is given, and then all natural persons with one of the
// addresses found. Numbers are not followed: several people share them.
func (s *Service) persons(ctx context.Context, l look, who Who, sub *Subject) error {
	c := s.o.Catalog()
	seen := map[Ref]bool{}
	take := func(t *metadata.Table, row record.Row) error {
		ref := Ref{Table: t.Name, ID: row.ID(t.ID)}
		if seen[ref] {
			return nil
		}
		if seen[ref] = true; len(seen) > personsMost {
			return errs.New(errs.TooLarge, "privacy.too_many", "more than %d records bear this address or number: it is not one person's", personsMost)
		}
		sub.Persons = append(sub.Persons, ref)
		sub.learn(t, row)
		return nil
	}
	follow := who.Email != "" || who.ID == id.Nil
	if who.ID != id.Nil {
		t, _ := c.Table(who.Table)
		row, err := s.o.Store.Get(ctx, t.Name, who.ID, nil, nil)
		if err != nil {
			return err
		}
		if err := take(t, row); err != nil {
			return err
		}
		follow = natural(t)
	}
	if who.Phone != "" {
		if err := s.eachPerson(ctx, l, sub.Phones, numberMarks, func(p *metadata.Privacy) []string { return p.Phones }, false, take); err != nil {
			return err
		}
	}
	for done := 0; follow && done < len(sub.Emails); {
		some := sub.Emails[done:]
		done = len(sub.Emails)
		if err := s.eachPerson(ctx, l, some, nil, func(p *metadata.Privacy) []string { return p.Emails }, who.ID != id.Nil, take); err != nil {
			return err
		}
	}
	return nil
}

// eachPerson gives the rows about persons whose columns hold one of the values,
// e-mail addresses unless marks says under what they are known.
func (s *Service) eachPerson(ctx context.Context, l look, values []string, marks func([]string) []string, columns func(*metadata.Privacy) []string, onlyNatural bool, take func(*metadata.Table, record.Row) error) error {
	if len(values) == 0 {
		return nil
	}
	var held map[string][]id.ID
	if marks == nil {
		l = l.can(values)
	}
	if l.book != nil {
		emails, others := values, []string(nil)
		if marks != nil {
			emails, others = nil, marks(values)
		}
		list, err := l.holders(ctx, emails, others)
		if err != nil {
			return err
		}
		held = refs(list)
	}
	for _, name := range s.o.Catalog().Names() {
		t, _ := s.o.Catalog().Table(name)
		if t.Privacy == nil || !t.Privacy.Person || onlyNatural && !natural(t) {
			continue
		}
		var where query.Or
		for _, column := range columns(t.Privacy) {
			for _, v := range values {
				where = append(where, query.Compare{Left: query.Path{column}, Value: v})
			}
		}
		if !l.indexed(t) {
			if err := s.takeAll(ctx, t, where, take); err != nil {
				return err
			}
			continue
		}
		for some := range slices.Chunk(held[name], part) {
			if err := s.takeAll(ctx, t, query.And{query.In{Left: query.Path{t.ID}, Values: anys(some)}, where}, take); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) takeAll(ctx context.Context, t *metadata.Table, where query.Node, take func(*metadata.Table, record.Row) error) error {
	page, err := s.o.Store.Find(ctx, query.Query{Table: t.Name, Where: where, Limit: personsMost + 1})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := take(t, row); err != nil {
			return err
		}
	}
	return nil
}

func anys(keys []id.ID) []any {
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

// linked finds the rows that hang on those about the person.
func (s *Service) linked(ctx context.Context, sub *Subject) error {
	seen := map[Ref]bool{}
	for _, p := range sub.Persons {
		seen[Ref{Table: p.Table, ID: p.ID}] = true
	}
	take := func(t *metadata.Table, keys []id.ID) ([]Ref, error) {
		var fresh []Ref
		for _, k := range keys {
			ref := Ref{Table: t.Name, ID: k}
			if seen[ref] {
				continue
			}
			seen[ref] = true
			ref.Way = t.Way()
			fresh = append(fresh, ref)
		}
		sub.Linked = append(sub.Linked, fresh...)
		if len(sub.Linked) > linkedMost {
			return nil, errs.New(errs.TooLarge, "privacy.too_many", "more than %d records hang on this person", linkedMost)
		}
		return fresh, nil
	}
	level := slices.Clone(sub.Persons)
	more, err := s.named(ctx, sub, take)
	if err != nil {
		return err
	}
	level = append(level, more...)
	for range deep {
		next, err := s.about(ctx, level, take)
		if err != nil {
			return err
		}
		for table, keys := range byTable(level) {
			fresh, err := s.hanging(ctx, table, keys, take)
			if err != nil {
				return err
			}
			next = append(next, fresh...)
		}
		if level = next; len(level) == 0 {
			break
		}
	}
	return nil
}

// named finds rows that name the person's visitors or events without a lookup.
func (s *Service) named(ctx context.Context, sub *Subject, take func(*metadata.Table, []id.ID) ([]Ref, error)) (out []Ref, err error) {
	for _, name := range s.o.Catalog().Names() {
		t, _ := s.o.Catalog().Table(name)
		p := t.Privacy
		if p == nil || p.Person {
			continue
		}
		var where query.Or
		for _, v := range sub.Visitors {
			if p.Visitor != "" {
				where = append(where, query.Compare{Left: query.Path{p.Visitor}, Value: v})
			}
		}
		for _, e := range sub.Events {
			if p.Event != "" {
				where = append(where, query.And{query.Compare{Left: query.Path{p.Event}, Value: e.ID}, query.Compare{Left: query.Path{p.Source}, Value: e.Source}})
			}
		}
		if len(where) == 0 {
			continue
		}
		keys, err := s.keys(ctx, t, where)
		if err != nil {
			return nil, err
		}
		fresh, err := take(t, keys)
		if err != nil {
			return nil, err
		}
		out = append(out, fresh...)
	}
	return out, nil
}

// about finds the rows that name others as what they are about, without a lookup.
func (s *Service) about(ctx context.Context, level []Ref, take func(*metadata.Table, []id.ID) ([]Ref, error)) (out []Ref, err error) {
	var all []id.ID
	for _, r := range level {
		all = append(all, r.ID)
	}
	for _, name := range s.o.Catalog().Names() {
		t, _ := s.o.Catalog().Table(name)
		if t.Privacy == nil || t.Privacy.Person {
			continue
		}
		for _, column := range t.Privacy.About {
			for some := range slices.Chunk(all, 200) {
				keys, err := s.keys(ctx, t, query.In{Left: query.Path{column}, Values: anys(some)})
				if err != nil {
					return nil, err
				}
				fresh, err := take(t, keys)
				if err != nil {
					return nil, err
				}
				out = append(out, fresh...)
			}
		}
	}
	return out, nil
}

// hanging finds the rows whose lookups lead to rows of a table.
func (s *Service) hanging(ctx context.Context, table string, keys []id.ID, take func(*metadata.Table, []id.ID) ([]Ref, error)) (out []Ref, err error) {
	t, ok := s.o.Catalog().Table(table)
	if !ok {
		return nil, nil
	}
	relations := t.Relations()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		rel := relations[name]
		child, ok := s.o.Catalog().Table(rel.Table)
		if !rel.Many || rel.ManyToMany() || !ok || child.Intersect || child.Name == "activitypointer" || child.Privacy != nil && (child.Privacy.Person || child.Way() == metadata.KeepRow) {
			continue
		}
		if column, ok := child.Column(rel.To); !ok || column.System {
			continue
		}
		for some := range slices.Chunk(keys, 200) {
			values := make([]any, len(some))
			for i, k := range some {
				values[i] = k
			}
			where := query.And{query.In{Left: query.Path{rel.To}, Values: values}}
			if rel.OnType != "" {
				where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(rel.To)}, Value: rel.OnType})
			}
			found, err := s.keys(ctx, child, where)
			if err != nil {
				return nil, err
			}
			fresh, err := take(child, found)
			if err != nil {
				return nil, err
			}
			out = append(out, fresh...)
		}
	}
	return out, nil
}

// keys reads the ids of all rows that match.
func (s *Service) keys(ctx context.Context, t *metadata.Table, where query.Node) (out []id.ID, err error) {
	q := query.Query{Table: t.Name, Select: []string{t.ID}, Where: where, Order: []query.Order{{Column: t.ID}}}
	for {
		page, err := s.o.Store.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out = append(out, row.ID(t.ID))
		}
		if q.After = page.Next; page.Next == nil || len(out) > linkedMost {
			return out, nil
		}
	}
}

func byTable(refs []Ref) map[string][]id.ID {
	out := map[string][]id.ID{}
	for _, r := range refs {
		out[r.Table] = append(out[r.Table], r.ID)
	}
	return out
}
