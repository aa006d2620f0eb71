package scoring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/history"
	"github.com/rapport-platform/rapport/internal/commons/lake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
	"github.com/rapport-platform/rapport/internal/platform/transfer/upload"
)

// The statuses of an import, options of rpt_status.
const (
	importUploaded = int64(iota)
	importWaiting
	importRunning
	importDone
	importFailed
	importCancelled
)

// historyTable is the lake's table of imported history; its own columns begin
// with h_, all others are attributes of leads, in canonical text.
const historyTable = "lead"

const (
	colKey     = "h_key"     // the lead's key, a separator, and the import's number: later imports follow earlier ones
	colImport  = "h_import"  // number of the import
	colLine    = "h_line"    // of the file
	colAt      = "h_at"      // when the row was true; null where only the order is known
	colOutcome = "h_outcome" // null while it is open
	colHorizon = "h_horizon" // days; null where nothing is said
)

// keySeparator can't be part of a key: it is no character that trimmed text holds.
const keySeparator = "\x1e"

// importPayload is the payload of an import's job.
type importPayload struct {
	ID id.ID `json:"id"`
}

// Upload keeps a file of history and makes the record of its import. who must
// be allowed to make imports.
func (s *Service) Upload(ctx context.Context, name string, from io.Reader) (record.Row, error) {
	// The record comes first: who may not make one stores nothing.
	var row record.Row
	err := s.c.Store.Write(ctx, func(tx *record.Tx) (err error) {
		row, err = tx.Create(ctx, "rpt_historyimport", record.Row{"rpt_name": clip(filepath.Base(name), 300)})
		return err
	})
	if err != nil {
		return nil, err
	}
	key := row.ID("rpt_historyimportid")
	system := s.system(context.WithoutCancel(ctx), "upload")
	size, err := s.folder().Save(key.String()+".csv", from)
	if err != nil {
		drop := s.c.Store.Write(system, func(tx *record.Tx) error { return tx.Delete(system, "rpt_historyimport", key, record.Match{}) })
		return nil, errors.Join(err, drop)
	}
	err = s.c.Store.Write(system, func(tx *record.Tx) (err error) {
		row, err = tx.Update(system, "rpt_historyimport", key, record.Row{"rpt_size": size}, record.Match{})
		return err
	})
	return row, err
}

// MaxUpload bounds a file of history, in bytes.
const MaxUpload = 8 << 30

// folder keeps the files of history.
func (s *Service) folder() upload.Folder {
	return upload.Folder{Dir: s.c.Dir, Max: MaxUpload, Codes: "history"}
}

// Preview shows the beginning of an uploaded file under a mapping.
func (s *Service) Preview(ctx context.Context, key id.ID, m history.Mapping) (history.Preview, error) {
	if _, err := s.c.Store.Get(ctx, "rpt_historyimport", key, []string{"rpt_name"}, nil); err != nil {
		return history.Preview{}, err
	}
	f, err := s.open(key)
	if err != nil {
		return history.Preview{}, err
	}
	defer f.Close()
	lead, err := s.leadTable()
	if err != nil {
		return history.Preview{}, err
	}
	return history.Look(f, m, lead)
}

// Refused opens the file of the rows that an import refused.
func (s *Service) Refused(ctx context.Context, key id.ID) (io.ReadCloser, error) {
	if _, err := s.c.Store.Get(ctx, "rpt_historyimport", key, []string{"rpt_name"}, nil); err != nil {
		return nil, err
	}
	f, err := os.Open(s.file(key.String(), "refused.csv"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errs.New(errs.NotFound, "history.no_refused", "this import refused no rows, or has not run on this node")
	}
	return f, err
}

func (s *Service) open(key id.ID) (*os.File, error) { return s.folder().Open(key.String() + ".csv") }

func (s *Service) leadTable() (*metadata.Table, error) {
	lead, ok := s.c.Catalog().Table("lead")
	if !ok {
		return nil, errs.New(errs.Internal, "scoring.lead", "the table lead is not defined")
	}
	return lead, nil
}

// begin checks the mapping of an uploaded file and has it imported.
func (s *Service) begin(ctx context.Context, tx *record.Tx, key id.ID, m history.Mapping) error {
	row, err := tx.Get(ctx, "rpt_historyimport", key, nil, nil)
	if err != nil {
		return err
	}
	if st := row.Int("rpt_status"); st != importUploaded && st != importFailed && st != importCancelled {
		return errs.New(errs.Conflict, "history.begun", "this import has begun already")
	}
	plan, err := s.plan(key, m)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, tx, row, plan, m); err != nil {
		return err
	}
	_, err = s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobImport, Key: key.String(), Payload: importPayload{key}})
	return err
}

