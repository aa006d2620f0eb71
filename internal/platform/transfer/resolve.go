package transfer

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// finder reads records; *record.Tx is one.
type finder interface {
	record.Reader
	Catalog() *metadata.Catalog
}

// target is what a text in a lookup leads to.
type target struct {
	table string
	key   id.ID
	many  bool // several records, so none
}

// wish is one text in one column of the file.
type wish struct {
	field *field
	text  string // folded
}

const maxKnown = 200_000 // targets kept in memory

// resolver finds the targets of lookups, as the person who imports may see them.
// What one transaction learns is fresh until it has committed: it may have made
// the target itself.
type resolver struct {
	known, fresh map[wish]target
}

func newResolver() *resolver { return &resolver{known: map[wish]target{}} }

// begin gives the resolver of one run of a transaction.
func (v *resolver) begin() *resolver { return &resolver{known: v.known, fresh: map[wish]target{}} }

// keep takes over what a transaction has learnt that has committed.
func (v *resolver) keep(of *resolver) {
	if len(v.known) > maxKnown {
		clear(v.known)
	}
	maps.Copy(v.known, of.fresh)
}

func (v *resolver) get(w wish) (target, bool) {
	if t, ok := v.fresh[w]; ok {
		return t, true
	}
	t, ok := v.known[w]
	return t, ok
}

// resolve finds the targets of the rows' lookups and puts them into the values.
// Those not found are complaints, unless dry says that an earlier row would
// have made them.
func (v *resolver) resolve(ctx context.Context, from finder, rows []row, dry *rehearsal) error {
	unknown := map[*field]map[string]string{} // folded → as it stands
	for i := range rows {
		for _, r := range rows[i].refs {
			w := wish{r.field, query.Fold(r.text)}
			if _, ok := v.get(w); !ok {
				if unknown[r.field] == nil {
					unknown[r.field] = map[string]string{}
				}
				unknown[r.field][w.text] = r.text
			}
		}
	}
	for f, texts := range unknown {
		if err := v.find(ctx, from, f, texts); err != nil {
			return err
		}
	}
	for i := range rows {
		v.fill(&rows[i], dry)
	}
	return nil
}

// fill puts targets into a row.
func (v *resolver) fill(r *row, dry *rehearsal) {
	left := r.refs[:0:0]
	for _, ref := range r.refs {
		c := ref.field.column
		t, ok := v.get(wish{ref.field, query.Fold(ref.text)})
		switch {
		case ok && !t.many:
			r.values[c.Name] = t.key
			if c.Polymorphic() {
				r.values[metadata.TypeColumn(c.Name)] = t.table
			}
		case ok:
			r.bad = append(r.bad, errs.Field{Name: ref.field.from, Code: "lookup.ambiguous", Message: "several records have this name: say which one by its id or a key"})
		case dry != nil && dry.wouldExist(ref):
			r.values[assumedMark+c.Name] = true
		default:
			left = append(left, ref)
		}
	}
	r.refs = left
}

// missing complains of the lookups whose targets were not found.
func (r *row) missing() {
	for _, ref := range r.refs {
		r.bad = append(r.bad, errs.Field{Name: ref.field.from, Code: codeMissing,
			Message: fmt.Sprintf("there is no record of %s with this name, key or id that you may see", strings.Join(targets(ref.field.column, ref.field.lookup), " or "))})
	}
	r.refs = nil
}

// find looks for texts of one column of the file: by id, then by alternate keys,
// then by name. The first of these that finds anything counts.
func (v *resolver) find(ctx context.Context, from finder, f *field, texts map[string]string) error {
	for level := 0; level < 3 && len(texts) > 0; level++ {
		found := map[string]target{}
		for _, name := range targets(f.column, f.lookup) {
			t, ok := from.Catalog().Table(name)
			if !ok {
				continue
			}
			for _, c := range ways(t, f.lookup, level) {
				if err := lookFor(ctx, from, t, c, texts, found); err != nil {
					return err
				}
			}
		}
		for text, t := range found {
			v.fresh[wish{f, text}] = t
			delete(texts, text)
		}
	}
	return nil
}

// ways lists the columns of a target by which it is looked for at a level.
func ways(t *metadata.Table, l Lookup, level int) []*metadata.Column {
	var names []string
	switch {
	case level == 0:
		names = []string{t.ID}
	case l.By != "" && level == 1:
		names = []string{l.By}
	case l.By != "":
	case level == 1:
		for _, k := range t.Keys {
			if len(k.Columns) == 1 && !k.WhereOpen {
				names = append(names, k.Columns[0])
			}
		}
		if t.Name == "systemuser" {
			names = append(names, "domainname", "internalemailaddress")
		}
	default:
		names = []string{t.Title}
	}
	var out []*metadata.Column
	for _, n := range names {
		if c, ok := t.Column(n); ok {
			out = append(out, c)
		}
	}
	return out
}

const maxSame = 4 // pages of records that share names

// lookFor finds the records whose column has one of the texts.
func lookFor(ctx context.Context, from finder, t *metadata.Table, c *metadata.Column, texts map[string]string, found map[string]target) error {
	var values []any
	for _, text := range texts {
		if v, err := c.Coerce(text); err == nil {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil
	}
	q := query.Query{Table: t.Name, Select: []string{t.ID, c.Name}, Where: query.In{Left: query.Path{c.Name}, Values: values}}
	for range maxSame {
		page, err := from.Find(ctx, q)
		if errs.Has(err, errs.Forbidden) || errs.Has(err, errs.Invalid) {
			return nil // a table or a column that this person may not look into
		}
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			text := query.Fold(textOf(row[c.Name]))
			t := target{table: t.Name, key: row.ID(t.ID)}
			if old, twice := found[text]; twice && old.key != t.key {
				t.many = true
			}
			found[text] = t
		}
		if page.Next == nil {
			return nil
		}
		q.After = page.Next
	}
	return nil
}

// textOf gives a canonical value as text, by which equal ones are known.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case fmt.Stringer:
		return x.String()
	}
	return fmt.Sprint(v)
}
