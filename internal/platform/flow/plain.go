package flow

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// plain turns any value into what it would be after a journey through JSON:
// nil, bool, int64, float64, string, []any, map[string]any. Runs hold nothing
// else, so that a run which is read back from the database goes on with exactly
// the values of one that never left memory. Ids and instants become texts,
// exact decimals numbers.
func plain(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, string:
		return x
	case int:
		return int64(x)
	case uint64:
		if x <= math.MaxInt64 {
			return int64(x)
		}
		return float64(x)
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x) // JSON does not tell 3.0 from 3
		}
		return x
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return plain(f)
	case id.ID:
		if x == id.Nil {
			return nil
		}
		return x.String()
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case map[string]any:
		return plainMap(x)
	case record.Row:
		return plainMap(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = plain(item)
		}
		return out
	case json.RawMessage:
		return decodeJSON(x)
	case interface{ Float() float64 }:
		return plain(x.Float())
	}
	return reflected(v)
}

func plainMap[M ~map[string]any](m M) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = plain(v)
	}
	return out
}

// reflected takes named texts and lists of rows apart, and leaves the rest to JSON.
func reflected(v any) any {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String:
		return r.String()
	case reflect.Slice:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plain(r.Index(i).Interface())
		}
		return out
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return decodeJSON(text)
}

func decodeJSON(raw json.RawMessage) any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil
	}
	return plain(v)
}

// blank tells whether a value is null or a text of nothing but space; an empty
// list is a value, and replaces one that is not.
func blank(v any) bool {
	s, isText := v.(string)
	return v == nil || isText && strings.TrimSpace(s) == ""
}

// empty tells whether a value is nothing that one would fill in.
func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(x) == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}
