package webhook

import (
	"context"
	"embed"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Watched lists the tables whose change makes the registrations old.
func Watched() []string { return []string{"serviceendpoint", "sdkmessageprocessingstep"} }

// Step is a registration: which changes of a table go where.
type Step struct {
	ID, Endpoint id.ID
	Name, Table  string
	Message      changelog.Op
	Columns      []string // of updates; none means any
}

// Steps are the registrations in force, by table.
type Steps struct {
	byTable map[string][]Step
	urls    map[id.ID]string
}

// Load reads the registrations that are enabled, of endpoints that are.
func Load(ctx context.Context, from record.Reader) (*Steps, error) {
	out := &Steps{byTable: map[string][]Step{}, urls: map[id.ID]string{}}
	enabled := query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}
	endpoints, err := from.Find(ctx, query.Query{Table: "serviceendpoint", Select: []string{"url"}, Where: enabled})
	if err != nil {
		return nil, err
	}
	for _, row := range endpoints.Rows {
		out.urls[row.ID("serviceendpointid")] = row.Text("url")
	}
	steps, err := from.Find(ctx, query.Query{Table: "sdkmessageprocessingstep", Where: enabled})
	if err != nil {
		return nil, err
	}
	for _, row := range steps.Rows {
		s := Step{ID: row.ID("sdkmessageprocessingstepid"), Endpoint: row.ID("eventhandler"), Name: row.Text("name"), Table: row.Text("rpt_table"), Message: changelog.Op(row.Int("rpt_message"))}
		if out.urls[s.Endpoint] == "" {
			continue
		}
		s.Columns = columnsOf(row.Text("filteringattributes"))
		out.byTable[s.Table] = append(out.byTable[s.Table], s)
	}
	return out, nil
}

func columnsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

// Hooks check registrations when they are written, and seal the secret.
func Hooks(box *secret.Box, catalog func() *metadata.Catalog, c *Client) []record.Hook {
	endpoint := func(_ context.Context, tx *record.Tx, key id.ID, change record.Row) error {
		if address, given := change["url"].(string); given {
			if err := c.CheckURL(address); err != nil {
				return err
			}
		}
		plain, given := change["rpt_signingsecret"]
		if !given {
			return nil
		}
		delete(change, "rpt_signingsecret") // so that it is in no row, no log and no answer
		text, _ := plain.(string)
		change["rpt_hassecret"] = text != ""
		return keepSecret(tx, box, key, text)
	}
	step := func(row record.Row) error {
		t, ok := catalog().Table(row.Text("rpt_table"))
		if !ok || t.NoTrack {
			return errs.InvalidFields("webhook.table", "nobody can be told of changes of this table", []errs.Field{{Name: "rpt_table", Code: "unknown", Message: "there is no such table, or its changes are not kept"}})
		}
		for _, name := range columnsOf(row.Text("filteringattributes")) {
			if _, ok := t.Column(name); !ok {
				return errs.InvalidFields("webhook.columns", "the table has no such column", []errs.Field{{Name: "filteringattributes", Code: "unknown", Message: "table " + t.Name + " lacks a column that is named"}})
			}
		}
		return nil
	}
	return []record.Hook{
		{Table: "serviceendpoint",
			BeforeCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
				return endpoint(ctx, tx, row.ID("serviceendpointid"), row)
			},
			BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
				return endpoint(ctx, tx, old.ID("serviceendpointid"), change)
			},
			BeforeDelete: func(_ context.Context, tx *record.Tx, row record.Row) error {
				return keepSecret(tx, box, row.ID("serviceendpointid"), "")
			}},
		{Table: "sdkmessageprocessingstep",
			BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return step(row) },
			BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
				whole := record.Row{}
				for name, v := range old {
					whole[name] = v
				}
				for name, v := range change {
					whole[name] = v
				}
				return step(whole)
			}},
	}
}

func place(endpoint id.ID) string { return "webhook " + endpoint.String() }

func keepSecret(tx *record.Tx, box *secret.Box, endpoint id.ID, plain string) error {
	d := tx.SQL().Dialect()
	key, err := query.Encode(d, query.ID, endpoint)
	if err != nil {
		return err
	}
	if plain == "" {
		_, err = tx.SQL().Exec("DELETE FROM webhooksecret WHERE endpointid = "+d.Placeholder(1), key)
		return err
	}
	if len(plain) < 16 {
		return errs.InvalidFields("webhook.secret", "the signing secret is too short", []errs.Field{{Name: "rpt_signingsecret", Code: "too_short", Message: "it needs 16 characters at least"}})
	}
	_, err = tx.SQL().Exec("INSERT INTO webhooksecret (endpointid, sealed) VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+") ON CONFLICT (endpointid) DO UPDATE SET sealed = excluded.sealed", key, box.Seal(place(endpoint), []byte(plain)))
	return err
}
