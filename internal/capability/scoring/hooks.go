package scoring

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/rapport-platform/rapport/internal/capability/scoring/endpoint"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// meaningless are the reasons for closing a lead that a new model leaves out:
// duplicates, and spam and test entries.
const meaningless = "[100000000,100000001]"

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
		if text, ok := row["rpt_reasonsout"].(json.RawMessage); ok {
			var reasons []int64
			if json.Unmarshal(text, &reasons) != nil || len(reasons) > 100 {
				return errs.InvalidFields("scoring.setup", "the set-up can't be used", []errs.Field{{Name: "rpt_reasonsout", Code: "type", Message: "an array of at most 100 status reasons, as numbers, is expected"}})
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
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			if row["rpt_reasonsout"] == nil {
				row["rpt_reasonsout"] = json.RawMessage(meaningless)
			}
			return check(row)
		},
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
