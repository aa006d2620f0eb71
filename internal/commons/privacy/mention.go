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
func (s *Service) mentions(ctx context.Context, sub *Subject) error {
	n := sub.needles()
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
		err := s.scan(ctx, t.Name, t.ID, textsOf(t, s.o.DB.Dialect()), texts, func(key id.ID, text string) {
			ref := Ref{Table: name, ID: key}
			if known[ref] || copies && !n.his(text) {
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
	return s.binned(ctx, sub, n, known)
}

// binned finds rows of the recycle bin.
func (s *Service) binned(ctx context.Context, sub *Subject, n *needles, known map[Ref]bool) error {
	find := like(s.o.DB.Dialect(), "image", append(append([]string{}, n.emails...), n.visitors...))
	if find.text == "" {
		return nil
	}
	rows, err := s.o.DB.Query(ctx, "SELECT tablename, recordid FROM recyclebin WHERE "+find.text, find.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ref Ref
		var raw any
		if err := rows.Scan(&ref.Table, &raw); err != nil {
			return err
		}
		v, err := query.Decode(s.o.DB.Dialect(), query.ID, 0, raw)
		if err != nil {
			return err
		}
		ref.ID, _ = v.(id.ID)
		if !known[ref] {
			sub.Binned = append(sub.Binned, ref)
		}
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

// scan looks through the rows of a table for texts, and gives each that holds one.
func (s *Service) scan(ctx context.Context, table, key, expression string, texts []string, found func(key id.ID, text string)) error {
	d := s.o.DB.Dialect()
	c := like(d, "alltext", texts)
	if c.text == "" || expression == "" {
		return nil
	}
	rows, err := s.o.DB.Query(ctx, "SELECT rowkey, alltext FROM (SELECT "+d.Quote(key)+" AS rowkey, "+expression+" AS alltext FROM "+d.Quote(table)+") AS found WHERE "+c.text, c.args...)
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
