package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// maxTargets is how many records one request may write.
const maxTargets = 10_000

// multiples are the operations on many records of a set. All of them hold, or none.
var multiples = map[string]func(*request, []*target) error{
	"CreateMultiple": (*request).createMultiple, "UpdateMultiple": (*request).updateMultiple,
	"UpsertMultiple": (*request).upsertMultiple, "DeleteMultiple": (*request).deleteMultiple,
}

// multipleOperations describes them for $metadata.
func multipleOperations() []odata.OperationInfo {
	targets := []odata.ParamInfo{{Name: "Targets", Type: "Collection(mscrm.crmbaseentity)", Required: true}}
	return []odata.OperationInfo{
		{Name: "CreateMultiple", Bound: "crmbaseentity", Collection: true, Params: targets, Result: []odata.ParamInfo{{Name: "Ids", Type: "Collection(Edm.Guid)"}}},
		{Name: "UpdateMultiple", Bound: "crmbaseentity", Collection: true, Params: targets},
		{Name: "UpsertMultiple", Bound: "crmbaseentity", Collection: true, Params: targets},
		{Name: "DeleteMultiple", Bound: "crmbaseentity", Collection: true, Params: targets},
	}
}

// target is one record of such a request.
type target struct {
	n    int // its place in the list
	body *odata.Body
	key  *odata.Key // where it names a record that is there, or may be
}

// multiple tells whether the request is one of these, and which.
func (q *request) multiple() (func(*request, []*target) error, bool) {
	if q.path.Table == nil || q.path.Key != nil {
		return nil, false
	}
	do, ok := multiples[q.path.Operation]
	return do, ok
}

// targets reads the records of the body.
func (q *request) targets(data []byte) ([]*target, error) {
	var body struct {
		Targets []json.RawMessage `json:"Targets"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&body) != nil || body.Targets == nil {
		return nil, errs.New(errs.Invalid, "odata.targets", `the body must look like {"Targets": [{…}, …]}`)
	}
	if len(body.Targets) == 0 || len(body.Targets) > maxTargets {
		return nil, errs.New(errs.Invalid, "odata.targets", "Targets must hold between 1 and %d records", maxTargets)
	}
	out := make([]*target, len(body.Targets))
	for i, raw := range body.Targets {
		t, err := q.readTarget(raw)
		if err != nil {
			return nil, at(i, err)
		}
		t.n = i
		out[i] = t
	}
	return out, nil
}

// at says which of the records a complaint is about.
func at(n int, err error) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind == errs.Internal {
		return err
	}
	copied := *e
	copied.Message = "Targets[" + strconv.Itoa(n) + "]: " + e.Message
	copied.Fields = nil
	for _, f := range e.Fields {
		f.Name = "Targets[" + strconv.Itoa(n) + "]." + f.Name
		copied.Fields = append(copied.Fields, f)
	}
	copied.Cause = err
	return &copied
}

func (q *request) readTarget(raw json.RawMessage) (*target, error) {
	t := q.path.Table
	var head struct {
		Type string `json:"@odata.type"`
		ID   string `json:"@odata.id"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, errs.New(errs.Invalid, "odata.targets", "a record is expected")
	}
	if said := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(head.Type, "#"), odata.Namespace+"."), "mscrm."); said != "" && said != t.Name {
		return nil, errs.New(errs.Invalid, "odata.targets", "@odata.type does not fit the set %s", t.Set)
	}
	body, err := odata.ReadBody(q.catalog, t, raw)
	if err != nil {
		return nil, err
	}
	out := &target{body: body}
	if head.ID != "" {
		other, key, err := odata.ParseReference(q.catalog, head.ID)
		if err != nil {
			return nil, err
		}
		if other != t {
			return nil, errs.New(errs.Invalid, "odata.targets", "@odata.id does not belong to the set %s", t.Set)
		}
		out.key = &key
	} else if key := body.Row.ID(t.ID); key != id.Nil {
		out.key = &odata.Key{ID: key}
	}
	return out, nil
}

// named makes sure that every record says which one it is.
func named(list []*target) error {
	for _, t := range list {
		if t.key == nil {
			return at(t.n, errs.New(errs.Invalid, "odata.targets", "name the record by its primary id or by @odata.id"))
		}
	}
	return nil
}

func (q *request) createMultiple(list []*target) error {
	var ids []any
	err := q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		ids = ids[:0]
		rows := make([]record.Row, 0, len(list))
		plain := true
		for _, t := range list {
			plain = plain && len(t.body.Deep) == 0 && len(t.body.Refs) == 0
			rows = append(rows, maps.Clone(t.body.Row))
		}
		if plain {
			made, err := tx.CreateMany(q.ctx, q.path.Table.Name, rows)
			for _, row := range made {
				ids = append(ids, row.ID(q.path.Table.ID))
			}
			if n, ok := record.FailedAt(err); ok {
				return at(n, err)
			}
			return err
		}
		for _, t := range list {
			row, err := q.make(tx, t.body)
			if err != nil {
				return at(t.n, err)
			}
			ids = append(ids, row.ID(q.path.Table.ID))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.result(map[string]any{"Ids": ids})
}

func (q *request) updateMultiple(list []*target) error {
	if err := named(list); err != nil {
		return err
	}
	return q.each(list, func(tx *record.Tx, t *target, row record.Row) (record.Row, error) {
		key, err := q.rowID(tx, q.path.Table, *t.key)
		if err != nil {
			return nil, err
		}
		delete(row, q.path.Table.ID)
		return tx.Update(q.ctx, q.path.Table.Name, key, row, record.Match{MustExist: true})
	})
}

func (q *request) upsertMultiple(list []*target) error {
	return q.each(list, func(tx *record.Tx, t *target, row record.Row) (out record.Row, err error) {
		switch {
		case t.key == nil:
			return tx.Create(q.ctx, q.path.Table.Name, row)
		case t.key.Alternate():
			out, _, err = tx.UpsertByKey(q.ctx, q.path.Table.Name, t.key.Values, row, record.Match{})
		default:
			out, _, err = tx.Upsert(q.ctx, q.path.Table.Name, t.key.ID, row, record.Match{})
		}
		return out, err
	})
}

func (q *request) deleteMultiple(list []*target) error {
	if err := named(list); err != nil {
		return err
	}
	err := q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		for _, t := range list {
			key, err := q.rowID(tx, q.path.Table, *t.key)
			if err == nil {
				err = tx.Delete(q.ctx, q.path.Table.Name, key, record.Match{})
			}
			if err != nil {
				return at(t.n, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.noContent()
}

// each writes all records in one transaction.
func (q *request) each(list []*target, write func(tx *record.Tx, t *target, row record.Row) (record.Row, error)) error {
	for _, t := range list {
		for _, d := range t.body.Deep {
			if len(d.New) > 0 {
				return at(t.n, errs.New(errs.Unsupported, "odata.deep_update", "related records can be made along with new records only: %s", d.Relation.Name))
			}
		}
	}
	err := q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		for _, t := range list {
			if _, err := q.save(tx, t.body, func(row record.Row) (record.Row, error) { return write(tx, t, row) }); err != nil {
				return at(t.n, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}
