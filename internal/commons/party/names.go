package party

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/record"
)

// FullName keeps the composed name of a person's row in step with its parts.
// Where there is none the company stands for it (a lead), else what was given.
func FullName(table string) record.Hook {
	return record.Hook{Table: table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
			if name := fullName(row); name != nil || row["fullname"] == nil {
				row["fullname"] = name
			}
			return nil
		},
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			merged := record.Row{}
			for _, c := range []string{"firstname", "middlename", "lastname", "companyname"} {
				merged[c] = old[c]
				if v, ok := change[c]; ok {
					merged[c] = v
				}
			}
			if name := fullName(merged); name != nil {
				change["fullname"] = name
			}
			return nil
		},
	}
}

func fullName(row record.Row) any {
	var parts []string
	for _, c := range []string{"firstname", "middlename", "lastname"} {
		if s := row.Text(c); s != "" {
			parts = append(parts, s)
		}
	}
	name := strings.Join(parts, " ")
	if name == "" {
		name = row.Text("companyname")
	}
	if name == "" {
		return nil
	}
	return name
}
