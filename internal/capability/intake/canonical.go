package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const (
	maxFields  = 300
	maxContext = 32 << 10 // bytes of rpt_context as JSON
	maxExtra   = 64 << 10 // bytes of rpt_extra as JSON
)

// decided are columns that the platform sets although the definition of the
// table lets people change them.
var decided = []string{"rpt_routingteam", "rpt_category", "rpt_extra", "rpt_context", "rpt_duplicatehint", "rpt_previousleadid", "rpt_disqualifyreason"}

// canonical splits the data into columns, context and the rest, and converts
// every value to its column's type. Only data that is no object at all gives no lead.
func (c *Cleaner) canonical(e Event) (*Lead, []Fault) {
	data, err := decode(e.Data)
	if err != nil {
		return nil, []Fault{{Code: "data.malformed", Message: "the data of the event is not a JSON object"}}
	}
	if len(data) > maxFields {
		return nil, []Fault{{Code: "data.too_many_fields", Message: "the data has more than 300 fields"}}
	}
	l := &Lead{Row: record.Row{}, Context: map[string]any{}, Extra: map[string]any{}}
	var faults []Fault
	for _, name := range slices.Sorted(maps.Keys(data)) {
		v := data[name]
		if name == "context" {
			object, ok := v.(map[string]any)
			if !ok && v != nil {
				faults = append(faults, Fault{"context", "context.type", "the context must be an object"})
			}
			l.Context = object
			continue
		}
		if beside, ok := v.(map[string]any); ok && name == "rpt_extra" { // what a form's visitor said beside the columns
			for further, x := range beside {
				if _, taken := data[further]; !taken {
					l.Extra[further] = x
				}
			}
			continue
		}
		column, ok := c.takes(name)
		if !ok {
			l.Extra[name] = v
			continue
		}
		value, fault := convert(column, v)
		if fault != nil {
			faults = append(faults, *fault)
		} else if value != nil {
			l.Row[column.Name] = value
		}
	}
	faults = append(faults, bounded("rpt_context", &l.Context, maxContext)...)
	return l, append(faults, bounded("rpt_extra", &l.Extra, maxExtra)...)
}

// takes gives the column that a field of an event may set. Names are compared
// without regard to case, as schema names differ from logical ones by it.
func (c *Cleaner) takes(field string) (*metadata.Column, bool) {
	name := strings.ToLower(field)
	column, ok := c.Columns.Column(name)
	if !ok || column.System || column.ReadOnly || column.IsLookup() || column.TypeName == "id" || slices.Contains(decided, name) {
		return nil, false
	}
	return column, true
}

func decode(raw json.RawMessage) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var data map[string]any
	if err := d.Decode(&data); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "data.malformed", "something follows the object")
	}
	if data == nil {
		return nil, errs.New(errs.Invalid, "data.malformed", "there is no object")
	}
	return data, nil
}

// bounded cleans the texts of an object and checks its depth and size.
func bounded(column string, object *map[string]any, limit int) []Fault {
	cleaned, ok := tidy(*object, 0)
	if !ok {
		*object = map[string]any{}
		return []Fault{{column, "too_deep", "the values are nested too deeply"}}
	}
	*object, _ = cleaned.(map[string]any)
	if *object == nil {
		*object = map[string]any{}
	}
	text, err := json.Marshal(*object)
	if err != nil || len(text) > limit {
		*object = map[string]any{}
		return []Fault{{column, "too_large", "the values take up too much space"}}
	}
	return nil
}
