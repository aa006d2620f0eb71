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

// look is how rows that name a person are found: by the addresses that are known
// of all records, or by looking through all texts.
type look struct {
	s    *Service
	book *Addresses // nil: all texts are looked through
}

// looking tells how to look for a person. Asked to be thorough, or where the
// addresses are not all known, it is through all texts.
func (s *Service) looking(ctx context.Context, thorough bool) (look, error) {
	l := look{s: s}
	if thorough || s.o.Addresses == nil {
		return l, nil
	}
	var lacking int
	if _, err := s.o.DB.QueryRow(ctx, "SELECT COUNT(*) FROM personaddresslack", nil, &lacking); err != nil || lacking > 0 {
		return l, err
	}
	l.book = s.o.Addresses
	return l, l.book.CatchUp(ctx)
}

// indexed tells whether the addresses of a table's rows are known: changes of the
// others are not tracked, and in copies of what was sent numbers count as well.
func (l look) indexed(t *metadata.Table) bool {
	return l.book != nil && !t.NoTrack && (t.Privacy == nil || !t.Privacy.Copy)
}

// rows are those of a table that are looked at: all, or some.
type rows struct {
	all  bool
	keys []id.ID
}

// within gives the rows of a table that may hold an address.
func (l look) within(t *metadata.Table, held map[string][]id.ID) rows {
	if l.indexed(t) {
		return rows{keys: held[t.Name]}
	}
	return rows{all: true}
}

// bounds gives the beginning of the kept addresses that hold an address as a part,
// and that of what follows it. Of one that has other characters than addresses
// have, as keys made of an address do, it is the part around the @: what is found
// is looked at anyway.
func bounds(email string) (prefix, domain string, ok bool) {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return "", "", false
	}
	left, right := at, at+1
	for left > 0 && at-left < localMost && inLocal(email[left-1]) {
		left--
	}
	for right < len(email) && right-at <= domainMost && inDomain(email[right]) {
		right++
	}
	if left == at || right == at+1 {
		return "", "", false
	}
	whole := kept(email[left:at], email[at+1:right])
	cut := strings.LastIndexByte(whole, '@')
	return whole[:cut], whole[cut+1:], true
}

// can tells the same of a person's addresses: where one can't be looked up, all
// texts are looked through.
func (l look) can(emails []string) look {
	for _, e := range emails {
		if _, _, ok := bounds(e); !ok {
			return look{s: l.s}
		}
	}
	return l
}

