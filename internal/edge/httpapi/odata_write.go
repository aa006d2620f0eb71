package httpapi

import (
	"maps"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// create answers POST /leads.
func (q *request) create() error {
	data, err := q.body()
	if err != nil {
		return err
	}
	b, err := odata.ReadBody(q.catalog, q.path.Table, data)
	if err != nil {
		return err
	}
	if err := q.stage(b); err != nil {
		return err
	}
	return q.write(func(tx *record.Tx) (record.Row, bool, error) {
		row, err := q.save(tx, b, func(row record.Row) (record.Row, error) { return tx.Create(q.ctx, b.Table.Name, row) })
		return row, true, err
	})
}

// upsert answers PATCH /leads(key): update, or create if the row is missing,
// as far as the request's conditions allow.
func (q *request) upsert() error {
	m, err := q.match()
	if err != nil {
		return err
	}
	data, err := q.body()
	if err != nil {
		return err
	}
	b, err := odata.ReadBody(q.catalog, q.path.Table, data)
	if err != nil {
		return err
	}
	if err := q.stage(b); err != nil {
		return err
	}
	for _, d := range b.Deep {
		if len(d.New) > 0 {
			return errs.New(errs.Unsupported, "odata.deep_update", "related records can be made along with a new record, not with a change: %s", d.Relation.Name)
		}
	}
	return q.write(func(tx *record.Tx) (record.Row, bool, error) {
		created := false
		row, err := q.save(tx, b, func(row record.Row) (out record.Row, err error) {
			out, created, err = q.upsertRow(tx, row, m)
			return out, err
		})
		return row, created, err
	})
}

func (q *request) upsertRow(tx *record.Tx, row record.Row, m record.Match) (record.Row, bool, error) {
	t, key := q.path.Table, *q.path.Key
	if key.Alternate() {
		return tx.UpsertByKey(q.ctx, t.Name, key.Values, row, m)
	}
	return tx.Upsert(q.ctx, t.Name, key.ID, row, m)
}

// write runs a write and answers it: 204 with the address, or the row itself
// if the client prefers that and may read it.
func (q *request) write(fn func(*record.Tx) (record.Row, bool, error)) error {
	o, err := odata.ParseEntityOptions(q.text(), q.path.Table, q.params)
	if err != nil {
		return err
	}
	if q.prefer.representation && (len(o.Query.Expand) > 0 || len(o.Query.Select) > 0) {
		if _, err := query.Check(q.catalog, &query.Query{Table: q.path.Table.Name, Select: o.Query.Select, Expand: o.Query.Expand}, query.Limits{}); err != nil {
			return err // before anything is written
		}
	}
	name, key := q.path.Table.Name, q.path.Table.ID
	var row, written, shown record.Row
	var created bool
	err = q.api.Records.Write(q.ctx, func(tx *record.Tx) (err error) {
		if row, created, err = fn(tx); err == nil {
			written = tx.Written(name, row.ID(key))
		}
		return err
	})
	if err != nil {
		return err
	}
	if q.prefer.representation {
		// It is read when others may write again. What has been written stays so if it can't
		// be read, as by those who may write, but not read.
		if len(o.Query.Select) == 0 && len(o.Query.Expand) == 0 {
			shown, err = q.api.Records.Shown(q.ctx, name, row.ID(key), written)
		} else {
			shown, err = q.api.Records.Get(q.ctx, name, row.ID(key), o.Query.Select, o.Query.Expand)
		}
		if err != nil {
			shown = nil
		}
	}
	h := q.w.Header()
	exact(h, "ETag", odata.ETag(row))
	h.Set("Rapport-Outcome", outcome(created))
	address := q.address(q.path.Table, row.ID(key))
	if shown == nil {
		exact(h, "OData-EntityId", address)
		return q.noContent()
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		h.Set("Location", address)
	}
	return q.writeEntity(status, q.path.Table.Set, o, shown)
}

// outcome tells a created record from a changed one, which 204 does not.
func outcome(created bool) string {
	if created {
		return "created"
	}
	return "updated"
}

// remove answers DELETE /leads(key).
func (q *request) remove() error {
	m, err := q.match()
	if err != nil {
		return err
	}
	var deferred []id.ID
	err = q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		key, err := q.rowID(tx, q.path.Table, *q.path.Key)
		if err != nil {
			return err
		}
		err = tx.Delete(q.ctx, q.path.Table.Name, key, m)
		deferred = tx.Deferred
		return err
	})
	if err != nil {
		return err
	}
	if len(deferred) > 0 {
		// More hangs on the row than one transaction takes along: it goes when that has gone.
		q.w.Header().Set("Rapport-Job", deferred[len(deferred)-1].String())
	}
	return q.noContent()
}

