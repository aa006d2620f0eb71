package export

import (
	"context"
	"errors"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// run is an export that is under way.
type run struct {
	*Exporter
	r       Request
	columns []column
	to      io.Writer

	log   id.ID // row that tells of it; id.Nil until the first rows are there
	spool *spool
	w     writer
	names *names
	row   []any
	n     int64
}

// read writes the rows of one moment to the spool.
func (x *run) read(ctx context.Context, m *record.Moment) error {
	x.names, x.row = newNames(m), make([]any, len(x.columns))
	err := m.Each(ctx, x.r.Query, pageRows, func(rows []record.Row) error { return x.write(ctx, rows) })
	if err == nil && x.w == nil {
		err = x.begin(ctx) // there are none
	}
	return err
}

// begin is called when the first rows have been found: what is wrong with the
// query is told before anything is noted.
func (x *run) begin(ctx context.Context) (err error) {
	if x.log, err = x.note(ctx, x.r); err != nil {
		return err
	}
	if x.spool, err = newSpool(x.Dir, x.to); err != nil {
		return err
	}
	x.w, err = x.open(x.r, x.columns, x.spool)
	return diskfile.Full(err)
}

func (x *run) write(ctx context.Context, rows []record.Row) error {
	if x.w == nil {
		if err := x.begin(ctx); err != nil {
			return err
		}
	}
	if x.r.shown() {
		if err := x.names.load(ctx, x.columns, rows); err != nil {
			return err
		}
	}
	for _, row := range rows {
		for i := range x.columns {
			x.row[i] = x.columns[i].value(row, x.names, &x.r)
		}
		if err := x.w.row(x.row); err != nil {
			return diskfile.Full(err)
		}
		x.n++
	}
	return nil
}

// end closes what is open, waits for the receiver, and tells how it went.
func (x *run) end(ctx context.Context, err error) (int64, error) {
	if x.w != nil {
		if e := x.w.close(); err == nil { // after a failure its temporary files go; what was written is of no use
			err = diskfile.Full(e)
		}
	}
	if x.spool != nil {
		err = x.spool.close(err)
	}
	if x.log == id.Nil {
		return 0, err
	}
	return x.n, errors.Join(err, x.noteEnd(context.WithoutCancel(ctx), x.log, x.n, err))
}
