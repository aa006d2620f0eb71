package bulk

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// Table holds the operations.
const Table = "rpt_bulkoperation"

// Kind is the kind of the jobs that change rows.
const Kind = "bulk change"

// Config is what the service is made of.
type Config struct {
	Store   *record.Store
	Access  *access.Control
	Actions *action.Registry
	Clock   clock.Clock
	Logger  *slog.Logger
	Keeper  *operation.Keeper
	// Text gives what conditions are read against in the name of the context's principal.
	Text func(ctx context.Context) *odata.Context
}

// Service changes many rows.
type Service struct{ c Config }

// New makes a service.
func New(c Config) *Service { return &Service{c} }

// Preview tells how many rows a request would change, and shows some.
type Preview struct {
	Total  int64    `json:"total"`
	Sample []Sample `json:"sample"`
}

// Sample is one of the rows.
type Sample struct {
	ID   id.ID  `json:"id"`
	Name string `json:"name"`
}

const sampleRows = 10

// Preview counts the rows of a request and gives the first ones by id.
func (s *Service) Preview(ctx context.Context, r Request) (Preview, error) {
	t, _, err := s.check(ctx, r)
	if err != nil {
		return Preview{}, err
	}
	q, err := s.query(ctx, t, r)
	if err != nil {
		return Preview{}, err
	}
	q.Limit, q.Count, q.Order = sampleRows, true, []query.Order{{Column: t.ID}}
	page, err := s.c.Store.Find(ctx, q)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Total: page.Total, Sample: []Sample{}}
	for _, row := range page.Rows {
		out.Sample = append(out.Sample, Sample{row.ID(t.ID), row.Text(t.Title)})
	}
	return out, nil
}

// Start has the rows of a request changed in the background.
func (s *Service) Start(ctx context.Context, r Request) (key id.ID, err error) {
	p, err := s.Preview(ctx, r)
	if err != nil {
		return id.Nil, err
	}
	if p.Total == 0 {
		return id.Nil, errs.New(errs.Invalid, "bulk.none", "there is no such row that you may see")
	}
	if err := s.c.Access.Allow(ctx, Table, access.Create); err != nil {
		return id.Nil, err
	}
	text, err := query.RawJSON(r)
	if err != nil {
		return id.Nil, err
	}
	t, _ := s.c.Store.Catalog().Table(r.Table)
	err = s.c.Store.Write(ctx, func(tx *record.Tx) error {
		top, err := operation.Position(tx, s.c.Keeper.Log)
		if err != nil {
			return err
		}
		row, err := tx.Create(access.Elevate(ctx, "bulk change"), Table, record.Row{"rpt_name": r.Kind + " " + t.Plural.In("en"), "rpt_table": t.Name, "rpt_kind": r.Kind, "rpt_request": text,
			"rpt_total": p.Total, "rpt_status": operation.Waiting, "rpt_first": top, "ownerid": access.From(ctx).ID, "owneridtype": "systemuser"})
		if err != nil {
			return err
		}
		key = row.ID("rpt_bulkoperationid")
		return s.c.Keeper.Enqueue(ctx, tx, operation.Ref{Table: Table, ID: key}, Kind)
	})
	return key, err
}

// State is how far an operation has got.
type State struct {
	ID         id.ID      `json:"id"`
	Name       string     `json:"name"`
	Table      string     `json:"table"`
	Kind       string     `json:"kind"`
	Status     int64      `json:"status"`
	Wish       int64      `json:"wish"`
	Error      string     `json:"error,omitempty"`
	Total      int64      `json:"total"`
	Done       int64      `json:"done"`
	Failed     int64      `json:"failed"`
	Undone     int64      `json:"undone"`
	Kept       int64      `json:"kept"`
	FinishedOn *time.Time `json:"finishedOn,omitempty"`
}

// State tells how far an operation has got.
func (s *Service) State(ctx context.Context, key id.ID) (State, error) {
	row, err := s.c.Store.Get(ctx, Table, key, nil, nil)
	if err != nil {
		return State{}, err
	}
	out := State{ID: key, Name: row.Text("rpt_name"), Table: row.Text("rpt_table"), Kind: row.Text("rpt_kind"), Status: row.Int("rpt_status"), Wish: row.Int("rpt_wish"), Error: row.Text("rpt_error"),
		Total: row.Int("rpt_total"), Done: row.Int("rpt_done"), Failed: row.Int("rpt_failed"), Undone: row.Int("rpt_undone"), Kept: row.Int("rpt_kept")}
	if t, ok := row["rpt_finishedon"].(time.Time); ok {
		out.FinishedOn = &t
	}
	return out, nil
}

// requestOf reads what an operation was asked for.
func requestOf(row record.Row) (r Request, err error) {
	text, _ := row["rpt_request"].(json.RawMessage)
	if err := json.Unmarshal(text, &r); err != nil {
		return r, errs.Wrap(err, errs.Internal, "bulk.request", "the request can't be read")
	}
	return r, nil
}
