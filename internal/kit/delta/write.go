package delta

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"sort"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Codec is how pages are packed.
type Codec uint8

// The codecs. Snappy is read by every engine, Zstd is smaller.
const (
	Snappy Codec = iota
	Zstd
)

func (c Codec) codec() compress.Codec {
	if c == Zstd {
		return &zstd.Codec{}
	}
	return &snappy.Codec{}
}

func (c Codec) name() string {
	if c == Zstd {
		return "zstd"
	}
	return "snappy"
}

const (
	pageBytes    = 32 << 10 // of each column, held until it is full
	batchRows    = 256      // rows turned into columns at a time
	batchBytes   = 4 << 20  // of their values, at which they are turned before that
	groupRows    = 64 << 10 // of a row group, whose packed pages are held until it is full
	groupBytes   = 32 << 20 // of the values of a row group, at which it ends before that
	writeBuffer  = 64 << 10
	engine       = "delta.go/1"
	sortedTag    = "SORTED_BY"
	parquetVers  = 1
	decimalBytes = 16
)

// dataFile writes rows into a new Parquet file: data page version 1 and plain
// encoding, which all readers know.
type dataFile struct {
	schema Schema
	w      *parquet.Writer
	at     []int // of each field: its column in the file
	batch  [][]parquet.Value
	rows   int64
	inside int64 // rows of the row group
	size   int   // bytes of the values of the batch
	held   int   // bytes of the values of the row group
	stats  []*columnStats
}

// fileSchema gives the Parquet schema of a table's columns, and for each field
// its place among the leaves, which Parquet sorts by name here.
func fileSchema(s Schema) (*parquet.Schema, []int) {
	group := parquet.Group{}
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		n := leafNode(f.Type)
		if f.Nullable {
			n = parquet.Optional(n)
		}
		group[f.Name] = n
		names[i] = f.Name
	}
	sort.Strings(names)
	place := map[string]int{}
	for i, n := range names {
		place[n] = i
	}
	at := make([]int, len(s.Fields))
	for i, f := range s.Fields {
		at[i] = place[f.Name]
	}
	return parquet.NewSchema("table", group), at
}

func leafNode(t Type) parquet.Node {
	switch t.Kind {
	case String:
		return parquet.String()
	case Long:
		return parquet.Leaf(parquet.Int64Type)
	case Integer:
		return parquet.Leaf(parquet.Int32Type)
	case Short:
		return parquet.Int(16)
	case Byte:
		return parquet.Int(8)
	case Float:
		return parquet.Leaf(parquet.FloatType)
	case Double:
		return parquet.Leaf(parquet.DoubleType)
	case Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case DateKind:
		return parquet.Date()
	case Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case DecimalKind:
		switch {
		case t.Precision <= 9:
			return parquet.Decimal(t.Scale, t.Precision, parquet.Int32Type)
		case t.Precision <= 18:
			return parquet.Decimal(t.Scale, t.Precision, parquet.Int64Type)
		}
		return parquet.Decimal(t.Scale, t.Precision, parquet.FixedLenByteArrayType(decimalBytes))
	}
	return parquet.Leaf(parquet.ByteArrayType)
}

func newDataFile(out io.Writer, s Schema, codec Codec) *dataFile {
	schema, at := fileSchema(s)
	d := &dataFile{schema: s, at: at, batch: make([][]parquet.Value, len(s.Fields))}
	d.w = parquet.NewWriter(out, schema, parquet.DataPageVersion(parquetVers), parquet.DefaultEncoding(&parquet.Plain), parquet.Compression(codec.codec()),
		parquet.PageBufferSize(pageBytes), parquet.WriteBufferSize(writeBuffer), parquet.CreatedBy("delta.go", "1", ""), parquet.DataPageStatistics(true))
	for i, f := range s.Fields {
		d.stats = append(d.stats, &columnStats{field: f, skip: i >= statsColumns || f.Type.Kind == Boolean || f.Type.Kind == Binary})
	}
	return d
}

// add takes one row: a value for each field.
func (d *dataFile) add(row []any) error {
	if len(row) != len(d.schema.Fields) {
		return fault(ErrSchema, "a row has %d values for %d columns", len(row), len(d.schema.Fields))
	}
	for i, f := range d.schema.Fields {
		v, err := parquetValue(f, row[i])
		if err != nil {
			return err
		}
		d.batch[i] = append(d.batch[i], v)
		d.stats[i].add(row[i])
		d.size += sizeOf(row[i])
	}
	d.rows++
	d.inside++
	if d.inside%batchRows == 0 || d.size >= batchBytes {
		return d.flush()
	}
	return nil
}

