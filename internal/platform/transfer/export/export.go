package export

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Formats by name.
const (
	CSV     = "csv"
	XLSX    = "xlsx"
	JSONL   = "jsonl"
	Parquet = "parquet"
)

// MediaType gives the media type of a format; "" for one that is not known.
func MediaType(format string) string {
	return map[string]string{CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		JSONL: "application/x-ndjson", Parquet: "application/vnd.apache.parquet"}[format]
}

// Request says what is written, and how.
type Request struct {
	Query    query.Query // without Limit and After
	View     odata.View  // columns in order
	Format   string
	Language string         // of labels and headings
	Zone     *time.Location // of moments in CSV and XLSX; nil means UTC
	Only     []id.ID        // these rows only; none means all that match
	Text     map[string]any // what was asked for, for the log
}

// Exporter writes rows out.
type Exporter struct {
	Store  *record.Store
	Access *access.Control
	Clock  clock.Clock
	Dir    string       // where files lie until they have been fetched; "" is the system's folder for such
	Bounds sqldb.Bounds // of the moment that an export shows
	// Tell lets a person know of an export of his that failed; nil tells nobody.
	Tell func(ctx context.Context, tx *record.Tx, who id.ID, n Notice) error
}

// The outcomes of an export, options of rpt_outcome.
const (
	begun = int64(iota)
	complete
	brokenOff
)

const (
	pageRows = 1000
	maxOnly  = 5000
)

// writer is a format.
type writer interface {
	row(values []any) error
	close() error
}

// Export writes the rows and gives their number.
func (e *Exporter) Export(ctx context.Context, r Request, to io.Writer) (rows int64, err error) {
	if MediaType(r.Format) == "" {
		return 0, errs.New(errs.Invalid, "export.format", "the format is one of csv, xlsx, jsonl, parquet")
	}
	if access.From(ctx).Kind == access.Anonymous {
		return 0, access.ErrSignIn
	}
	if err := e.Access.Allow(ctx, r.Query.Table, access.Read); err != nil {
		return 0, err
	}
	if err := r.narrow(); err != nil {
		return 0, err
	}
	columns, err := e.columns(ctx, &r)
	if err != nil {
		return 0, err
	}
	x := &run{Exporter: e, r: r, columns: columns, to: to}
	err = e.Store.AtOneMoment(record.Exporting(ctx, r.Format), e.Bounds, x.read) // each page leaves a trace before it goes out
	return x.end(ctx, err)
}

// narrow keeps to the rows that were named.
func (r *Request) narrow() error {
	if len(r.Only) == 0 {
		return nil
	}
	if len(r.Only) > maxOnly {
		return errs.New(errs.Invalid, "export.rows", "at most %d rows can be named", maxOnly)
	}
	values := make([]any, len(r.Only))
	for i, v := range r.Only {
		values[i] = v
	}
	named := query.In{Left: query.Path{r.View.Table.ID}, Values: values}
	if r.Query.Where == nil {
		r.Query.Where = named
	} else {
		r.Query.Where = query.And{r.Query.Where, named}
	}
	return nil
}

// shown tells whether values are written as people read them.
func (r *Request) shown() bool { return r.Format == CSV || r.Format == XLSX }

func (e *Exporter) open(r Request, columns []column, to io.Writer) (writer, error) {
	switch r.Format {
	case XLSX:
		return newXLSX(r, columns, to, e.Dir)
	case JSONL:
		return newJSONL(columns, to), nil
	case Parquet:
		return newParquet(columns, to), nil
	}
	return newCSV(r, columns, to)
}

// note tells of an export that begins.
func (e *Exporter) note(ctx context.Context, r Request) (key id.ID, err error) {
	asked, err := query.RawJSON(r.Text)
	if err != nil {
		return id.Nil, err
	}
	system := access.Elevate(ctx, "export")
	err = e.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Create(system, Table, record.Row{"rpt_name": r.View.Table.Plural.In("en") + " " + e.Clock.Now().UTC().Format("2006-01-02 15:04"), "rpt_table": r.Query.Table,
			"rpt_format": r.Format, "rpt_query": asked, "ownerid": access.From(ctx).ID, "owneridtype": "systemuser"})
		key = row.ID("rpt_exportlogid")
		return err
	})
	return key, err
}

// noteEnd tells how an export ended, and what went wrong.
func (e *Exporter) noteEnd(ctx context.Context, key id.ID, rows int64, failure error) error {
	system := access.Elevate(ctx, "export")
	row := record.Row{"rpt_rows": rows, "rpt_outcome": complete, "rpt_finishedon": e.Clock.Now()}
	if failure != nil {
		row["rpt_outcome"], row["rpt_error"] = brokenOff, reason(failure)
	}
	return e.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Update(system, Table, key, row, record.Match{})
		if err != nil || failure == nil || byReceiver(failure) {
			return err
		}
		return e.tell(system, tx, row)
	})
}

// byReceiver tells whether it was the receiver who broke off, and so knows.
func byReceiver(err error) bool {
	return errors.As(err, new(*lost)) || errors.Is(err, context.Canceled)
}

// reason puts a failure in words for whoever asked.
func reason(err error) string {
	var e *errs.Error
	switch {
	case errors.As(err, &e) && e.Kind != errs.Internal:
		return e.Message
	case byReceiver(err):
		return "the receiver broke off before the file was whole"
	}
	return "the export failed on the server; its log holds the details"
}
