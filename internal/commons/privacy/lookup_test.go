package privacy

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// TestLookup plants addresses in many places, columns that are not searched and
// former values among them, and compares what is known of addresses with looking
// through all texts: before and after an erasure both see the same.
func TestLookup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		r := rand.New(rand.NewPCG(7, 11))
		people := []string{"anna.berg@example.com", "al@x.io", "zoë@käse.example", "o'hara+crm@sub.example.co.uk", "hanna.berg@example.com", "anna.berg@example.com.au"}
		plant := e.plant(r, people)
		for i := range 40 {
			plant(i)
		}
		find := func(who Who) *Subject {
			t.Helper()
			sub, err := e.service.plan(e.system(), who)
			if err != nil {
				t.Fatal(who, err)
			}
			for _, list := range []*[]Ref{&sub.Persons, &sub.Linked, &sub.Mentions, &sub.Binned} {
				slices.SortFunc(*list, func(a, b Ref) int {
					return cmp.Or(cmp.Compare(a.Table, b.Table), strings.Compare(a.ID.String(), b.ID.String()))
				})
			}
			for _, list := range []*[]string{&sub.Emails, &sub.Phones, &sub.Names, &sub.Lasts, &sub.Visitors} {
				slices.Sort(*list)
			}
			return sub
		}
		changes := func(sub *Subject, thorough bool) (out []int64) {
			t.Helper()
			n := sub.needles()
			find := like(e.db.Dialect(), "(COALESCE(before, '') || COALESCE(after, ''))", slices.Concat(n.emails, n.visitors))
			l, err := e.service.looking(t.Context(), thorough)
			if err != nil || (l.book == nil) != thorough {
				t.Fatal(l, err)
			}
			parts, err := l.changes(t.Context(), n, len(find.args)+1)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parts {
				rows, err := e.db.Query(t.Context(), "SELECT pos, COALESCE(before, '') || ' ' || COALESCE(after, '') FROM changelog WHERE ("+find.text+")"+p.text, slices.Concat(find.args, p.args)...)
				if err != nil {
					t.Fatal(err)
				}
				for rows.Next() {
					var pos int64
					var text string
					if err := rows.Scan(&pos, &text); err != nil {
						t.Error(err)
					}
					if n.named(text) {
						out = append(out, pos)
					}
				}
				rows.Close()
			}
			slices.Sort(out)
			return out
		}
		same := func(who Who) (known *Subject) {
			t.Helper()
			known = find(who)
			who.Thorough = true
			seen := find(who)
			if !reflect.DeepEqual(known, seen) {
				t.Errorf("%v: known\n%+v\nbut a look through all texts gives\n%+v", who, known, seen)
			}
			if a, b := changes(known, false), changes(seen, true); !slices.Equal(a, b) {
				t.Errorf("%v: changes %v, but %v hold it", who, a, b)
			}
			return known
		}
		total := 0
		for _, p := range people {
			sub := same(Who{Email: strings.ToUpper(p[:1]) + p[1:]})
			total += len(sub.Persons) + len(sub.Mentions) + len(sub.Binned)
		}
		same(Who{Phone: "+43 660 1234567"})
		if total < 20 {
			t.Errorf("only %d rows are about anybody", total)
		}
		others := find(Who{Email: people[4]}) // hanna, who holds anna
		if len(others.Persons)+len(others.Mentions)+len(others.Binned) == 0 {
			t.Error("nothing is about her whose address holds another's")
		}
		defer func() {
			if after := find(Who{Email: people[4]}); !reflect.DeepEqual(after, others) {
				t.Errorf("the erasure of others has touched hers:\n%+v\nare\n%+v", others, after)
			}
		}()
		for _, p := range people[:2] {
			out, err := e.call("rpt_ErasePerson", map[string]any{"Email": p})
			if err != nil || out["row"].(record.Row).Int("statuscode") != statusDone {
				t.Fatal(p, out, err)
			}
			after := same(Who{Email: p})
			if n := len(after.Persons) + len(after.Mentions) + len(after.Binned) + len(changes(after, true)); n > 0 {
				t.Errorf("%s: %d rows and changes still hold it: %+v", p, n, after)
			}
			prefix, domain, _ := bounds(p)
			var left int
			if _, err := e.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM personaddress WHERE address = "+e.db.Dialect().Placeholder(1), []any{prefix + "@" + domain}, &left); err != nil || left > 0 {
				t.Errorf("%s: %d entries of its own are left, %v", p, left, err)
			}
		}
	})
}

