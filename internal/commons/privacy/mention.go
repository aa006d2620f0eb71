package privacy

import (
	"context"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// mentions finds rows that name the person by an address in any text, and rows
// that hold what was sent of him; also those in the recycle bin.
func (s *Service) mentions(ctx context.Context, l look, sub *Subject) error {
	n := sub.needles()
	l = l.can(n.emails)
	list, err := l.holders(ctx, n.emails, nil)
	if err != nil {
		return err
	}
	held := refs(list)
	known := map[Ref]bool{}
	for _, list := range [][]Ref{sub.Persons, sub.Linked} {
		for _, r := range list {
			known[Ref{Table: r.Table, ID: r.ID}] = true
		}
	}
	for _, name := range s.o.Catalog().Names() {
		t, _ := s.o.Catalog().Table(name)
		if !scanned(t) {
			continue
		}
		texts := n.emails
		copies := t.Privacy != nil && t.Privacy.Copy
		if copies {
			texts = append(append(append([]string{}, n.emails...), n.phones...), n.visitors...)
		}
		err := s.scan(ctx, t, l.within(t, held), texts, func(key id.ID, text string) {
			ref := Ref{Table: name, ID: key}
			if known[ref] || copies && !n.his(text) || !copies && !n.holds(text) {
				return
			}
			if copies {
				ref.Way = t.Way()
			}
			sub.Mentions = append(sub.Mentions, ref)
		})
		if err != nil {
			return err
		}
	}
	return s.binned(ctx, l, sub, n, known)
}

// binned finds rows of the recycle bin.
func (s *Service) binned(ctx context.Context, l look, sub *Subject, n *needles, known map[Ref]bool) error {
	find := like(s.o.DB.Dialect(), "image", slices.Concat(n.emails, n.visitors))
	if find.text == "" {
		return nil
	}
	parts, err := l.bin(ctx, n, len(find.args)+1)
	if err != nil {
		return err
	}
	for _, p := range parts {
		err := s.eachRef(ctx, "SELECT tablename, recordid, image FROM recyclebin WHERE ("+find.text+")"+p.text, slices.Concat(find.args, p.args), func(ref Ref, image string) {
			if !known[ref] && n.named(image) {
				sub.Binned = append(sub.Binned, ref)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachRef gives the records that a statement names, with a text of each.
func (s *Service) eachRef(ctx context.Context, text string, args []any, see func(Ref, string)) error {
	rows, err := s.o.DB.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ref Ref
		var raw any
		var found string
		if err := rows.Scan(&ref.Table, &raw, &found); err != nil {
			return err
		}
		v, err := query.Decode(s.o.DB.Dialect(), query.ID, 0, raw)
		if err != nil {
			return err
		}
		ref.ID, _ = v.(id.ID)
		see(ref, found)
	}
	return rows.Err()
}

// scanned tells whether a table's texts are looked through. The base of the
// activities mirrors the others; definitions are the organisation's own words.
func scanned(t *metadata.Table) bool {
	return !t.Intersect && t.Name != "activitypointer" && t.Name != "rpt_personrequest" && t.Name != "rpt_definition" && t.Way() != metadata.KeepRow
}

// textsOf gives an expression that puts all texts of a row one behind the other.
func textsOf(t *metadata.Table, d sqldb.Dialect) string {
	var parts []string
	for _, c := range t.Columns {
		switch c.TypeName {
		case "text", "memo", "json":
			if c.Max == 0 || c.Max >= 5 {
				parts = append(parts, d.Quote(c.Name))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	// In groups, as functions take a hundred arguments. It leaves empty columns out,
	// and puts a text together once: most of a scan's time went into doing it by steps.
	for {
		var next []string
		for some := range slices.Chunk(parts, 90) {
			next = append(next, "concat_ws(' ', "+strings.Join(some, ", ")+")")
		}
		if parts = next; len(parts) == 1 {
			return parts[0]
		}
	}
}

type condition struct {
	text string
	args []any
}

// like is the condition that an expression holds one of the texts, in any case.
func like(d sqldb.Dialect, expression string, texts []string) condition {
	var c condition
	word := " LIKE "
	if d == sqldb.Postgres {
		word = " ILIKE "
	}
	var parts []string
	for _, t := range texts {
		c.args = append(c.args, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(t)+"%")
		parts = append(parts, expression+word+d.Placeholder(len(c.args))+` ESCAPE '\'`)
	}
	c.text = strings.Join(parts, " OR ")
	return c
}

// scan looks through the rows of a table for texts, and gives each that holds one:
// through all rows, or those of some ids.
func (s *Service) scan(ctx context.Context, t *metadata.Table, within rows, texts []string, found func(key id.ID, text string)) error {
	if within.all {
		return s.scanSome(ctx, t, condition{}, texts, found)
	}
	d := s.o.DB.Dialect()
	for some := range slices.Chunk(within.keys, part) {
		where, err := only(d, d.Quote(t.ID), some, len(texts)+1)
		if err != nil {
			return err
		}
		where.text = " WHERE " + where.text
		if err := s.scanSome(ctx, t, where, texts, found); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) scanSome(ctx context.Context, t *metadata.Table, where condition, texts []string, found func(key id.ID, text string)) error {
	d := s.o.DB.Dialect()
	expression := textsOf(t, d)
	c := like(d, "alltext", texts)
	if c.text == "" || expression == "" {
		return nil
	}
	rows, err := s.o.DB.Query(ctx, "SELECT rowkey, alltext FROM (SELECT "+d.Quote(t.ID)+" AS rowkey, "+expression+" AS alltext FROM "+d.Quote(t.Name)+where.text+") AS found WHERE "+c.text, slices.Concat(c.args, where.args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var raw any
		var text string
		if err := rows.Scan(&raw, &text); err != nil {
			return err
		}
		v, err := query.Decode(d, query.ID, 0, raw)
		if err != nil {
			return err
		}
		k, _ := v.(id.ID)
		found(k, text)
	}
	return rows.Err()
}
