package httpapi

import (
	"bytes"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func (q *request) relatedTable() (*metadata.Table, error) {
	t, ok := q.catalog.Table(q.path.Relation.Table)
	if !ok {
		return nil, errs.New(errs.NotFound, "odata.unknown_resource", "the related table is gone")
	}
	return t, nil
}

// through finds the row that a path of several navigation properties leads to.
func (q *request) through() error {
	at := *q.path
	for i, hop := range q.path.Through {
		key := hop.Key
		if i > 0 {
			key = at.Key
		}
		other, ok := q.catalog.Table(hop.Relation.Table)
		if !ok || key == nil {
			return record.ErrNotFound
		}
		expand := query.Expand{Relation: hop.Relation.Name, Query: query.Query{Select: []string{other.ID}}}
		if hop.Related != nil {
			expand.Query.Where, expand.Query.Limit = keyNode(other, *hop.Related), 1
		}
		row, err := q.find(q.api.Records, hop.Table, *key, &odata.Options{Query: query.Query{Select: []string{hop.Table.ID}, Expand: []query.Expand{expand}}})
		if err != nil {
			return err
		}
		target, ok := row[hop.Relation.Name].(record.Row)
		if list, many := row[hop.Relation.Name].([]record.Row); many && len(list) == 1 {
			target, ok = list[0], true
		}
		if !ok {
			return record.ErrNotFound
		}
		at.Key = &odata.Key{ID: target.ID(other.ID)}
	}
	q.path.Key = at.Key
	return nil
}

// keyNode makes the condition that a row has a key.
func keyNode(t *metadata.Table, key odata.Key) query.Node {
	if !key.Alternate() {
		return query.Compare{Left: query.Path{t.ID}, Value: key.ID}
	}
	var all query.And
	for name, v := range key.Values {
		all = append(all, query.Compare{Left: query.Path{name}, Value: v})
	}
	return all
}

// navigate answers GET /accounts(key)/navigation.
func (q *request) navigate() error {
	t, err := q.relatedTable()
	if err != nil {
		return err
	}
	if !q.path.Relation.Many {
		return q.navigateOne(t)
	}
	o, err := q.collection(t)
	if err != nil {
		return err
	}
	if q.path.RelatedKey == nil {
		return q.list(o, t.Set)
	}
	o.Query.Limit = 1
	page, err := q.api.Records.Find(q.ctx, o.Query)
	if err != nil {
		return err
	}
	if len(page.Rows) == 0 {
		return record.ErrNotFound
	}
	return q.writeEntity(http.StatusOK, t.Set, o, page.Rows[0])
}

// collection reads the options for the rows of a collection and keeps them to
// those of the path's row, which the client must be able to read.
func (q *request) collection(t *metadata.Table) (*odata.Options, error) {
	o, err := odata.ParseOptions(q.text(), t, q.params)
	if err != nil {
		return nil, err
	}
	parent, err := q.find(q.api.Records, q.path.Table, *q.path.Key, &odata.Options{Query: query.Query{Select: []string{q.path.Table.ID}}})
	if err != nil {
		return nil, err
	}
	rel := q.path.Relation
	where := query.And{query.Compare{Left: query.Path{rel.To}, Op: query.Eq, Value: parent[rel.From]}}
	if rel.ManyToMany() {
		where = query.And{query.Related{Relation: rel.Via.Back, Where: query.Compare{Left: query.Path{rel.From}, Value: parent[rel.From]}}}
	}
	if rel.OnType != "" {
		where = append(where, query.Compare{Left: query.Path{t.Shape().Columns[rel.To].TypeColumn}, Op: query.Eq, Value: rel.OnType})
	}
	if key := q.path.RelatedKey; key != nil && key.Alternate() {
		for name, v := range key.Values {
			where = append(where, query.Compare{Left: query.Path{name}, Op: query.Eq, Value: v})
		}
	} else if key != nil {
		where = append(where, query.Compare{Left: query.Path{t.ID}, Op: query.Eq, Value: key.ID})
	}
	if o.Query.Where != nil {
		where = append(where, o.Query.Where)
	}
	o.Query.Where = where
	return o, nil
}

// navigateOne answers for a lookup: the row, or 204 if it leads nowhere.
func (q *request) navigateOne(t *metadata.Table) error {
	o, err := odata.ParseEntityOptions(q.text(), t, q.params)
	if err != nil {
		return err
	}
	row, err := q.parentWith(o.Query)
	if err != nil {
		return err
	}
	target, ok := row[q.path.Relation.Name].(record.Row)
	if !ok {
		return q.noContent()
	}
	return q.writeEntity(http.StatusOK, t.Set, o, target)
}

func (q *request) parentWith(related query.Query) (record.Row, error) {
	expand := []query.Expand{{Relation: q.path.Relation.Name, Query: related}}
	return q.find(q.api.Records, q.path.Table, *q.path.Key, &odata.Options{Query: query.Query{Select: []string{q.path.Table.ID}, Expand: expand}})
}

// countNavigation answers GET /accounts(key)/navigation/$count.
func (q *request) countNavigation() error {
	t, err := q.relatedTable()
	if err != nil {
		return err
	}
	o, err := q.collection(t)
	if err != nil {
		return err
	}
	return q.count(o)
}

// getRef answers GET …/navigation/$ref with addresses instead of rows.
func (q *request) getRef() error {
	t, err := q.relatedTable()
	if err != nil {
		return err
	}
	ids := query.Query{Table: t.Name, Select: []string{t.ID}}
	if !q.path.Relation.Many {
		row, err := q.parentWith(ids)
		if err != nil {
			return err
		}
		target, ok := row[q.path.Relation.Name].(record.Row)
		if !ok {
			return q.noContent()
		}
		var buf bytes.Buffer
		buf.WriteString(`{"@odata.context":` + quoted(q.base+"$metadata#$ref") + `,"@odata.id":` + quoted(q.address(t, target.ID(t.ID))) + "}")
		return q.send(http.StatusOK, &buf)
	}
	o, err := q.collection(t)
	if err != nil {
		return err
	}
	o.Query.Select, o.Query.Expand, o.Query.Limit = ids.Select, nil, record.MaxPage
	page, err := q.api.Records.Find(q.ctx, o.Query)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	buf.WriteString(`{"@odata.context":` + quoted(q.base+"$metadata#Collection($ref)") + `,"value":[`)
	for i, row := range page.Rows {
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteString(`{"@odata.id":` + quoted(q.address(t, row.ID(t.ID))) + "}")
	}
	buf.WriteString("]}")
	return q.send(http.StatusOK, &buf)
}

// setRef answers PUT (a lookup) and POST (a collection) of …/navigation/$ref.
func (q *request) setRef() error {
	if q.path.RelatedKey != nil || q.path.Relation.Many != (q.r.Method == http.MethodPost) {
		return errs.New(errs.Invalid, "http.method", "a lookup is set by PUT, a collection added to by POST")
	}
	data, err := q.body()
	if err != nil {
		return err
	}
	object, err := odata.ReadJSON(data)
	if err != nil {
		return err
	}
	address, _ := object["@odata.id"].(string)
	other, key, err := odata.ParseReference(q.catalog, address)
	if err != nil {
		return err
	}
	if other.Name != q.path.Relation.Table {
		return errs.New(errs.Invalid, "odata.bind", "%s can't lead to a row of table %s", q.path.NavName, other.Name)
	}
	return q.relink(key, true)
}

// removeRef answers DELETE of …/navigation/$ref.
func (q *request) removeRef() error {
	if !q.path.Relation.Many {
		return q.relink(odata.Key{}, false)
	}
	if q.path.RelatedKey != nil {
		return q.relink(*q.path.RelatedKey, false)
	}
	_, key, err := odata.ParseReference(q.catalog, q.params["$id"])
	if err != nil {
		return err
	}
	return q.relink(key, false)
}

// relink sets or clears the lookup that makes up the relation: in the path's
// row, or for a collection in the other one.
func (q *request) relink(key odata.Key, set bool) error {
	rel := q.path.Relation
	other, err := q.relatedTable()
	if err != nil {
		return err
	}
	err = q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		here, err := q.rowID(tx, q.path.Table, *q.path.Key)
		if err != nil {
			return err
		}
		there := id.Nil
		if set || rel.Many {
			if there, err = q.rowID(tx, other, key); err != nil {
				return err
			}
		}
		if rel.ManyToMany() && set {
			return tx.Associate(q.ctx, q.path.Table.Name, here, rel.Name, there)
		}
		if rel.ManyToMany() {
			return tx.Disassociate(q.ctx, q.path.Table.Name, here, rel.Name, there)
		}
		t, column, row, to, target := q.path.Table, rel.From, here, there, other.Name
		if rel.Many {
			t, column, row, to, target = other, rel.To, there, here, q.path.Table.Name
		}
		change := record.Row{}
		link(t, change, column, to, target)
		if !set {
			if err := q.mustLead(tx, t, column, row, to, rel.Many); err != nil {
				return err
			}
			for name := range change {
				change[name] = nil
			}
		}
		_, err = tx.Update(q.ctx, t.Name, row, change, record.Match{MustExist: true})
		return err
	})
	if err != nil {
		return err
	}
	return q.noContent()
}

// mustLead makes sure that a row to be taken out of a collection is in it.
func (q *request) mustLead(tx *record.Tx, t *metadata.Table, column string, row, to id.ID, collection bool) error {
	if !collection {
		return nil
	}
	found, err := tx.Get(q.ctx, t.Name, row, []string{column}, nil)
	if err == nil && found.ID(column) != to {
		err = record.ErrNotFound
	}
	return err
}