// prepare notes how a file is going to be read, and gives the import its number.
func (s *Service) prepare(ctx context.Context, tx *record.Tx, row record.Row, plan *history.Plan, m history.Mapping) error {
	ctx = s.system(ctx, "import")
	mapping, err := query.RawJSON(m)
	if err != nil {
		return err
	}
	headings := map[string]string{}
	for _, t := range plan.Targets {
		headings[t.Name] = t.From
	}
	columns, err := query.RawJSON(headings)
	if err != nil {
		return err
	}
	if err := tx.SQL().Lock("scoring.import.sequence"); err != nil {
		return err
	}
	page, err := tx.Find(ctx, query.Query{Table: "rpt_historyimport", Select: []string{"rpt_sequence"}, Limit: 1, Order: []query.Order{{Column: "rpt_sequence", Desc: true}}})
	if err != nil {
		return err
	}
	sequence := int64(1)
	if len(page.Rows) > 0 {
		sequence = page.Rows[0].Int("rpt_sequence") + 1
	}
	change := record.Row{"rpt_status": importWaiting, "rpt_mapping": mapping, "rpt_columns": columns, "rpt_sequence": sequence, "rpt_read": int64(0), "rpt_good": int64(0), "rpt_bad": int64(0), "rpt_error": nil, "rpt_cancel": nil, "rpt_finishedon": nil}
	_, err = tx.Update(ctx, "rpt_historyimport", row.ID("rpt_historyimportid"), change, record.Match{Version: row.Version()})
	return err
}

// plan opens the file to see whether the mapping fits it.
func (s *Service) plan(key id.ID, m history.Mapping) (*history.Plan, error) {
	f, err := s.open(key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, plan, err := s.read(f, m)
	return plan, err
}

// read prepares reading a file from its beginning.
func (s *Service) read(f *os.File, m history.Mapping) (*history.Reader, *history.Plan, error) {
	r, err := history.NewReader(f, m)
	if err != nil {
		return nil, nil, err
	}
	lead, err := s.leadTable()
	if err != nil {
		return nil, nil, err
	}
	var times []string
	if m.Time.Column != "" && m.Time.Format == "" {
		if times, err = history.Times(r, m); err != nil {
			return nil, nil, err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, nil, err
		}
		if r, err = history.NewReader(f, m); err != nil {
			return nil, nil, err
		}
	}
	plan, err := history.NewPlan(m, r.Header, lead, times)
	return r, plan, err
}

// runImport brings a file into the lake. All of its rows become visible at once;
// a try that ends in the middle leaves none behind.
func (s *Service) runImport(ctx context.Context, j *job.Job) error {
	var p importPayload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(err)
	}
	ctx = s.system(ctx, "import")
	row, err := s.c.Store.Get(ctx, "rpt_historyimport", p.ID, nil, nil)
	if err != nil {
		return job.Permanent(err) // the import was deleted
	}
	var m history.Mapping
	text, _ := row["rpt_mapping"].(json.RawMessage)
	if err := json.Unmarshal(text, &m); err != nil {
		return job.Permanent(err)
	}
	f, err := s.open(p.ID)
	if err != nil {
		return job.Permanent(err)
	}
	defer f.Close()
	done, err := s.bring(ctx, row, f, m, nil)
	if errors.Is(err, errCancelled) {
		return s.c.Store.Write(ctx, func(tx *record.Tx) error {
			if _, err := tx.Update(ctx, "rpt_historyimport", p.ID, record.Row{"rpt_status": importCancelled, "rpt_finishedon": s.c.Clock.Now()}, record.Match{}); err != nil {
				return err
			}
			return j.Done(tx.SQL())
		})
	}
	if err != nil {
		if errs.Has(err, errs.Invalid) {
			return job.Permanent(err)
		}
		return err
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		change := record.Row{"rpt_status": importDone, "rpt_read": done.Read, "rpt_good": done.Good, "rpt_bad": done.Bad, "rpt_finishedon": s.c.Clock.Now()}
		if _, err := tx.Update(ctx, "rpt_historyimport", p.ID, change, record.Match{}); err != nil {
			return err
		}
		if _, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobMatch, Key: p.ID.String()}); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}

