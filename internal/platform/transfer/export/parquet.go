package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

const groupRows = 64 << 10 // of a row group: what is held in memory until it is full

// parquetWriter writes one file with a column for each, all of which may be
// empty. Money and decimals are decimals, choices numbers, ids texts.
type parquetWriter struct {
	w       *parquet.Writer
	columns []column
	buf     []parquet.Row
	n       int
}

// ordered is a group whose columns stand in the order of the list, instead of
// that of their names.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field { return o.fields }

func newParquet(columns []column, to io.Writer) writer {
	group := parquet.Group{}
	names := make([]string, len(columns))
	for i, c := range columns {
		group[c.name] = parquet.Optional(node(c))
		names[i] = c.name
	}
	fields := group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(names, a.Name()) - slices.Index(names, b.Name())
	})
	p := &parquetWriter{columns: columns, buf: make([]parquet.Row, 0, 512)}
	p.w = parquet.NewWriter(to, parquet.NewSchema("rows", ordered{group, fields}), parquet.DataPageVersion(1), parquet.DefaultEncoding(&parquet.Plain), parquet.Compression(&snappy.Codec{}),
		parquet.CreatedBy("rapport", "1", ""))
	return p
}

func node(c column) parquet.Node {
	shape := c.column.Type().Shape(c.column)
	switch shape.Kind {
	case query.Int:
		return parquet.Leaf(parquet.Int64Type)
	case query.Bool:
		return parquet.Leaf(parquet.BooleanType)
	case query.Time:
		return parquet.Timestamp(parquet.Microsecond)
	case query.Day:
		return parquet.Date()
	case query.Fixed:
		return parquet.Decimal(int(shape.Scale), 18, parquet.Int64Type)
	case query.Float:
		return parquet.Leaf(parquet.DoubleType)
	}
	return parquet.String()
}

func (p *parquetWriter) row(values []any) error {
	row := make(parquet.Row, len(values))
	for at, v := range values {
		if v == nil {
			row[at] = parquet.NullValue().Level(0, 0, at)
		} else {
			row[at] = p.value(at, v).Level(0, 1, at)
		}
	}
	p.buf = append(p.buf, row)
	if len(p.buf) == cap(p.buf) {
		return p.flush()
	}
	return nil
}

func (p *parquetWriter) flush() error {
	n, err := p.w.WriteRows(p.buf)
	p.buf = p.buf[:0]
	if p.n += n; err == nil && p.n >= groupRows {
		p.n = 0
		err = p.w.Flush()
	}
	return err
}

func (p *parquetWriter) value(i int, v any) parquet.Value {
	switch x := v.(type) {
	case int64:
		return parquet.ValueOf(x)
	case bool:
		return parquet.ValueOf(x)
	case float64:
		return parquet.ValueOf(x)
	case time.Time:
		return parquet.ValueOf(x.UnixMicro())
	case query.Date:
		day, _ := time.Parse(time.DateOnly, string(x)) // a canonical value always parses
		return parquet.ValueOf(int32(day.Unix() / (24 * 60 * 60)))
	case query.Number:
		scale := p.columns[i].column.Type().Shape(p.columns[i].column).Scale
		if x.Scale != scale {
			x, _ = query.ParseNumber(x.String(), scale)
		}
		return parquet.ValueOf(x.Units)
	case json.RawMessage:
		return parquet.ByteArrayValue(x)
	case id.ID:
		return parquet.ByteArrayValue([]byte(x.String()))
	case string:
		return parquet.ByteArrayValue([]byte(strings.ToValidUTF8(x, "\uFFFD")))
	}
	return parquet.ByteArrayValue([]byte(fmt.Sprint(v)))
}

func (p *parquetWriter) close() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}
