package report

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// BySeller is the dimension of reports of times.
const BySeller = "seller"

// Service answers reports.
type Service struct {
	Records Reader
	Catalog Catalog
	Set     func() *process.Set
}

// Named is a report with its name.
type Named struct {
	Name string
	*Definition
}

const mostReports = 200

// List gives the active reports that may be read, in their order. Those that can't
// be asked, as a table has gone meanwhile, are left out.
func (s *Service) List(ctx context.Context) ([]Named, error) {
	page, err := s.Records.Find(ctx, query.Query{Table: Table, Select: []string{"rpt_uniquename", "rpt_definition"}, Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)},
		Order: []query.Order{{Column: "rpt_order"}, {Column: "rpt_name"}}, Limit: mostReports})
	if err != nil {
		return nil, err
	}
	out := []Named{}
	for _, row := range page.Rows {
		if d, err := s.read(row); err == nil {
			out = append(out, Named{row.Text("rpt_uniquename"), d})
		}
	}
	return out, nil
}

// Get gives one report by its name.
func (s *Service) Get(ctx context.Context, name string) (*Definition, error) {
	row, err := s.Records.GetByKey(ctx, Table, map[string]any{"rpt_uniquename": name}, []string{"rpt_definition", "statecode"}, nil)
	if err != nil {
		return nil, err
	}
	if row.Int("statecode") != 0 {
		return nil, errs.New(errs.NotFound, "report.inactive", "the report is not active")
	}
	return s.read(row)
}

func (s *Service) read(row record.Row) (*Definition, error) {
	text, _ := row["rpt_definition"].(json.RawMessage)
	return Compile(text, s.Catalog())
}

// Answer gives a report's numbers as the context's principal may see them.
func (s *Service) Answer(ctx context.Context, d *Definition, a *Ask) (*Answer, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	if d.Kind == Times {
		return s.answerTimes(ctx, d, a)
	}
	return s.answerSteps(ctx, d, a)
}

// Check is the hook that keeps reports which can't be asked from being written.
func (s *Service) Check() record.Hook {
	check := func(row record.Row) error {
		if _, given := row["rpt_definition"]; !given {
			return nil
		}
		_, err := s.read(row)
		if err == nil {
			return nil
		}
		return errs.InvalidFields("report.definition", err.Error(), []errs.Field{{Name: "rpt_definition", Code: "report.definition", Message: err.Error()}})
	}
	return record.Hook{Table: Table,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, _, change record.Row) error { return check(change) },
	}
}

// Currency gives the ISO code of the base currency, in which sums of money are told;
// "" where it may not be read.
func (s *Service) Currency(ctx context.Context) string {
	row, err := s.Records.Get(ctx, metadata.CurrencyTable, record.BaseCurrency, []string{"isocurrencycode"}, nil)
	if err != nil {
		return ""
	}
	return row.Text("isocurrencycode")
}