// bring reads the file and appends its rows to the lake; tell may be nil.
func (s *Service) bring(ctx context.Context, row record.Row, f *os.File, m history.Mapping, tell func(history.Progress)) (history.Progress, error) {
	key := row.ID("rpt_historyimportid")
	r, plan, err := s.read(f, m)
	if err != nil {
		return history.Progress{}, err
	}
	refused, err := os.Create(s.file(key.String(), "refused.csv"))
	if err != nil {
		return history.Progress{}, err
	}
	defer refused.Close()
	bad, err := read.NewBadWriter(refused, r.Header)
	if err != nil {
		return history.Progress{}, err
	}
	var at history.Progress
	var told time.Time
	rows := history.Rows(ctx, r, plan, history.Options{Bad: bad, Tell: func(p history.Progress) error {
		at = p
		if now := s.c.Clock.Now(); now.Sub(told) >= time.Second {
			told = now
			if tell != nil {
				tell(p)
			}
			return s.tellImport(ctx, key, p)
		}
		return nil
	}})
	sequence := row.Int("rpt_sequence")
	columns := []lake.Column{{Name: colKey, Kind: query.Text}, {Name: colImport, Kind: query.Int}, {Name: colLine, Kind: query.Int}, {Name: colAt, Kind: query.Time},
		{Name: colOutcome, Kind: query.Bool}, {Name: colHorizon, Kind: query.Int}}
	for _, t := range plan.Targets {
		columns = append(columns, lake.Column{Name: t.Name, Kind: query.Text})
	}
	_, err = s.c.Lake.Append(ctx, historyTable, lake.Import{Columns: columns, Key: colKey, Rows: lakeRows(rows, sequence, m.Horizon, len(m.Key) == 0), ID: fmt.Sprintf("%s-%d", key, sequence)})
	return at, err
}

// lakeRows gives rows as the lake takes them.
func lakeRows(rows iter.Seq2[history.Row, error], sequence int64, horizon int, unkeyed bool) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			key := row.Key
			if unkeyed { // lines of different files are different leads
				key = fmt.Sprintf("import %d %s", sequence, key)
			}
			out := make([]any, 6, 6+len(row.Values))
			out[0], out[1], out[2] = fmt.Sprintf("%s%s%012d", key, keySeparator, sequence), sequence, row.Line
			if !row.At.IsZero() {
				out[3] = row.At
			}
			if row.Outcome != nil {
				out[4] = *row.Outcome
			}
			if horizon > 0 {
				out[5] = int64(horizon)
			}
			for _, v := range row.Values {
				if v == "" {
					out = append(out, nil)
				} else {
					out = append(out, v)
				}
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// tellImport notes the progress, and learns whether a person has cancelled.
func (s *Service) tellImport(ctx context.Context, key id.ID, p history.Progress) error {
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Update(ctx, "rpt_historyimport", key, record.Row{"rpt_status": importRunning, "rpt_read": p.Read, "rpt_good": p.Good, "rpt_bad": p.Bad}, record.Match{})
		if err == nil && row["rpt_cancel"] == true {
			return errCancelled
		}
		return err
	})
}

func (s *Service) importDead(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
	var p importPayload
	if json.Unmarshal(j.Payload, &p) != nil {
		return nil
	}
	ctx = s.system(ctx, "import")
	_, err := s.c.Store.Bind(tx).Update(ctx, "rpt_historyimport", p.ID, record.Row{"rpt_status": importFailed, "rpt_error": clip(why(reason), 4000), "rpt_finishedon": s.c.Clock.Now()}, record.Match{})
	if errors.Is(err, record.ErrNotFound) {
		return nil
	}
	return err
}

// why gives what people may read of an error.
func why(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind != errs.Internal {
		text := e.Message
		for _, f := range e.Fields {
			text += "; " + f.Name + ": " + f.Message
		}
		return text
	}
	return "something went wrong that the log tells more about"
}

// cancelImport asks a running import to end, and takes back one that waits.
func (s *Service) cancelImport(ctx context.Context, tx *record.Tx, key id.ID) error {
	row, err := tx.Get(ctx, "rpt_historyimport", key, nil, nil)
	if err != nil {
		return err
	}
	switch row.Int("rpt_status") {
	case importUploaded:
		_, err = tx.Update(s.system(ctx, "cancel"), "rpt_historyimport", key, record.Row{"rpt_status": importCancelled, "rpt_finishedon": s.c.Clock.Now()}, record.Match{})
	case importWaiting, importRunning:
		_, err = tx.Update(s.system(ctx, "cancel"), "rpt_historyimport", key, record.Row{"rpt_cancel": true}, record.Match{})
	default:
		return ErrEnded
	}
	return err
}
