package bulk

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Kinds of change.
const (
	Edit   = "update"
	Assign = "assign"
	Delete = "delete"
	Run    = "action"
)

// Request says which rows are changed, and how.
type Request struct {
	Table string `json:"table"`
	Kind  string `json:"kind"`
	// IDs are the rows; none means all that match Filter ($filter text, which may
	// be empty) or FetchXML, but those of Except.
	IDs      []id.ID `json:"ids,omitempty"`
	Filter   string  `json:"filter,omitempty"`
	FetchXML string  `json:"fetchXml,omitempty"`
	Except   []id.ID `json:"except,omitempty"`

	Values json.RawMessage `json:"values,omitempty"` // of update: as the body of a PATCH
	Owner  *Owner          `json:"owner,omitempty"`  // of assign
	Action string          `json:"action,omitempty"` // name of one that is bound to the table
	Params map[string]any  `json:"params,omitempty"` // of it
}

// Owner is a user or a team.
type Owner struct {
	Table string `json:"table"`
	ID    id.ID  `json:"id"`
}

const maxIDs = 5000

// query gives the rows of a request.
func (s *Service) query(ctx context.Context, t *metadata.Table, r Request) (query.Query, error) {
	if len(r.IDs) > maxIDs || len(r.Except) > maxIDs {
		return query.Query{}, errs.New(errs.Invalid, "bulk.rows", "at most %d rows can be named: say which ones by a condition", maxIDs)
	}
	q := query.Query{Table: t.Name, Select: []string{t.ID, t.Title}}
	var all query.And
	switch text := s.c.Text(ctx); {
	case len(r.IDs) > 0:
		all = append(all, query.In{Left: query.Path{t.ID}, Values: values(r.IDs)})
	case r.FetchXML != "":
		f, err := odata.ParseFetch(text, r.FetchXML)
		if err != nil {
			return q, err
		}
		if f.Query.Table != t.Name || f.Query.Group != nil || f.Query.Distinct || f.Top >= 0 {
			return q, errs.New(errs.Invalid, "bulk.fetch", "the query must ask for rows of %s, without top, distinct and aggregates", t.Name)
		}
		q.Links = f.Query.Links
		all = append(all, and(f.Query.Where)...)
	case r.Filter != "":
		node, err := odata.ParseFilter(text, t, r.Filter)
		if err != nil {
			return q, err
		}
		all = append(all, node)
	}
	if len(r.Except) > 0 {
		all = append(all, query.In{Left: query.Path{t.ID}, Values: values(r.Except), Negate: true})
	}
	if len(all) > 0 {
		q.Where = all
	}
	return q, nil
}

func and(n query.Node) query.And {
	if n == nil {
		return nil
	}
	return query.And{n}
}

func values(ids []id.ID) []any {
	out := make([]any, len(ids))
	for i, v := range ids {
		out[i] = v
	}
	return out
}

// check reads a request as far as it can be told without its rows, and gives
// what is done to each.
func (s *Service) check(ctx context.Context, r Request) (*metadata.Table, func(context.Context, *record.Tx, record.Row) error, error) {
	t, ok := s.c.Store.Catalog().Table(r.Table)
	if !ok || t.Managed || t.Intersect {
		return nil, nil, errs.New(errs.Invalid, "bulk.table", "there is no table %q whose rows can be changed", r.Table)
	}
	do, right, err := s.change(t, r)
	if err != nil {
		return nil, nil, err
	}
	for _, needed := range []access.Right{access.Read, right} {
		if err := s.c.Access.Allow(ctx, t.Name, needed); err != nil {
			return nil, nil, err
		}
	}
	if r.Kind == Delete && len(r.IDs) == 0 {
		err = s.c.Access.Privileged(ctx, access.BulkDelete)
	}
	return t, do, err
}

// change gives what is done to each row, and the right that it needs.
func (s *Service) change(t *metadata.Table, r Request) (func(context.Context, *record.Tx, record.Row) error, access.Right, error) {
	set := func(row record.Row) func(context.Context, *record.Tx, record.Row) error {
		return func(ctx context.Context, tx *record.Tx, of record.Row) error {
			_, err := tx.Update(ctx, t.Name, of.ID(t.ID), maps.Clone(row), record.Match{})
			return err
		}
	}
	switch r.Kind {
	case Edit:
		row, err := s.edits(t, r.Values)
		return set(row), access.Write, err
	case Assign:
		if r.Owner == nil || !t.Owned() || r.Owner.Table != "systemuser" && r.Owner.Table != "team" {
			return nil, 0, errs.New(errs.Invalid, "bulk.owner", "name the user or team, as table and id, that is to own the rows")
		}
		return set(record.Row{"ownerid": r.Owner.ID, "owneridtype": r.Owner.Table}), access.Assign, nil
	case Delete:
		return func(ctx context.Context, tx *record.Tx, of record.Row) error {
			return tx.Delete(ctx, t.Name, of.ID(t.ID), record.Match{})
		}, access.Delete, nil
	case Run:
		info, ok := s.c.Actions.Find(r.Action)
		if !ok || info.Table != t.Name || info.Collection || info.Function {
			return nil, 0, errs.New(errs.Invalid, "bulk.action", "there is no action %q that is bound to rows of %s", r.Action, t.Name)
		}
		return func(ctx context.Context, tx *record.Tx, of record.Row) error {
			_, err := s.c.Actions.CallIn(ctx, tx, r.Action, of.ID(t.ID), maps.Clone(r.Params))
			return err
		}, access.Read, nil
	}
	return nil, 0, errs.New(errs.Invalid, "bulk.kind", "kind is update, assign, delete or action")
}

// edits reads the values of an edit.
func (s *Service) edits(t *metadata.Table, text json.RawMessage) (record.Row, error) {
	b, err := odata.ReadBody(s.c.Store.Catalog(), t, text)
	if err != nil {
		return nil, err
	}
	row := maps.Clone(b.Row)
	if row == nil {
		row = record.Row{}
	}
	if len(b.Refs) > 0 {
		return nil, errs.New(errs.Unsupported, "bulk.bind", "name the target of %s by its id", b.Refs[0].Column)
	}
	if len(b.Deep) > 0 || len(row) == 0 {
		return nil, errs.New(errs.Invalid, "bulk.values", "give the columns of %s that are changed", t.Name)
	}
	return row, nil
}
