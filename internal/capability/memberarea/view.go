package memberarea

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// TableView is the table of the views.
const TableView = "rpt_memberview"

// View is what members see of a table. What they may see at all is said by
// table permissions; a view arranges it and gives it words.
type View struct {
	Table string `json:"-"`
	Order int64  `json:"-"`

	Title  metadata.Label `json:"title"`  // of the list: My applications
	One    metadata.Label `json:"one"`    // of one: Application
	Name   string         `json:"name"`   // column that is the title of a record; default the name column of the table
	Member []string       `json:"member"` // lookups that lead to the member; the first that leads to a contact counts
	Filter string         `json:"filter"` // OData, which of the member's rows are listed; "" for all
	List   []string       `json:"list"`   // columns shown in the list, below the title
	Fields []Group        `json:"fields"` // of the record's page

	Labels   map[string]metadata.Label            `json:"labels"`   // of columns, in place of their own
	Values   map[string]map[string]metadata.Label `json:"values"`   // column → value → what members read
	Money    []string                             `json:"money"`    // columns of numbers that are amounts, beside those of type money
	Status   string                               `json:"status"`   // column that says how it stands; default statuscode
	Stages   map[string]metadata.Label            `json:"stages"`   // of the business process, by the stage's key
	Asks     []Ask                                `json:"asks"`     // what is asked of the member, by condition
	Messages bool                                 `json:"messages"` // whether member and staff can write to each other about it
	Claim    *Claim                               `json:"claim"`    // which records become a member's by the proof of an address; none if absent
	Empty    metadata.Label                       `json:"empty"`    // shown where there is none

	where query.Node
}

// Claim says which records that belong to nobody yet become a member's once the
// member has shown to have the address that stands in them.
type Claim struct {
	Address string `json:"address"` // column of the address
	When    string `json:"when"`    // OData: which of them; such as those that came by a form

	where query.Node
}

// Group is some fields with a heading.
type Group struct {
	Title   metadata.Label `json:"title"`
	Columns []string       `json:"columns"`
}

// Ask is something that is asked of the member while a condition holds.
type Ask struct {
	When string         `json:"when"` // OData
	Text metadata.Label `json:"text"`

	matcher *query.Matcher
}

// ParseView reads and checks the definition of a view.
func ParseView(table string, definition []byte, catalog *metadata.Catalog, now time.Time) (View, error) {
	v := View{Table: table}
	bad := func(err error, format string, args ...any) error {
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "memberarea.view", format, args...)
		}
		return errs.New(errs.Invalid, "memberarea.view", format, args...)
	}
	t, ok := catalog.Table(table)
	if !ok {
		return v, bad(nil, "there is no table %q", table)
	}
	dec := json.NewDecoder(bytes.NewReader(definition))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, bad(err, "the view of %s can't be read: %s", table, err)
	}
	if v.Title["en"] == "" || v.One["en"] == "" || len(v.Member) == 0 {
		return v, bad(nil, "the view of %s needs title.en, one.en and member", table)
	}
	if v.Name == "" {
		v.Name = t.Title
	}
	if v.Status == "" {
		v.Status = "statuscode"
	}
	for _, name := range v.Member {
		c, ok := t.Column(name)
		if !ok || !c.IsLookup() || !slices.Contains(c.Targets, "contact") {
			return v, bad(nil, "the view of %s: member: %q is no lookup to contacts", table, name)
		}
	}
	columns := append(slices.Concat(v.List, v.Money), v.Name)
	for _, g := range v.Fields {
		columns = append(columns, g.Columns...)
	}
	for _, name := range columns {
		if c, ok := t.Column(name); !ok || c.Secured {
			return v, bad(nil, "the view of %s: there is no column %q for members", table, name)
		}
	}
	env := &odata.Context{Catalog: catalog, Now: now}
	var err error
	if v.Filter != "" {
		if v.where, err = odata.ParseFilter(env, t, v.Filter); err != nil {
			return v, bad(err, "the view of %s: filter: %s", table, err)
		}
	}
	if c := v.Claim; c != nil {
		if _, ok := t.Column(c.Address); !ok {
			return v, bad(nil, "the view of %s: claim: there is no column %q", table, c.Address)
		}
		if c.where, err = odata.ParseFilter(env, t, c.When); err != nil {
			return v, bad(err, "the view of %s: claim: %s", table, err)
		}
	}
	for i := range v.Asks {
		n, err := odata.ParseFilter(env, t, v.Asks[i].When)
		if err == nil {
			v.Asks[i].matcher, err = query.Compile(catalog, table, n)
		}
		if err != nil {
			return v, bad(err, "the view of %s: asks %d: %s", table, i+1, err)
		}
	}
	return v, nil
}

// LoadViews reads the views in force; one that can't be used is left out and told of.
func LoadViews(ctx context.Context, from record.Reader, catalog *metadata.Catalog, now time.Time, logger *slog.Logger) ([]View, error) {
	page, err := from.Find(ctx, query.Query{Table: TableView, Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Limit: 200})
	if err != nil {
		return nil, err
	}
	var out []View
	for _, row := range page.Rows {
		text, _ := row["rpt_definition"].(json.RawMessage)
		v, err := ParseView(row.Text("rpt_table"), text, catalog, now)
		if err != nil {
			logger.Warn("a view of the members' area can't be used and is left out", "view", row.Text("rpt_name"), "error", err)
			continue
		}
		if slices.ContainsFunc(out, func(o View) bool { return o.Table == v.Table }) {
			logger.Warn("a table has two views in the members' area; the second is left out", "table", v.Table)
			continue
		}
		v.Order = row.Int("rpt_order")
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b View) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Table, b.Table)) })
	return out, nil
}

// CheckViews is the hook that refuses a view that could not be used.
func CheckViews(now func() time.Time) record.Hook {
	check := func(tx *record.Tx, row record.Row) error {
		text, _ := row["rpt_definition"].(json.RawMessage)
		_, err := ParseView(row.Text("rpt_table"), text, tx.Catalog(), now())
		return err
	}
	return record.Hook{Table: TableView,
		BeforeCreate: func(_ context.Context, tx *record.Tx, row record.Row) error { return check(tx, row) },
		AfterUpdate:  func(_ context.Context, tx *record.Tx, _, row record.Row) error { return check(tx, row) },
	}
}

// memberOf gives the contact to whom a row belongs.
func (v *View) memberOf(row record.Row) id.ID {
	for _, name := range v.Member {
		key := row.ID(name)
		if kind := row.Text(metadata.TypeColumn(name)); key != id.Nil && (kind == "" || kind == "contact") {
			return key
		}
	}
	return id.Nil
}
