package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func (q *request) propertyRow() (record.Row, error) {
	return q.find(q.api.Records, q.path.Table, *q.path.Key, &odata.Options{Query: query.Query{Select: []string{q.path.Property.Name, "versionnumber"}}})
}

// getProperty answers GET /leads(key)/subject.
func (q *request) getProperty() error {
	row, err := q.propertyRow()
	if err != nil {
		return err
	}
	name := q.path.Property.Name
	v, err := odata.Value(row[name])
	if err != nil {
		return err
	}
	if row[name] == nil {
		return q.noContent()
	}
	if q.path.Property.IsLookup() {
		name = odata.LookupName(name)
	}
	what := q.path.Table.Set + "(" + row.ID(q.path.Table.ID).String() + ")/" + name
	exact(q.w.Header(), "ETag", odata.ETag(row))
	var buf bytes.Buffer
	fmt.Fprintf(&buf, `{"@odata.context":%s,"value":%s}`, quoted(q.base+"$metadata#"+what), v)
	return q.send(http.StatusOK, &buf)
}

// getRawValue answers GET /leads(key)/subject/$value.
func (q *request) getRawValue() error {
	row, err := q.propertyRow()
	if err != nil {
		return err
	}
	switch v := row[q.path.Property.Name].(type) {
	case nil:
		return q.noContent()
	case string:
		return q.plain(v)
	case json.RawMessage:
		return q.plain(string(v))
	default:
		text, err := odata.Value(v)
		if err != nil {
			return err
		}
		return q.plain(strings.Trim(string(text), `"`))
	}
}

// putProperty answers PUT /leads(key)/subject with {"value": …}.
func (q *request) putProperty() error {
	data, err := q.body()
	if err != nil {
		return err
	}
	object, err := odata.ReadJSON(data)
	if err != nil {
		return err
	}
	v, ok := object["value"]
	if !ok {
		return errs.New(errs.Invalid, "odata.value", `the body must look like {"value": …}`)
	}
	return q.setProperty(v)
}

// clearProperty answers DELETE /leads(key)/subject.
func (q *request) clearProperty() error { return q.setProperty(nil) }

func (q *request) setProperty(v any) error {
	c := q.path.Property
	if c.IsLookup() {
		return errs.New(errs.Invalid, "odata.lookup_value", "a lookup is set by PUT of its navigation property's $ref")
	}
	m, err := q.match()
	if err != nil {
		return err
	}
	if v, err = c.Coerce(v); err != nil {
		return err
	}
	row, err := q.change(record.Row{c.Name: v}, m)
	if err != nil {
		return err
	}
	exact(q.w.Header(), "ETag", odata.ETag(row))
	return q.noContent()
}

// change updates the row of the path, which must be there.
func (q *request) change(change record.Row, m record.Match) (out record.Row, err error) {
	m.MustExist = true
	err = q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		key, err := q.rowID(tx, q.path.Table, *q.path.Key)
		if err != nil {
			return err
		}
		out, err = tx.Update(q.ctx, q.path.Table.Name, key, change, m)
		return err
	})
	return out, err
}
