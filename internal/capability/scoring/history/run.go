package history

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Progress is how far an import has come.
type Progress struct {
	Read int64 `json:"read"` // records, good and bad
	Good int64 `json:"good"`
	Bad  int64 `json:"bad"`
}

// Options say how an import runs.
type Options struct {
	Bad *read.BadWriter // takes the rows that are refused
	// Tell is told how far the import is, after every so many records and at the
	// end; its error ends the import.
	Tell  func(Progress) error
	Every int64 // 0 means 10,000
}

// Rows reads a file to its end and gives the rows that can be used, one at a
// time; the row is the reader's to keep. An error is the last thing given.
func Rows(ctx context.Context, r *Reader, p *Plan, o Options) iter.Seq2[Row, error] {
	if o.Every == 0 {
		o.Every = 10_000
	}
	return func(yield func(Row, error) bool) {
		var at Progress
		fail := func(err error) { yield(Row{}, errors.Join(err, o.Bad.Flush())) }
		for {
			record, line, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			var reasons []errs.Field
			var row Row
			switch {
			case err == nil:
				row, reasons = p.Convert(record, line)
			case !read.Fatal(err):
				reasons = []errs.Field{{Code: errs.CodeOf(err), Message: plain(err)}}
			default:
				fail(err)
				return
			}
			at.Read++
			if len(reasons) > 0 {
				at.Bad++
				if err := o.Bad.Write(line, reasons, record); err != nil {
					fail(err)
					return
				}
			} else {
				at.Good++
				if !yield(row, nil) {
					return
				}
			}
			if at.Read%o.Every == 0 {
				err := ctx.Err()
				if err == nil && o.Tell != nil {
					err = o.Tell(at)
				}
				if err != nil {
					fail(err)
					return
				}
			}
		}
		err := o.Bad.Flush()
		if err == nil && o.Tell != nil {
			err = o.Tell(at)
		}
		if err != nil {
			yield(Row{}, err)
		}
	}
}
