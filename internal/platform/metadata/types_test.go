package metadata_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const currency = `
table: transactioncurrency
set: transactioncurrencies
label: {en: Currency}
plural: {en: Currencies}
id: transactioncurrencyid
name: currencyname
ownership: organization
columns:
  - {name: currencyname, type: text, label: {en: Name}}
`

const user = `
table: systemuser
set: systemusers
label: {en: User}
plural: {en: Users}
id: systemuserid
name: fullname
ownership: organization
columns:
  - {name: fullname, type: text, label: {en: Name}}
`

// one gives the catalog of a table "thing" with the given parts of its file.
func one(t *testing.T, columns, rest string) (*metadata.Catalog, error) {
	t.Helper()
	text := "table: thing\nset: things\nlabel: {en: Thing}\nplural: {en: Things}\nid: thingid\nname: name\nownership: organization\n" + rest +
		"\ncolumns:\n  - {name: name, type: text, label: {en: Name}}\n" + columns
	return load(t, text, currency, user)
}

func load(t *testing.T, texts ...string) (*metadata.Catalog, error) {
	t.Helper()
	files := fstest.MapFS{}
	for i, text := range texts {
		files[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	tables, err := metadata.Load(files, ".")
	if err != nil {
		return nil, err
	}
	return metadata.NewCatalog(tables...)
}

func column(t *testing.T, definition string) *metadata.Column {
	t.Helper()
	c, err := one(t, "  - {name: x, label: {en: X}, "+definition+"}\n", "")
	if err != nil {
		t.Fatal(err)
	}
	table, _ := c.Table("thing")
	col, _ := table.Column("x")
	return col
}

func TestEveryTypeTakesAndRefuses(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 22, 9, 30, 0, 0, time.FixedZone("", 5400*1))
	ident := id.New()
	for _, c := range []struct {
		definition string
		in         any
		want       any // nil: refused
	}{
		{"type: text", "a", "a"},
		{"type: text", 1, nil},
		{"type: text, max: 3", "äöü", "äöü"},
		{"type: text, max: 3", "äöüx", nil},
		{"type: text", "a\x00", nil},
		{"type: text, format: email", "a@b.example", "a@b.example"},
		{"type: text, format: email", "Ann <a@b.example>", nil},
		{"type: text, format: email", "a b", nil},
		{"type: text, format: url", "example.com/x", "example.com/x"},
		{"type: text, format: url", "example.com:8080/x", "example.com:8080/x"},
		{"type: text, format: url", "localhost:80", "localhost:80"},
		{"type: text, format: url", "https://example.com", "https://example.com"},
		{"type: text, format: url", "javascript:alert(1)", nil},
		{"type: text, format: url", "JavaScript:alert(1)", nil},
		{"type: text, format: url", "data:text/html,x", nil},
		{"type: text, format: ticker", "msft", "MSFT"},
		{"type: text, format: phone", "+44 20 7946 0000 ext. 5", "+44 20 7946 0000 ext. 5"},
		{"type: memo", strings.Repeat("x", 5000), strings.Repeat("x", 5000)},
		{"type: whole", json.Number("12"), int64(12)},
		{"type: whole", 1.5, nil},
		{"type: whole", int64(1) << 40, nil},
		{"type: whole, least: 1, most: 5", 6, nil},
		{"type: whole, format: duration", 90, int64(90)},
		{"type: bigint", int64(1) << 60, int64(1) << 60},
		{"type: decimal, precision: 3", json.Number("1.23456"), query.Number{Units: 1235, Scale: 3}},
		{"type: double", json.Number("0.1"), 0.1},
		{"type: double", json.Number("-0"), 0.0},
		{"type: double", json.Number("1e999"), nil},
		{"type: double, most: 1", 1.5, nil},
		{"type: money", json.Number("1.23456"), query.Number{Units: 12346, Scale: 4}},
		{"type: money, precision: 2", json.Number("1.235"), query.Number{Units: 12400, Scale: 4}},
		{"type: boolean", true, true},
		{"type: boolean", 1, nil},
		{"type: date", "2024-02-29", query.Date("2024-02-29")},
		{"type: date", "2023-02-29", nil},
		{"type: datetime", when, when.UTC()},
		{"type: datetime, behaviour: DateOnly", "2024-02-29T10:00:00Z", query.Date("2024-02-29")},
		{"type: datetime, behaviour: TimeZoneIndependent", "2024-02-29T10:00:00+05:00", time.Date(2024, 2, 29, 10, 0, 0, 0, time.UTC)},
		{"type: choice, options: [{value: 1, label: {en: A}}]", 1, int64(1)},
		{"type: choice, options: [{value: 1, label: {en: A}}]", 2, nil},
		{"type: multichoice, options: [{value: 1, label: {en: A}}, {value: 30, label: {en: B}}]", "30,1,1", query.SetValue("1,30")},
		{"type: multichoice, options: [{value: 1, label: {en: A}}]", "2", nil},
		{"type: multichoice, options: [{value: 1, label: {en: A}}]", "1;DROP", nil},
		{"type: id", ident.String(), ident},
		{"type: id", "x", nil},
		{"type: lookup, targets: [thing]", ident.String(), ident},
		{"type: json", `{"a": 1}`, `{"a":1}`},
		{"type: json", `{"a": `, nil},
		{"type: json, max: 3", `{"a":1}`, nil},
		{"type: file", ident, ident},
		{"type: file", "not an id", nil},
		{"type: file, inline: true", "aGVsbG8=", metadata.Content("aGVsbG8=")},
		{"type: image", "aGVsbG8=", metadata.Content("aGVsbG8=")},
	} {
		got, err := column(t, c.definition).Coerce(c.in)
		if raw, ok := got.(json.RawMessage); ok {
			got = string(raw)
		}
		switch {
		case c.want == nil && !errs.Has(err, errs.Invalid):
			t.Errorf("%s takes %v as %v (%v)", c.definition, c.in, got, err)
		case c.want != nil && (err != nil || got != c.want):
			t.Errorf("%s of %v gives %v, %v; want %v", c.definition, c.in, got, err, c.want)
		}
	}
	if v, err := column(t, "type: multichoice, options: [{value: 1, label: {en: A}}]").Coerce(""); v != nil || err != nil {
		t.Errorf("a choice of nothing is %v, %v", v, err)
	}
}

func TestDefinitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ columns, rest, names string }{
		{"  - {name: x, type: nosuch, label: {en: X}}", "", "nosuch"},
		{"  - {name: x, type: text, format: duration, label: {en: X}}", "", "format"},
		{"  - {name: x, type: choice, label: {en: X}}", "", "options"},
		{"  - {name: x, type: choice, choice: nosuch, label: {en: X}}", "", "nosuch"},
		{"  - {name: x, type: choice, label: {en: X}, options: [{value: 1, label: {en: A}}, {value: 1, label: {en: B}}]}", "", "twice"},
		{"  - {name: x, type: whole, least: 5, most: 1, label: {en: X}}", "", "least"},
		{"  - {name: x, type: decimal, precision: 11, label: {en: X}}", "", "10"},
		{"  - {name: x, type: datetime, behaviour: Local, label: {en: X}}", "", "Local"},
		{"  - {name: x, type: lookup, targets: [thing], cascade: sometimes, label: {en: X}}", "", "sometimes"},
		{"  - {name: x, type: lookup, targets: [thing], cascade: {assign: Restrict}, label: {en: X}}", "", "assign"},
		{"  - {name: x, type: lookup, targets: [transactioncurrency], hierarchy: true, label: {en: X}}", "", "hierarchy"},
		{"  - {name: x, type: text, autonumber: 'A-{SEQ:5}', label: {en: X}}", "", "SEQ"},
		{"  - {name: x, type: text, autonumber: 'A', label: {en: X}}", "", "SEQNUM"},
		{"  - {name: x, type: whole, formula: 'name +', label: {en: X}}", "", "thing.x"},
		{"  - {name: x, type: whole, formula: 'nosuch + 1', label: {en: X}}", "", "nosuch"},
		{"  - {name: x, type: whole, formula: 'y + 1', label: {en: X}}\n  - {name: y, type: whole, formula: 'x + 1', label: {en: Y}}", "", "→"},
		{"  - {name: up, type: lookup, targets: [thing], label: {en: Up}}\n  - {name: x, type: whole, formula: 'up.x + 1', label: {en: X}}", "", "→"},
		{"  - {name: up, type: lookup, targets: [thing], collection: below, label: {en: Up}}\n  - {name: x, type: whole, rollup: {relation: below, function: SUM, column: x}, label: {en: X}}", "", "→"},
		{"  - {name: x, type: whole, rollup: {relation: nosuch, function: COUNT}, label: {en: X}}", "", "nosuch"},
		{"  - {name: x, type: image, accept: [png], label: {en: X}}", "", "png"},
		{"", "many_to_many: [{name: rel, with: nosuch}]", "nosuch"},
	} {
		_, err := one(t, c.columns+"\n", c.rest)
		if !errs.Has(err, errs.Invalid) || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s%s: %v does not say %q", c.columns, c.rest, err, c.names)
		}
	}
}

