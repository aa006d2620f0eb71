package delta

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetFile is an open Parquet file.
type parquetFile struct {
	name string
	file File
	pq   *parquet.File
}

// openParquet opens a data file or checkpoint, and refuses one that is damaged
// as far as its footer shows.
func openParquet(ctx context.Context, s Storage, name string) (p *parquetFile, err error) {
	f, err := s.Open(ctx, name)
	if missing(err) {
		return nil, fault(ErrData, "the data file %s is missing", clip(name))
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(faultBy(err, ErrData, "the data file %s is damaged", clip(name)), f.Close())
		}
	}()
	defer rescue(&err, ErrData, "the data file %s is damaged", clip(name))
	if err := checkFooter(f, name); err != nil {
		return nil, err
	}
	pq, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(8<<10))
	if err != nil {
		return nil, err
	}
	p = &parquetFile{name: name, file: f, pq: pq}
	return p, p.checkGroups()
}

// checkFooter looks at the lengths that the end of the file gives before
// anything is allocated by them.
func checkFooter(f File, name string) error {
	var tail [8]byte
	if f.Size() < 12 {
		return fault(ErrData, "the data file %s is cut off", clip(name))
	}
	if _, err := f.ReadAt(tail[:], f.Size()-8); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(tail[4:]) != "PAR1" {
		return fault(ErrData, "the data file %s does not end as Parquet does: it is cut off or damaged", clip(name))
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:4])); n > f.Size()-12 || n > maxFooter {
		return fault(ErrData, "the data file %s has a footer of %d bytes, more than there can be", clip(name), n)
	}
	return nil
}

// checkGroups compares the lengths of row groups with what the file can hold.
func (p *parquetFile) checkGroups() error {
	md := p.pq.Metadata()
	if len(md.Schema) > maxColumns {
		return fault(ErrTooLarge, "the data file %s has over %d columns", clip(p.name), maxColumns)
	}
	var rows int64
	for _, g := range md.RowGroups {
		if g.NumRows < 0 {
			return fault(ErrData, "the data file %s has a group of %d rows", clip(p.name), g.NumRows)
		}
		rows += g.NumRows
		for _, c := range g.Columns {
			m := c.MetaData
			if m.TotalCompressedSize < 0 || m.TotalCompressedSize > p.file.Size() || m.DataPageOffset < 0 || m.DataPageOffset > p.file.Size() || m.DictionaryPageOffset < 0 || m.NumValues < 0 {
				return fault(ErrData, "the data file %s has a column outside the file", clip(p.name))
			}
		}
	}
	if rows != md.NumRows {
		return fault(ErrData, "the data file %s says it has %d rows and holds %d", clip(p.name), md.NumRows, rows)
	}
	return nil
}

func (p *parquetFile) close() error { return p.file.Close() }
