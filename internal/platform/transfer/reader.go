package transfer

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// opened is a file that is read under a plan.
type opened struct {
	file *os.File
	src  read.Source
	plan *plan
	size int64
}

// open opens a file and checks its mapping.
func (s *Service) open(file id.ID, table string, m Mapping) (*opened, error) {
	t, err := s.table(table)
	if err != nil {
		return nil, err
	}
	o, err := m.options()
	if err != nil {
		return nil, err
	}
	first, err := s.sample(file, o)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(t, m, first.info, first.records)
	if err != nil {
		return nil, err
	}
	f, err := s.files.Open(file.String())
	if err != nil {
		return nil, err
	}
	out := &opened{file: f, plan: p}
	if info, err := f.Stat(); err == nil {
		out.size = info.Size()
	}
	if out.src, err = read.Open(f, o); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return out, nil
}

func (o *opened) close() error { return errors.Join(o.src.Close(), o.file.Close()) }

// percent tells how much of a text has been read; -1 where that is not known.
func (o *opened) percent() int64 {
	if o.plan.info.Kind != "csv" || o.size == 0 {
		return -1
	}
	at, err := o.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1
	}
	return min(99, at*100/o.size)
}

// portion is some rows of a file.
type portion struct {
	rows    []row
	percent int64
	err     error // ends reading; io.EOF comes with the last rows
}

// portions reads a file ahead, from behind the records that have been dealt
// with, while those before are written.
func (o *opened) portions(ctx context.Context, skip int64, size int) <-chan portion {
	out := make(chan portion, 1)
	go func() {
		defer close(out)
		for range skip {
			if _, _, err := o.src.Next(); errors.Is(err, io.EOF) || read.Fatal(err) {
				break // the same comes again below
			}
		}
		for {
			p := o.portion(size)
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
		}
	}()
	return out
}

func (o *opened) portion(size int) portion {
	p := portion{rows: make([]row, 0, size)}
	for len(p.rows) < size {
		rec, line, err := o.src.Next()
		switch {
		case errors.Is(err, io.EOF) || read.Fatal(err):
			p.err = err
			return p
		case err != nil:
			p.rows = append(p.rows, row{line: line, record: rec, bad: []errs.Field{{Code: errs.CodeOf(err), Message: message(err)}}})
		default:
			p.rows = append(p.rows, o.plan.convert(rec, line))
		}
	}
	p.percent = o.percent()
	return p
}