// holders gives the records that hold one of the addresses or were visited by one
// of the visitors, now or once.
func (l look) holders(ctx context.Context, emails, marks []string) (out []entry, err error) {
	if l.book == nil {
		return nil, nil
	}
	p := l.s.o.DB.Dialect().Placeholder
	for _, e := range emails {
		prefix, domain, _ := bounds(e)
		err := l.each(ctx, "address >= "+p(1)+" AND address < "+p(2), []any{prefix, prefix + "\x7f"}, func(f entry) {
			if at := strings.LastIndexByte(f.address, '@'); strings.HasPrefix(f.address[at+1:], domain) {
				out = append(out, f)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for _, m := range marks {
		if err := l.each(ctx, "address = "+p(1), []any{m}, func(f entry) { out = append(out, f) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (l look) each(ctx context.Context, where string, args []any, see func(entry)) error {
	rows, err := l.s.o.DB.Query(ctx, "SELECT address, tablename, recordid FROM personaddress WHERE "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f entry
		var raw any
		if err := rows.Scan(&f.address, &f.table, &raw); err != nil {
			return err
		}
		v, err := query.Decode(l.s.o.DB.Dialect(), query.ID, 0, raw)
		if err != nil {
			return err
		}
		f.key, _ = v.(id.ID)
		see(f)
	}
	return rows.Err()
}

// marks are what visitors are kept under.
func (n *needles) marks() (out []string) {
	for _, v := range n.visitors {
		out = append(out, visitorMark(v))
		if w := longestWord(v); w != "" {
			out = append(out, wordMark(w))
		}
	}
	return out
}

func numberMarks(numbers []string) (out []string) {
	for _, v := range numbers {
		out = append(out, numberMark(v))
	}
	return out
}

// former is look for what holds former values: the change log and the recycle bin.
func (l look) former(n *needles) look {
	for _, v := range n.visitors {
		if longestWord(v) == "" {
			return look{s: l.s} // it can't be looked up in what was sent
		}
	}
	return l.can(n.emails)
}

// bin gives conditions for the rows of the recycle bin that may hold a person: of
// the records that hold an address, and of the tables that are not tracked.
func (l look) bin(ctx context.Context, n *needles, from int) ([]condition, error) {
	if l = l.former(n); l.book == nil {
		return []condition{{}}, nil
	}
	list, err := l.holders(ctx, n.emails, n.marks())
	if err != nil {
		return nil, err
	}
	d := l.s.o.DB.Dialect()
	var out []condition
	for table, keys := range refs(list) {
		for some := range slices.Chunk(keys, part) {
			c, err := only(d, "recordid", some, from+1)
			if err != nil {
				return nil, err
			}
			out = append(out, condition{" AND tablename = " + d.Placeholder(from) + " AND " + c.text, append([]any{table}, c.args...)})
		}
	}
	for _, name := range l.s.o.Catalog().Names() {
		if t, _ := l.s.o.Catalog().Table(name); t.NoTrack {
			out = append(out, condition{" AND tablename = " + d.Placeholder(from), []any{name}})
		}
	}
	return out, nil
}

// changes gives conditions for the rows of the change log, or of whatever else
// has the records' ids, that may hold a person.
func (l look) changes(ctx context.Context, n *needles, from int) ([]condition, error) {
	if l = l.former(n); l.book == nil {
		return []condition{{}}, nil
	}
	list, err := l.holders(ctx, n.emails, n.marks())
	if err != nil {
		return nil, err
	}
	seen := map[id.ID]bool{}
	var keys []id.ID
	for _, f := range list {
		if !seen[f.key] {
			seen[f.key] = true
			keys = append(keys, f.key)
		}
	}
	var out []condition
	for some := range slices.Chunk(keys, part) {
		c, err := only(l.s.o.DB.Dialect(), "recordid", some, from)
		if err != nil {
			return nil, err
		}
		out = append(out, condition{" AND " + c.text, c.args})
	}
	return out, nil
}

// refs gives the records of entries, each once, by table.
func refs(list []entry) map[string][]id.ID {
	seen := map[Ref]bool{}
	out := map[string][]id.ID{}
	for _, f := range list {
		if ref := (Ref{Table: f.table, ID: f.key}); !seen[ref] {
			seen[ref] = true
			out[f.table] = append(out[f.table], f.key)
		}
	}
	return out
}

// only is the condition that a column has one of some ids.
func only(d sqldb.Dialect, column string, keys []id.ID, from int) (condition, error) {
	var c condition
	marks := make([]string, len(keys))
	for i, k := range keys {
		enc, err := query.Encode(d, query.ID, k)
		if err != nil {
			return c, err
		}
		marks[i] = d.Placeholder(from + i)
		c.args = append(c.args, enc)
	}
	c.text = column + " IN (" + strings.Join(marks, ", ") + ")"
	return c, nil
}

// forget drops what is known of the person's addresses, but for records that are
// kept or hold them still.
func (l look) forget(ctx context.Context, sub *Subject, n *needles, still map[Ref]bool) error {
	if l = l.former(n); l.book == nil {
		return nil
	}
	mine, own := map[Ref]bool{}, sub.own()
	for _, r := range slices.Concat(sub.touched(), sub.Binned) {
		mine[Ref{Table: r.Table, ID: r.ID}] = true
	}
	list, err := l.holders(ctx, n.emails, slices.Concat(n.marks(), numberMarks(sub.Phones)))
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(f entry) bool {
		ref := Ref{Table: f.table, ID: f.key}
		return !mine[ref] || still[ref] || f.address[0] == '#' && !own[ref] || // others share a number
			f.address[0] == '@' && !n.holds(unkept(f.address)) // a longer address, which stays
	})
	for some := range slices.Chunk(list, part) {
		if err := l.s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return dropAddresses(tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

func dropAddresses(tx *sqldb.Tx, list []entry) error {
	p := tx.Dialect().Placeholder
	for _, e := range list {
		key, err := query.Encode(tx.Dialect(), query.ID, e.key)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM personaddress WHERE address = "+p(1)+" AND tablename = "+p(2)+" AND recordid = "+p(3), e.address, e.table, key); err != nil {
			return err
		}
	}
	return nil
}