// plant gives what makes a record that holds some person's address somewhere.
func (e *env) plant(r *rand.Rand, people []string) func(i int) {
	var accounts []id.ID
	return func(i int) {
		who := people[r.IntN(len(people))]
		text := []string{who, capitals(who), "Write to <" + who + "> & \"call\"", "mailto:" + who + "?subject=x", "a\nb\t" + who + ".", "x=" + who + ";y", `{"to":"` + who + `"}`, "(" + who + ")"}[r.IntN(8)]
		tables := []struct {
			name string
			row  record.Row
		}{
			{"lead", record.Row{"lastname": fmt.Sprint("L", i), "description": text}},
			{"lead", record.Row{"lastname": fmt.Sprint("L", i), "emailaddress1": fmt.Sprintf("other%d@example.com", i), "emailaddress3": who, "telephone3": "+43 660 1234567"}},
			{"contact", record.Row{"lastname": fmt.Sprint("C", i), "emailaddress2": who}},
			{"contact", record.Row{"lastname": fmt.Sprint("C", i), "address1_line3": text}},
			{"account", record.Row{"name": fmt.Sprint("A", i), "address2_line2": text}},
			{"opportunity", record.Row{"name": fmt.Sprint("O", i), "customerneed": text}},
			{"task", record.Row{"subject": fmt.Sprint("T", i), "description": text}},
			{"annotation", record.Row{"subject": fmt.Sprint("N", i), "notetext": text}},
			{"rpt_quarantine", record.Row{"rpt_name": fmt.Sprint("Q", i), "rpt_data": map[string]any{"message": text}}},
		}
		one := tables[r.IntN(len(tables))]
		t, ok := e.catalog.Table(one.name)
		if !ok {
			e.t.Fatal(one.name)
		}
		for name := range one.row {
			if _, ok := t.Column(name); !ok {
				delete(one.row, name)
			}
		}
		if one.name == "annotation" {
			if len(accounts) == 0 {
				accounts = append(accounts, e.create("account", record.Row{"name": "Noted"}).ID("accountid"))
			}
			one.row["objectid"], one.row[metadata.TypeColumn("objectid")] = accounts[0], "account"
		}
		made := e.create(one.name, one.row)
		key := made.ID(t.ID)
		e.must(e.store.Write(e.system(), func(tx *record.Tx) error {
			switch r.IntN(5) {
			case 0: // it was there once
				change := record.Row{}
				for name, v := range one.row {
					if s, ok := v.(string); ok && strings.Contains(strings.ToLower(s), who) {
						change[name] = "gone"
					}
				}
				_, err := tx.Update(e.system(), one.name, key, change, record.Match{})
				return err
			case 1: // or lies in the recycle bin
				return tx.Delete(e.system(), one.name, key, record.Match{})
			}
			return nil
		}))
	}
}

// capitals gives a text in capitals, but for letters that the databases fold no case of.
func capitals(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return unicode.ToUpper(r)
		}
		return r
	}, s)
}

// A change log that was cut before addresses were known has all texts looked through.
func TestLackingAddresses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		if err := e.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec("INSERT INTO personaddresslack (tablename) VALUES ('lead')")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l, err := e.service.looking(t.Context(), false)
		if err != nil || l.book != nil {
			t.Errorf("%v %v", l.book, err)
		}
	})
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"anna@x.com": true, "mailto:anna@x.com": true, `\u003canna@x.com\u003e`: true, "hanna@x.com": true, "anna@x.community": true, "anna@x.co": false, "anna@y.com anna @x.com": false, "ANNA@X.COM!": true} {
		prefix, domain, ok := bounds("anna@x.com")
		if !ok {
			t.Fatal("no bounds")
		}
		found := false
		eachAddress([]byte(text), func(a string) {
			at := strings.LastIndexByte(a, '@')
			found = found || a >= prefix && a < prefix+"\x7f" && strings.HasPrefix(a[at+1:], domain)
		})
		if found != want {
			t.Errorf("%q: found %v", text, found)
		}
	}
	for _, none := range []string{"", "@", "anna@", "@x.com", "anna"} {
		if _, _, ok := bounds(none); ok {
			t.Errorf("%q has bounds", none)
		}
	}
}
