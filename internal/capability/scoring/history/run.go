package history

import (
	"context"
	"errors"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Sink takes the rows of a file, a batch at a time, in order. The rows and
// what they hold are the sink's only until it returns.
type Sink interface {
	// Write makes the batch durable. The number of the batch makes it happen once.
	Write(ctx context.Context, batch int64, rows []Row) error
}

// Progress is how far an import has come.
type Progress struct {
	Read  int64 `json:"read"` // records, good and bad
	Good  int64 `json:"good"`
	Bad   int64 `json:"bad"`
	Batch int64 `json:"batch"` // batches that are durable
}

// Options say how an import runs.
type Options struct {
	Sink  Sink
	Bad   *BadWriter
	Batch int // rows in a batch; 0 means 20,000
	// From is where an earlier try stopped: as many records are passed over.
	From Progress
	// Saved is told after each batch; its error ends the import.
	Saved func(Progress) error
}

// Run imports the rest of a file. Its memory is bounded by one batch.
func Run(ctx context.Context, r *Reader, p *Plan, o Options) (Progress, error) {
	if o.Batch == 0 {
		o.Batch = 20_000
	}
	at := o.From
	if err := skip(ctx, r, at.Read); err != nil {
		return at, err
	}
	next := at
	rows := make([]Row, 0, o.Batch)
	flush := func() error {
		if len(rows) > 0 {
			if err := o.Sink.Write(ctx, next.Batch, rows); err != nil {
				return err
			}
			next.Batch++
			rows = rows[:0]
		}
		if err := o.Bad.Flush(); err != nil {
			return err
		}
		at = next
		if o.Saved == nil {
			return nil
		}
		return o.Saved(at)
	}
	// Whole batches of records, not of good rows, so that a try that goes on
	// after a crash forms the same batches.
	for {
		record, line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return next, flush()
		}
		if next.Read%1024 == 0 && ctx.Err() != nil {
			return at, ctx.Err()
		}
		var reasons []errs.Field
		var row Row
		switch {
		case err == nil:
			row, reasons = p.Convert(record, line)
		case errs.Has(err, errs.Invalid) && errs.CodeOf(err) != errUnclosed.Code:
			reasons = []errs.Field{{Code: errs.CodeOf(err), Message: plain(err)}}
		default:
			return at, err
		}
		next.Read++
		if len(reasons) > 0 {
			next.Bad++
			if err := o.Bad.Write(line, reasons, record); err != nil {
				return at, err
			}
		} else {
			next.Good++
			rows = append(rows, row)
		}
		if next.Read%int64(o.Batch) == 0 {
			if err := flush(); err != nil {
				return at, err
			}
		}
	}
}

// skip passes over records that are done.
func skip(ctx context.Context, r *Reader, n int64) error {
	for i := range n {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, _, err := r.Next(); err != nil && (!errs.Has(err, errs.Invalid) || errs.CodeOf(err) == errUnclosed.Code) {
			if errors.Is(err, io.EOF) {
				return errs.New(errs.Conflict, "history.changed", "the file is shorter than it was when the import began")
			}
			return err
		}
	}
	return nil
}
