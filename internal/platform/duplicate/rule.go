package duplicate

import (
	"context"
	"embed"
	"log/slog"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Watched lists the tables whose change makes the rules old.
func Watched() []string { return []string{"duplicaterule", "duplicaterulecondition"} }

// Status reasons of a rule.
const (
	Unpublished = int64(0)
	Publishing  = int64(1)
	Published   = int64(2)
)

// Rule says when a row of one table counts as the same as one of another.
type Rule struct {
	ID              id.ID
	Name            string
	Base, Matching  string
	CaseSensitive   bool
	ExcludeInactive bool
	Published       bool // looked by; else only its keys are kept
	Conditions      []Condition
}

// Condition is one comparison; all of a rule's must hold.
type Condition struct {
	Base, Matching string
	Operator       int64
	Characters     int
	IgnoreBlank    bool
}

// The operators, by Dataverse's codes.
const (
	exact = iota
	sameFirst
	sameLast
	sameDate
	sameTime
	sameLabel
	sameValue
)

// The operators that Dataverse does not have.
const (
	sameEmail = iota + 100_000_000
	samePhone
	sameAddress
	similarName
)

// Rules are those in force, by table.
type Rules struct {
	byBase, byMatching map[string][]*Rule
}

// Load reads the rules that are published or about to be. One that can't be
// used is kept out and told of.
func Load(ctx context.Context, from record.Reader, c *metadata.Catalog, logger *slog.Logger) (*Rules, error) {
	out := &Rules{byBase: map[string][]*Rule{}, byMatching: map[string][]*Rule{}}
	page, err := from.Find(ctx, query.Query{Table: "duplicaterule", Where: query.In{Left: query.Path{"statuscode"}, Values: []any{Publishing, Published}}})
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		r, err := Read(ctx, from, c, row)
		if err != nil {
			logger.Warn("a duplicate rule can't be used and is left out", "rule", row.Text("name"), "error", err)
			continue
		}
		out.byBase[r.Base] = append(out.byBase[r.Base], r)
		out.byMatching[r.Matching] = append(out.byMatching[r.Matching], r)
	}
	return out, nil
}

const maxConditions = 20

// Read makes a rule of its row and checks that it can be used.
func Read(ctx context.Context, from record.Reader, c *metadata.Catalog, row record.Row) (*Rule, error) {
	r := &Rule{ID: row.ID("duplicateruleid"), Name: row.Text("name"), Base: row.Text("baseentityname"), Matching: row.Text("matchingentityname"), Published: row.Int("statuscode") == Published}
	r.CaseSensitive, _ = row["iscasesensitive"].(bool)
	r.ExcludeInactive, _ = row["excludeinactiverecords"].(bool)
	base, ok := c.Table(r.Base)
	matching, also := c.Table(r.Matching)
	if !ok || !also {
		return nil, errs.New(errs.Invalid, "duplicate.rule", "the rule names a table that is not there")
	}
	page, err := from.Find(ctx, query.Query{Table: "duplicaterulecondition", Where: query.Compare{Left: query.Path{"regardingobjectid"}, Value: r.ID}, Order: []query.Order{{Column: "createdon"}}})
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 || len(page.Rows) > maxConditions {
		return nil, errs.New(errs.Invalid, "duplicate.rule", "a rule has between 1 and %d conditions", maxConditions)
	}
	for _, cr := range page.Rows {
		cond := Condition{Base: cr.Text("baseattributename"), Matching: cr.Text("matchingattributename"), Operator: cr.Int("operatorcode"), Characters: int(cr.Int("operatorparam"))}
		cond.IgnoreBlank, _ = cr["ignoreblankvalues"].(bool)
		if err := cond.check(base, matching); err != nil {
			return nil, err
		}
		r.Conditions = append(r.Conditions, cond)
	}
	return r, nil
}

func (c Condition) check(base, matching *metadata.Table) error {
	for t, name := range map[*metadata.Table]string{base: c.Base, matching: c.Matching} {
		column, ok := t.Column(name)
		if !ok {
			return errs.New(errs.Invalid, "duplicate.rule", "table %s has no column %s", t.Name, name)
		}
		if column.Secured {
			return errs.New(errs.Invalid, "duplicate.rule", "%s is secured: a rule would give its values away", name)
		}
		kind := t.Shape().Columns[name].Kind
		switch {
		case kind == query.JSON, (c.Operator == sameFirst || c.Operator == sameLast || c.Operator >= sameEmail) && kind != query.Text && kind != query.Memo,
			(c.Operator == sameDate || c.Operator == sameTime) && kind != query.Time && kind != query.Day,
			(c.Operator == sameLabel || c.Operator == sameValue) && len(column.Options) == 0:
			return errs.New(errs.Invalid, "duplicate.rule", "%s is of a type that the operator can't compare", name)
		}
	}
	if (c.Operator == sameFirst || c.Operator == sameLast) && c.Characters <= 0 {
		return errs.New(errs.Invalid, "duplicate.rule", "say how many characters must be the same")
	}
	return nil
}
