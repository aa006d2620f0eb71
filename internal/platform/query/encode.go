package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// ColumnSQLType gives the type with which a column of a kind is created. Text
// on PostgreSQL carries the byte-wise collation, so that both databases compare
// and sort alike.
func ColumnSQLType(d sqldb.Dialect, k Kind) string {
	if d == sqldb.Postgres {
		switch k {
		case Int, Fixed:
			return "bigint"
		case Bool:
			return "boolean"
		case ID:
			return "uuid"
		case Time:
			return "timestamptz"
		case Float:
			return "double precision"
		default:
			return `text COLLATE "C"`
		}
	}
	switch k {
	case Int, Fixed, Bool, Time:
		return "INTEGER"
	case Float:
		return "REAL"
	case ID:
		return "BLOB"
	default:
		return "TEXT"
	}
}

// Encode turns a canonical value into what the database's driver takes. Nil
// stays nil. A value that is not canonical for the kind is an internal error:
// Check comes before.
func Encode(d sqldb.Dialect, k Kind, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch k {
	case Text, Memo:
		if _, ok := v.(string); ok {
			return v, nil
		}
	case Int:
		if _, ok := v.(int64); ok {
			return v, nil
		}
	case Bool:
		if b, ok := v.(bool); ok {
			return encodeBool(d, b), nil
		}
	case ID:
		if x, ok := v.(id.ID); ok {
			return encodeID(d, x), nil
		}
	case Time:
		if t, ok := v.(time.Time); ok {
			return encodeTime(d, t), nil
		}
	case Day:
		if day, ok := v.(Date); ok {
			return string(day), nil
		}
	case Fixed:
		if n, ok := v.(Number); ok {
			return n.Units, nil
		}
	case JSON:
		if raw, ok := v.(json.RawMessage); ok {
			return string(raw), nil
		}
	case Float:
		if f, ok := v.(float64); ok {
			return f, nil
		}
	case Set:
		if set, ok := v.(SetValue); ok && set != "" {
			return set.stored(), nil
		}
	}
	return nil, errs.New(errs.Internal, "query.encode", "a value of kind %d arrived as %T", k, v)
}

// EncodeCopy is Encode for sqldb.Tx.Copy, which takes an id as its bytes.
func EncodeCopy(d sqldb.Dialect, k Kind, v any) (any, error) {
	if x, ok := v.(id.ID); ok && k == ID {
		return [16]byte(x), nil
	}
	return Encode(d, k, v)
}

func encodeBool(d sqldb.Dialect, b bool) any {
	switch {
	case d == sqldb.Postgres:
		return b
	case b:
		return int64(1)
	default:
		return int64(0)
	}
}

func encodeID(d sqldb.Dialect, x id.ID) any {
	if d == sqldb.Postgres {
		return x.String()
	}
	return x[:]
}

func encodeTime(d sqldb.Dialect, t time.Time) any {
	if d == sqldb.Postgres {
		return t.UTC().Truncate(time.Microsecond)
	}
	return t.UnixMicro()
}

// Decode turns what database/sql scanned into an `any` into the canonical value
// of the kind; scale is that of a Fixed column.
func Decode(_ sqldb.Dialect, k Kind, scale uint8, raw any) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if _, real := raw.(float64); real && (k == Int || k == Fixed) {
		return nil, ErrOverflow // SQLite goes over to floating point where a product does not fit
	}
	switch k {
	case Text, Memo:
		if s, ok := asText(raw); ok {
			return s, nil
		}
	case Int:
		if n, ok := raw.(int64); ok {
			return n, nil
		}
	case Fixed:
		if n, ok := raw.(int64); ok {
			return Number{Units: n, Scale: scale}, nil
		}
	case Bool:
		switch b := raw.(type) {
		case bool:
			return b, nil
		case int64:
			return b != 0, nil
		}
	case ID:
		return decodeID(raw)
	case Time:
		switch t := raw.(type) {
		case time.Time:
			return t.UTC().Truncate(time.Microsecond), nil
		case int64:
			return time.UnixMicro(t).UTC(), nil
		}
	case Day:
		if s, ok := asText(raw); ok {
			return Date(s), nil
		}
	case JSON:
		if s, ok := asText(raw); ok {
			return json.RawMessage(s), nil
		}
	case Float:
		switch f := raw.(type) {
		case float64:
			return f, nil
		case int64: // SQLite gives a whole one back as it likes
			return float64(f), nil
		}
	case Set:
		if s, ok := asText(raw); ok {
			return SetValue(strings.Trim(s, ",")), nil
		}
	}
	return nil, badStored(k, raw)
}

func asText(raw any) (string, bool) {
	switch s := raw.(type) {
	case string:
		return s, true
	case []byte:
		return string(s), true
	}
	return "", false
}

// DecodeID reads an id as a database gave it; null is the zero id.
func DecodeID(raw any) (id.ID, error) {
	if raw == nil {
		return id.Nil, nil
	}
	v, err := decodeID(raw)
	out, _ := v.(id.ID)
	return out, err
}

// IDs reads rows of one column of ids, and closes them.
func IDs(rows *sqldb.Rows) ([]id.ID, error) {
	defer rows.Close()
	var out []id.ID
	for rows.Next() {
		var raw any
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		key, err := DecodeID(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, rows.Err()
}

func decodeID(raw any) (any, error) {
	switch x := raw.(type) {
	case []byte:
		if len(x) == len(id.ID{}) {
			return id.ID(x), nil
		}
		if parsed, err := id.Parse(string(x)); err == nil {
			return parsed, nil
		}
	case string:
		if parsed, err := id.Parse(x); err == nil {
			return parsed, nil
		}
	case [16]byte:
		return id.ID(x), nil
	}
	return nil, badStored(ID, raw)
}

func badStored(k Kind, raw any) error {
	return errs.Wrap(fmt.Errorf("a value of kind %d is stored as %T", k, raw), errs.Internal, "query.decode", "a stored value has an unexpected form")
}
