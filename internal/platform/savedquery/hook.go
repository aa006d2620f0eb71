package savedquery

import (
	"context"
	"embed"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Hooks gives the hooks that refuse queries which can't be asked.
func Hooks(catalog func() *metadata.Catalog, clk clock.Clock) []record.Hook {
	check := func(row record.Row) error {
		return Check(catalog(), clk, row.Text("returnedtypecode"), row.Text("fetchxml"))
	}
	var out []record.Hook
	for _, table := range []string{"savedquery", "userquery"} {
		out = append(out, record.Hook{Table: table,
			BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
			BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
				_, fetch := change["fetchxml"]
				_, code := change["returnedtypecode"]
				if !fetch && !code {
					return nil
				}
				merged := record.Row{"returnedtypecode": old["returnedtypecode"], "fetchxml": old["fetchxml"]}
				for name := range merged {
					if v, ok := change[name]; ok {
						merged[name] = v
					}
				}
				return check(merged)
			}})
	}
	return out
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
