package transfer

import (
	"context"
	"encoding/csv"
	"io"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// State is how far an import has got.
type State struct {
	ID         id.ID       `json:"id"`
	Name       string      `json:"name"`
	Status     int64       `json:"status"`
	Wish       int64       `json:"wish"`
	DryRun     bool        `json:"dryRun"`
	Error      string      `json:"error,omitempty"`
	StartedOn  *time.Time  `json:"startedOn,omitempty"`
	FinishedOn *time.Time  `json:"finishedOn,omitempty"`
	Undone     int64       `json:"undone"`
	Kept       int64       `json:"kept"`
	Files      []FileState `json:"files"`
	// SearchBehind is how many changes, of this import or others, can't be found by
	// search yet.
	SearchBehind int64 `json:"searchBehind"`
}

// FileState is how far one of its files has got.
type FileState struct {
	ID        id.ID    `json:"id"`
	Name      string   `json:"name"`
	Table     string   `json:"table"`
	Size      int64    `json:"size"`
	Percent   int64    `json:"percent"`
	Finished  bool     `json:"finished"`
	Read      int64    `json:"read"`
	Created   int64    `json:"created"`
	Updated   int64    `json:"updated"`
	Unchanged int64    `json:"unchanged"`
	Refused   int64    `json:"refused"`
	Mapping   *Mapping `json:"mapping,omitempty"`
}

// State tells how far an import has got.
func (s *Service) State(ctx context.Context, key id.ID) (State, error) {
	row, err := s.c.Store.Get(ctx, "import", key, nil, nil)
	if err != nil {
		return State{}, err
	}
	files, err := s.filesOf(ctx, s.c.Store, key)
	if err != nil {
		return State{}, err
	}
	out := State{ID: key, Name: row.Text("name"), Status: row.Int("rpt_status"), Wish: row.Int("rpt_wish"), DryRun: row["rpt_dryrun"] == true, Error: row.Text("rpt_error"),
		StartedOn: moment(row, "rpt_startedon"), FinishedOn: moment(row, "rpt_finishedon"), Undone: row.Int("rpt_undone"), Kept: row.Int("rpt_kept"), Files: []FileState{}}
	for _, f := range files {
		one := FileState{ID: f.ID("importfileid"), Name: f.Text("name"), Table: f.Text("targetentityname"), Size: f.Int("size"), Percent: f.Int("rpt_percent"), Finished: f["rpt_finished"] == true,
			Read: f.Int("processedcount"), Created: f.Int("rpt_created"), Updated: f.Int("rpt_updated"), Unchanged: f.Int("rpt_unchanged"), Refused: f.Int("failurecount")}
		if m, err := mappingOf(f); err == nil {
			one.Mapping = &m
		}
		out.Files = append(out.Files, one)
	}
	if s.c.SearchLag != nil {
		if out.SearchBehind, err = s.c.SearchLag(ctx); err != nil {
			return State{}, err
		}
	}
	return out, nil
}

func moment(row record.Row, name string) *time.Time {
	if t, ok := row[name].(time.Time); ok {
		return &t
	}
	return nil
}

// Kept writes the changes that an undo left as they were as CSV.
func (s *Service) Kept(ctx context.Context, key id.ID, to io.Writer) error {
	if _, err := s.c.Store.Get(ctx, "import", key, []string{"importid"}, nil); err != nil {
		return err
	}
	return WriteFaults(ctx, s.c.Keeper, key, operation.PhaseUndo, to)
}

// WriteFaults writes the records that an operation could not deal with as CSV:
// table, id, code and reason.
func WriteFaults(ctx context.Context, k *operation.Keeper, key id.ID, phase int64, to io.Writer) error {
	w := csv.NewWriter(to)
	if err := w.Write([]string{"table", "record", "code", "reason"}); err != nil {
		return err
	}
	for f, err := range operation.Faults(ctx, k.DB, key, id.Nil, phase) {
		if err != nil {
			return err
		}
		table := ""
		if len(f.Data) > 0 {
			table = f.Data[0]
		}
		if err := w.Write([]string{table, f.Record.String(), f.Code, f.Reason}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
