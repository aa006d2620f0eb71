package delta

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	statsColumns = 32 // only the first columns of a table have statistics, as other engines do it
	statsText    = 32 // characters of a text's bound
)

// Stats are the statistics of a data file.
type Stats struct {
	NumRecords int64                      `json:"numRecords"`
	Min        map[string]json.RawMessage `json:"minValues,omitempty"`
	Max        map[string]json.RawMessage `json:"maxValues,omitempty"`
	NullCount  map[string]json.RawMessage `json:"nullCount,omitempty"`
}

var statsLock sync.Mutex // statistics are parsed once, by whoever asks first

// Statistics gives a file's statistics; nil where it has none that can be read.
func (a *Add) Statistics() *Stats {
	if a.Stats == "" {
		return nil
	}
	statsLock.Lock()
	defer statsLock.Unlock()
	if a.stats == nil {
		a.stats = &Stats{NumRecords: -1}
		var st Stats
		st.NumRecords = -1
		if json.Unmarshal([]byte(a.Stats), &st) == nil {
			a.stats = &st
		}
	}
	if a.stats.NumRecords < 0 {
		return nil
	}
	return a.stats
}

// Nulls tells how many values of a column are null.
func (st *Stats) Nulls(column string) (n int64, ok bool) {
	raw, ok := st.NullCount[column]
	return n, ok && json.Unmarshal(raw, &n) == nil
}

// Bounds gives the least and the greatest value of a column as far as they are
// known; nil means it is not. Texts are cut, and instants kept to the
// millisecond, so that the bounds are wide and never narrow.
func (st *Stats) Bounds(f Field) (least, most any) {
	least, most = bound(f.Type, st.Min[f.Name]), bound(f.Type, st.Max[f.Name])
	if t, ok := most.(time.Time); ok {
		most = t.Add(time.Millisecond - time.Microsecond)
	}
	return least, most
}

func bound(t Type, raw json.RawMessage) any {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	switch t.Kind {
	case Boolean, Binary:
		return nil // not worth it, or not kept
	case DecimalKind:
		d, ok := ParseDecimal(strings.Trim(string(raw), `"`), t.Scale)
		if !ok {
			return nil
		}
		return d
	case String:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil
		}
		return s
	case Float, Double: // a NaN is no bound
		var f float64
		if json.Unmarshal(raw, &f) != nil {
			return nil
		}
		if t.Kind == Float {
			return float32(f)
		}
		return f
	}
	text := strings.Trim(string(raw), `"`)
	v, err := t.partitionValue(&text)
	if err != nil {
		return nil
	}
	return v
}

// column gathers the statistics of one column while it is written.
type columnStats struct {
	field       Field
	skip        bool // no bounds are kept
	nulls       int64
	least, most any
}

func (c *columnStats) add(v any) {
	if v == nil {
		c.nulls++
		return
	}
	if c.skip {
		return
	}
	switch x := v.(type) {
	case float64:
		if math.IsNaN(x) {
			c.skip, c.least, c.most = true, nil, nil // it has no place among the others
			return
		}
	case float32:
		if x != x {
			c.skip, c.least, c.most = true, nil, nil
			return
		}
	}
	if c.least == nil || Compare(v, c.least) < 0 {
		c.least = v
	}
	if c.most == nil || Compare(v, c.most) > 0 {
		c.most = v
	}
}

// encodeStats gives the statistics as the log keeps them.
func encodeStats(rows int64, cols []*columnStats) (string, error) {
	least, most, nulls := map[string]any{}, map[string]any{}, map[string]int64{}
	for i, c := range cols {
		if i >= statsColumns {
			break
		}
		nulls[c.field.Name] = c.nulls
		if v, ok := statValue(c.least, false); ok {
			least[c.field.Name] = v
		}
		if v, ok := statValue(c.most, true); ok {
			most[c.field.Name] = v
		}
	}
	b, err := mustJSON(map[string]any{"numRecords": rows, "minValues": least, "maxValues": most, "nullCount": nulls})
	return string(b), err
}

// statValue gives the JSON form of a bound; ok is false where there is none.
func statValue(v any, upper bool) (any, bool) {
	switch x := v.(type) {
	case nil, bool, []byte:
		return nil, false
	case string:
		return cutText(x, upper)
	case float64:
		return x, !math.IsInf(x, 0)
	case float32:
		return x, !math.IsInf(float64(x), 0)
	case Date:
		return x.String(), true
	case time.Time:
		return x.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00"), true // the reader widens it
	case Decimal:
		return json.RawMessage(x.String()), true
	}
	return v, true
}

// cutText shortens a text to a bound. The greatest is rounded up, so that it
// stays above every value: its last character that can grow, grows.
func cutText(s string, upper bool) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	r := []rune(s)
	if len(r) <= statsText {
		return s, true
	}
	r = r[:statsText]
	if !upper {
		return string(r), true
	}
	for i := len(r) - 1; i >= 0; i-- {
		switch {
		case r[i] == 0xD7FF:
			r[i] = 0xE000 // what stands between are halves of characters
		case r[i] < utf8.MaxRune:
			r[i]++
		default:
			continue
		}
		return string(r[:i+1]), true
	}
	return "", false
}
