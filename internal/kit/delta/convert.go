package delta

import (
	"math/big"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// converter gives what turns a Parquet value of a column into the Go value of a type.
func converter(col *parquet.Column, t Type) (func(*parquet.Value) (any, error), error) {
	kind := col.Type().Kind()
	bytes := kind == parquet.ByteArray || kind == parquet.FixedLenByteArray
	switch {
	case t.Kind == String && bytes:
		return func(v *parquet.Value) (any, error) { return string(v.ByteArray()), nil }, nil
	case t.Kind == Binary && bytes:
		return func(v *parquet.Value) (any, error) { return append([]byte{}, v.ByteArray()...), nil }, nil
	case t.Kind >= Long && t.Kind <= Byte && kind == parquet.Int64:
		return func(v *parquet.Value) (any, error) { return v.Int64(), nil }, nil
	case t.Kind >= Long && t.Kind <= Byte && kind == parquet.Int32:
		return func(v *parquet.Value) (any, error) { return int64(v.Int32()), nil }, nil
	case t.Kind == Float && kind == parquet.Float:
		return func(v *parquet.Value) (any, error) { return v.Float(), nil }, nil
	case t.Kind == Double && kind == parquet.Double:
		return func(v *parquet.Value) (any, error) { return v.Double(), nil }, nil
	case t.Kind == Double && kind == parquet.Float:
		return func(v *parquet.Value) (any, error) { return float64(v.Float()), nil }, nil
	case t.Kind == Boolean && kind == parquet.Boolean:
		return func(v *parquet.Value) (any, error) { return v.Boolean(), nil }, nil
	case t.Kind == DateKind && kind == parquet.Int32:
		return func(v *parquet.Value) (any, error) { return Date(v.Int32()), nil }, nil
	case t.Kind == Timestamp:
		if f := timestampConverter(col, kind); f != nil {
			return f, nil
		}
	case t.Kind == DecimalKind:
		if f := decimalConverter(kind, t); f != nil {
			return f, nil
		}
	}
	return nil, fault(ErrData, "the file's column %s is not of the type %s", clip(col.Name()), t)
}

func timestampConverter(col *parquet.Column, kind parquet.Kind) func(*parquet.Value) (any, error) {
	switch kind {
	case parquet.Int96:
		return func(v *parquet.Value) (any, error) { return julian(v.Int96()), nil }
	case parquet.Int64:
		switch timestampUnit(col) {
		case time.Millisecond:
			return func(v *parquet.Value) (any, error) { return time.UnixMilli(v.Int64()).UTC(), nil }
		case time.Nanosecond:
			return func(v *parquet.Value) (any, error) {
				return time.Unix(0, v.Int64()).UTC().Truncate(time.Microsecond), nil
			}
		}
		return func(v *parquet.Value) (any, error) { return time.UnixMicro(v.Int64()).UTC(), nil }
	}
	return nil
}

func timestampUnit(col *parquet.Column) time.Duration {
	if l := col.Type().LogicalType(); l != nil {
		if ts, ok := l.Value.(*format.TimestampType); ok {
			switch ts.Unit.Value.(type) {
			case *format.MilliSeconds:
				return time.Millisecond
			case *format.NanoSeconds:
				return time.Nanosecond
			}
			return time.Microsecond
		}
	}
	if c := col.Type().ConvertedType(); c != nil && *c == deprecated.TimestampMillis {
		return time.Millisecond
	}
	return time.Microsecond
}

// julian reads the instants of old writers: a Julian day and nanoseconds of it.
func julian(v deprecated.Int96) time.Time {
	const epoch = 2440588 // Julian day of 1970-01-01
	nanos := int64(v[1])<<32 | int64(v[0])
	micros := (int64(v[2])-epoch)*86_400_000_000 + nanos/1000
	return time.UnixMicro(micros).UTC()
}

func decimalConverter(kind parquet.Kind, t Type) func(*parquet.Value) (any, error) {
	switch kind {
	case parquet.Int32:
		return func(v *parquet.Value) (any, error) { return DecimalFrom(int64(v.Int32()), t.Scale), nil }
	case parquet.Int64:
		return func(v *parquet.Value) (any, error) { return DecimalFrom(v.Int64(), t.Scale), nil }
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(v *parquet.Value) (any, error) {
			b := v.ByteArray()
			if len(b) > 64 {
				return nil, fault(ErrData, "a decimal of %d bytes", len(b))
			}
			units := new(big.Int).SetBytes(b)
			if len(b) > 0 && b[0]&0x80 != 0 {
				units.Sub(units, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
			return Decimal{units, t.Scale}, nil
		}
	}
	return nil
}