// rowID gives the id of a row by either sort of key.
func (q *request) rowID(from record.Reader, t *metadata.Table, key odata.Key) (id.ID, error) {
	if !key.Alternate() {
		return key.ID, nil
	}
	row, err := from.GetByKey(q.ctx, t.Name, key.Values, []string{t.ID}, nil)
	return row.ID(t.ID), err
}

// save writes a record and what hangs on it: lookups bound by alternate keys
// are found, the records that it refers to are made before it, those that refer
// to it after. The transaction may run again, so the body itself stays as it is.
func (q *request) save(tx *record.Tx, b *odata.Body, write func(record.Row) (record.Row, error)) (record.Row, error) {
	row := maps.Clone(b.Row)
	for _, ref := range b.Refs {
		found, err := q.target(tx, ref)
		if err != nil {
			return nil, err
		}
		row[ref.Column] = found
	}
	for _, d := range b.Deep {
		if d.Relation.Many {
			continue
		}
		for _, parent := range d.New {
			made, err := q.make(tx, parent)
			if err != nil {
				return nil, err
			}
			link(b.Table, row, d.Relation.From, made.ID(parent.Table.ID), parent.Table.Name)
		}
	}
	out, err := write(row)
	if err != nil {
		return nil, err
	}
	for _, d := range b.Deep {
		if !d.Relation.Many {
			continue
		}
		if err := q.saveCollection(tx, b, d, out.ID(b.Table.ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (q *request) make(tx *record.Tx, b *odata.Body) (record.Row, error) {
	return q.save(tx, b, func(row record.Row) (record.Row, error) { return tx.Create(q.ctx, b.Table.Name, row) })
}

func (q *request) saveCollection(tx *record.Tx, b *odata.Body, d odata.Deep, parent id.ID) error {
	for _, child := range d.New {
		if d.Relation.ManyToMany() {
			made, err := q.make(tx, child)
			if err != nil {
				return err
			}
			if err := tx.Associate(q.ctx, b.Table.Name, parent, d.Relation.Name, made.ID(child.Table.ID)); err != nil {
				return err
			}
			continue
		}
		linked := *child
		linked.Row = maps.Clone(child.Row)
		link(child.Table, linked.Row, d.Relation.To, parent, b.Table.Name)
		if _, err := q.make(tx, &linked); err != nil {
			return err
		}
	}
	for _, ref := range d.Links {
		found, err := q.target(tx, ref)
		if err != nil {
			return err
		}
		if d.Relation.ManyToMany() {
			if err := tx.Associate(q.ctx, b.Table.Name, parent, d.Relation.Name, found); err != nil {
				return err
			}
			continue
		}
		child, ok := q.catalog.Table(ref.Table)
		if !ok {
			return record.ErrNotFound
		}
		change := record.Row{}
		link(child, change, ref.Column, parent, b.Table.Name)
		if _, err := tx.Update(q.ctx, ref.Table, found, change, record.Match{MustExist: true}); err != nil {
			return err
		}
	}
	return nil
}

// link sets a lookup, and the type beside it if it is polymorphic.
func link(t *metadata.Table, row record.Row, column string, to id.ID, target string) {
	row[column] = to
	if tc := t.Shape().Columns[column].TypeColumn; tc != "" {
		row[tc] = target
	}
}

// target finds the row that a reference means.
func (q *request) target(tx *record.Tx, ref odata.Ref) (id.ID, error) {
	t, ok := q.catalog.Table(ref.Table)
	if !ok {
		return id.Nil, record.ErrNotFound
	}
	return q.rowID(tx, t, ref.Key)
}
