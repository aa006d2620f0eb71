package query

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// A token is base64url of: version (1 byte), checksum (8 bytes), the values as a
// JSON array of texts. The checksum binds the values to the table and the
// order. It is no secret and needs none: a forged position shows nothing that
// the asker could not ask for anyway.
const (
	cursorVersion  = 1
	cursorSum      = 8
	cursorTokenMax = 64 << 10
)

// CursorAfter gives the position of a row in the order of a checked query. The
// row must hold the order's columns, which Statement.Columns brings along.
func CursorAfter(q *Query, row map[string]any) Cursor {
	out := make(Cursor, len(q.Order))
	for i, o := range q.Order {
		out[i] = row[o.name()]
	}
	return out
}

// EncodeCursor gives a position as an opaque, URL-safe token that DecodeCursor
// takes for a query of the same table and order.
func EncodeCursor(s Schema, q *Query, c Cursor) (string, error) {
	order, _, err := cursorOrder(s, q)
	if err != nil {
		return "", err
	}
	if len(c) != len(order) {
		return "", invalid("cursor", "the position does not belong to this query")
	}
	texts := make([]*string, len(c))
	for i, v := range c {
		if v == nil {
			continue
		}
		text, err := cursorText(v)
		if err != nil {
			return "", err
		}
		texts[i] = &text
	}
	payload, err := json.Marshal(texts)
	if err != nil {
		return "", err
	}
	token := append([]byte{cursorVersion}, cursorChecksum(q.Table, order, payload)...)
	return base64.RawURLEncoding.EncodeToString(append(token, payload...)), nil
}

// DecodeCursor reads a token. One that was changed, or that belongs to another
// query, is Invalid with the code "query.cursor".
func DecodeCursor(s Schema, q *Query, token string) (Cursor, error) {
	bad := invalid("cursor", "the position token is damaged or belongs to another query: start again from the first page")
	if len(token) > cursorTokenMax {
		return nil, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 1+cursorSum || raw[0] != cursorVersion {
		return nil, bad
	}
	order, columns, err := cursorOrder(s, q)
	if err != nil {
		return nil, err
	}
	sum, payload := raw[1:1+cursorSum], raw[1+cursorSum:]
	if subtle.ConstantTimeCompare(sum, cursorChecksum(q.Table, order, payload)) != 1 {
		return nil, bad
	}
	var texts []*string
	if json.Unmarshal(payload, &texts) != nil || len(texts) != len(order) {
		return nil, bad
	}
	out := make(Cursor, len(texts))
	for i, text := range texts {
		if text == nil {
			continue
		}
		if out[i], err = Coerce(columns[i], *text); err != nil {
			return nil, bad
		}
	}
	return out, nil
}

// cursorOrder gives the order of a query and the columns behind it, whatever
// else the query holds.
func cursorOrder(s Schema, q *Query) ([]Order, []Column, error) {
	plain := *q
	plain.Where, plain.After, plain.Expand = nil, nil, nil
	checked, err := Check(s, &plain, Limits{})
	if err != nil {
		return nil, nil, err
	}
	columns, err := orderColumns(s, checked)
	return checked.Order, columns, err
}

func cursorChecksum(table string, order []Order, payload []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q", cursorVersion, table)
	for _, o := range order {
		fmt.Fprintf(h, " %q %t", o.name(), o.Desc)
	}
	h.Write([]byte{0})
	h.Write(payload)
	return h.Sum(nil)[:cursorSum]
}

func cursorText(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case bool:
		return strconv.FormatBool(x), nil
	case id.ID:
		return x.String(), nil
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano), nil
	case Date:
		return string(x), nil
	case Number:
		return x.String(), nil
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), nil
	}
	return "", invalid("cursor", "rows can't be paged by a value of type %T", v)
}