func TestWhatTheCatalogAdds(t *testing.T) {
	t.Parallel()
	c, err := one(t, `  - {name: price, type: money, label: {en: Price, de: Preis}}
  - {name: level, type: choice, choice: grade, label: {en: Level}}
  - {name: paper, type: file, label: {en: Paper}}
  - {name: up, type: lookup, targets: [thing], collection: below, hierarchy: true, label: {en: Up}}
  - {name: total, type: money, rollup: {relation: below, function: SUM, column: price}, label: {en: Total}}
  - {name: double, type: decimal, formula: 'price * 2.0', label: {en: Double}}
  - {name: four, type: decimal, formula: 'double * 2.0 + up.price', label: {en: Four}}
  - {name: number, type: text, autonumber: 'N-{SEQNUM:4}', label: {en: Number}}
`, "choices: [{name: grade, label: {en: Grade}, options: [{value: 1, label: {en: A}}]}]\nmany_to_many: [{name: thing_friends, with: thing}, {name: thing_money, with: transactioncurrency}]")
	if err != nil {
		t.Fatal(err)
	}
	thing, _ := c.Table("thing")
	for _, name := range []string{"price_base", "transactioncurrencyid", "exchangerate", "total_base", "total_date", "total_state", "paper_name"} {
		if col, ok := thing.Column(name); !ok || !col.System {
			t.Errorf("there is no system column %s", name)
		}
	}
	if level, _ := thing.Column("level"); len(level.Options) != 1 {
		t.Error("the column has not got the options of the global choice")
	}
	if got := thing.Formulas(); len(got) != 2 || got[0].Name != "double" || got[1].Name != "four" || got[1].Compiled().Parents["up"][0] != "price" {
		t.Errorf("formulas in the order %v", got)
	}
	if k := thing.Keys[len(thing.Keys)-1]; k.Columns[0] != "number" {
		t.Error("automatic numbers have no key")
	}
	for _, nav := range []string{"thing_friends", "thing_friends_referenced", "thing_money"} {
		if r, ok := thing.Relation(nav); !ok || !r.ManyToMany() || !r.Many {
			t.Errorf("there is no N:N relation %s", nav)
		}
	}
	x, ok := c.Table("thing_money")
	if !ok || !x.Intersect || len(x.Keys) != 1 || len(x.Keys[0].Columns) != 2 {
		t.Errorf("the intersect table is %+v", x)
	}
}