// sizeOf gives about how many bytes a value takes.
func sizeOf(v any) int {
	switch x := v.(type) {
	case nil:
		return 1
	case string:
		return len(x)
	case []byte:
		return len(x)
	}
	return 8
}

func (d *dataFile) flush() error {
	columns := d.w.ColumnWriters()
	for i := range d.batch {
		if len(d.batch[i]) == 0 {
			return nil
		}
		if _, err := columns[d.at[i]].WriteRowValues(d.batch[i]); err != nil {
			return err
		}
		clear(d.batch[i])
		d.batch[i] = d.batch[i][:0]
	}
	d.held += d.size
	d.size = 0
	if d.inside >= groupRows || d.held >= groupBytes {
		d.inside, d.held = 0, 0
		return d.w.Flush()
	}
	return nil
}

func (d *dataFile) close() error {
	if err := d.flush(); err != nil {
		return err
	}
	return d.w.Close()
}

// parquetValue gives a value with the levels that its column's repetition asks for.
func parquetValue(f Field, v any) (parquet.Value, error) {
	if v == nil {
		if !f.Nullable {
			return parquet.Value{}, fault(ErrSchema, "the column %s takes no null", clip(f.Name))
		}
		return parquet.NullValue(), nil
	}
	if !f.Type.fits(v) {
		return parquet.Value{}, fault(ErrSchema, "the column %s of type %s can't take a %T, or not this one", clip(f.Name), f.Type, v)
	}
	out := plainValue(f.Type, v)
	if f.Nullable {
		out = out.Level(0, 1, 0)
	}
	return out, nil
}

func plainValue(t Type, v any) parquet.Value {
	switch x := v.(type) {
	case string:
		return parquet.ByteArrayValue([]byte(x))
	case []byte:
		return parquet.ByteArrayValue(x)
	case int64:
		if t.Kind == Long {
			return parquet.Int64Value(x)
		}
		return parquet.Int32Value(int32(x))
	case float32:
		return parquet.FloatValue(x)
	case float64:
		return parquet.DoubleValue(x)
	case bool:
		return parquet.BooleanValue(x)
	case Date:
		return parquet.Int32Value(int32(x))
	case time.Time:
		return parquet.Int64Value(x.UnixMicro())
	case Decimal:
		switch {
		case t.Precision <= 9:
			return parquet.Int32Value(int32(x.Units.Int64()))
		case t.Precision <= 18:
			return parquet.Int64Value(x.Units.Int64())
		}
		return parquet.FixedLenByteArrayValue(twosComplement(x.Units))
	}
	return parquet.NullValue()
}

func twosComplement(n *big.Int) []byte {
	b := make([]byte, decimalBytes)
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	return n.FillBytes(b)
}

// fileResult is what writing a file tells of it.
type fileResult struct {
	rows  int64
	stats string
}

// writeFile makes a data file out of the rows that fill hands over, and gives
// what the log must know of it; nil if there were no rows.
func (t *Table) writeFile(ctx context.Context, s Schema, sortedBy []string, fill func(add func([]any) error) error) (*Add, error) {
	name := "part-00000-" + uuid.NewString() + ".c000." + t.o.Codec.name() + ".parquet"
	var res fileResult
	var size int64
	err := t.storage.Create(ctx, name, func(out io.Writer) (err error) {
		defer rescue(&err, ErrSchema, "the rows can't be written")
		counted := &counter{w: out}
		d := newDataFile(counted, s, t.o.Codec)
		if err := fill(d.add); err != nil {
			return err
		}
		if d.rows == 0 {
			return errEmpty
		}
		if err := d.close(); err != nil {
			return err
		}
		size, res.rows = counted.n, d.rows
		res.stats, err = encodeStats(d.rows, d.stats)
		return err
	})
	if errors.Is(err, errEmpty) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a := &Add{Path: filePath(name), PartitionValues: map[string]*string{}, Size: size, ModificationTime: millis(t.o.Clock.Now()), DataChange: true, Stats: res.stats}
	if len(sortedBy) > 0 {
		tag, err := json.Marshal(sortedBy)
		if err != nil {
			return nil, err
		}
		a.Tags = map[string]string{sortedTag: string(tag)}
	}
	return a, nil
}

// errEmpty ends the making of a file that would have no rows.
var errEmpty = errors.New("there are no rows")

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
