package savedquery

import (
	"context"
	"embed"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Hooks gives the hooks that refuse queries and charts which can't be asked, and
// changes of those that follow from definitions.
func Hooks(catalog func() *metadata.Catalog, clk clock.Clock) []record.Hook {
	saved := func(row record.Row) error {
		return Check(catalog(), clk, row.Text("returnedtypecode"), row.Text("fetchxml"))
	}
	chart := func(row record.Row) error {
		if text := row.Text("presentationdescription"); text != "" {
			if err := wellFormed(text); err != nil {
				return onColumn(err, "presentationdescription")
			}
		}
		return CheckChart(catalog(), clk, row.Text("primaryentitytypecode"), row.Text("datadescription"))
	}
	var out []record.Hook
	for _, table := range []string{"savedquery", "userquery"} {
		out = append(out, checked(table, saved, "returnedtypecode", "fetchxml"))
	}
	for _, table := range []string{"savedqueryvisualization", "userqueryvisualization"} {
		out = append(out, checked(table, chart, "primaryentitytypecode", "datadescription", "presentationdescription"))
	}
	for _, table := range []string{"savedquery", "savedqueryvisualization"} {
		out = append(out, kept(table))
	}
	return out
}

// checked makes the hook that checks rows whenever some of their columns change.
func checked(table string, check func(record.Row) error, columns ...string) record.Hook {
	return record.Hook{Table: table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged, changed := record.Row{}, false
			for _, name := range columns {
				merged[name] = old[name]
				if v, ok := change[name]; ok {
					merged[name], changed = v, true
				}
			}
			if !changed {
				return nil
			}
			return check(merged)
		}}
}

// kept makes the hook that keeps the rows which follow from definitions as they
// are: those are customised instead.
func kept(table string) record.Hook {
	check := func(ctx context.Context, row record.Row) error {
		if managed, _ := row["ismanaged"].(bool); managed && access.From(ctx).Kind != access.System {
			return errs.New(errs.Forbidden, "savedquery.managed", "the row follows from a definition; change that, or make a row of your own")
		}
		return nil
	}
	return record.Hook{Table: table,
		BeforeUpdate: func(ctx context.Context, _ *record.Tx, old, _ record.Row) error { return check(ctx, old) },
		BeforeDelete: func(ctx context.Context, _ *record.Tx, row record.Row) error { return check(ctx, row) },
	}
}

// Check makes sure that FetchXML can be asked of a table. What is wrong with it
// is told as it would be when it is asked.
func Check(catalog *metadata.Catalog, clk clock.Clock, table, fetch string) error {
	f, err := odata.ParseFetch(&odata.Context{Catalog: catalog, Now: clk.Now()}, fetch)
	if err != nil {
		return onColumn(err, "fetchxml")
	}
	if f.View.Table.Name != table {
		return onColumn(errs.New(errs.Invalid, "savedquery.table", "the query is about table %s, and returnedtypecode names %q", f.View.Table.Name, table), "returnedtypecode")
	}
	_, err = query.Check(catalog, &f.Query, query.Limits{})
	return onColumn(err, "fetchxml")
}

func onColumn(err error, column string) error {
	known, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err
	}
	copied := *known
	copied.Fields = []errs.Field{{Name: column, Code: known.Code, Message: known.Message}}
	return &copied
}