func TestAutoNumberText(t *testing.T) {
	t.Parallel()
	n, err := metadata.ParseAutoNumber("CASE-{SEQNUM:5}-{RANDSTRING:4}-{DATETIMEUTC:yyyyMM}")
	if err != nil {
		t.Fatal(err)
	}
	got := n.Text(42, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	if !strings.HasPrefix(got, "CASE-00042-") || !strings.HasSuffix(got, "-202611") || len(got) != len("CASE-00042-ABCD-202611") {
		t.Error(got)
	}
	if got := n.Text(1234567, time.Time{}); !strings.Contains(got, "-1234567-") {
		t.Error("a long number is cut: ", got)
	}
	for _, bad := range []string{"", "A", "{SEQNUM:0}", "{SEQNUM:5", "SEQNUM:5}", "{SEQNUM:1}{SEQNUM:1}", "{SEQNUM:2}{RANDSTRING:7}", "{SEQNUM:2}{DATETIMEUTC:YYYY}", strings.Repeat("x", 200) + "{SEQNUM:1}"} {
		if _, err := metadata.ParseAutoNumber(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestCascadeForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]metadata.Cascade{
		"delete":   {Delete: metadata.CascadeAll},
		"restrict": {Delete: metadata.Restrict},
		"parental": metadata.Parental(),
		"{delete: Restrict, assign: Active, merge: Cascade}": {Delete: metadata.Restrict, Assign: metadata.Active, Merge: metadata.CascadeAll},
	} {
		if got := column(t, "type: lookup, targets: [thing], cascade: "+text).Cascade; got != want {
			t.Errorf("%s gives %+v", text, got)
		}
	}
	if got := column(t, "type: lookup, targets: [thing], required: true").OnDelete(); got != metadata.Restrict {
		t.Errorf("a required lookup is %s on delete", got)
	}
}
