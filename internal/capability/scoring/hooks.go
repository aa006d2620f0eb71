package scoring

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/rapport-platform/rapport/internal/capability/scoring/endpoint"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// CheckSetups is the hook that keeps set-ups from being written by which leads
// can't be scored.
func CheckSetups() record.Hook {
	check := func(row record.Row) error {
		set := setupOf(row)
		if err := set.Scale.Check(); err != nil {
			return err
		}
		if text, ok := row["rpt_excluded"].(json.RawMessage); ok {
			var names []string
			if json.Unmarshal(text, &names) != nil {
				return errs.InvalidFields("scoring.setup", "the set-up can't be used", []errs.Field{{Name: "rpt_excluded", Code: "type", Message: "an array of names is expected"}})
			}
		}
		if url := row.Text("rpt_endpoint"); url != "" {
			if _, err := endpoint.New(endpoint.Options{URL: url}); err != nil {
				return errs.InvalidFields("scoring.setup", "the set-up can't be used", []errs.Field{{Name: "rpt_endpoint", Code: "url", Message: plainText(err)}})
			}
		}
		return nil
	}
	return record.Hook{Table: "rpt_model",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged := maps.Clone(old)
			maps.Copy(merged, change)
			return check(merged)
		},
	}
}

func plainText(err error) string {
	if e, ok := err.(*errs.Error); ok {
		return e.Message
	}
	return "it can't be used"
}
