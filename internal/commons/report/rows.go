package report

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// RowsPage is how many rows behind a number come at once.
const RowsPage = 100

// Behind gives the query of the rows that a step of a report counts; key is that of
// a group, "" asks for the whole.
func (s *Service) Behind(d *Definition, a *Ask, step, key string) (query.Query, error) {
	if err := a.check(); err != nil {
		return query.Query{}, err
	}
	i := slices.IndexFunc(d.Steps, func(x *Step) bool { return x.Name == step })
	if i < 0 {
		return query.Query{}, invalidAsk("step", "the report has no step %q", clip(step))
	}
	st := d.Steps[i]
	where, err := a.within(st)
	if err != nil {
		return query.Query{}, err
	}
	if key != "" {
		by, err := d.dimension(a.By)
		if err != nil {
			return query.Query{}, err
		}
		only, err := by.where(st.Table, key)
		if err != nil {
			return query.Query{}, err
		}
		where = query.And{where, only}
	}
	columns := []string{st.table.ID, st.table.Title}
	for _, name := range []string{st.Amount, "ownerid", "createdon"} {
		if _, has := st.table.Column(name); has && !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	q := query.Query{Table: st.Table, Select: append(columns, "versionnumber"), Where: where, Limit: RowsPage}
	if _, has := st.table.Column("createdon"); has {
		q.Order = []query.Order{{Column: "createdon", Desc: true}}
	}
	return q, nil
}

// Stay is one stay behind a number of times.
type Stay struct {
	Table   string
	Record  id.ID
	Name    string
	Owner   string
	Entered time.Time
	Seconds int64
	Reason  string
}

// Stays gives the stays behind a number of times, the longest first.
func (s *Service) Stays(ctx context.Context, d *Definition, a *Ask, key string) ([]Stay, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	w, err := s.way(d)
	if err != nil {
		return nil, err
	}
	stageText, ownerText, one := strings.Cut(key, " ")
	stage, err := id.Parse(stageText)
	owner, bad := id.Nil, error(nil)
	if one {
		owner, bad = id.Parse(ownerText)
	}
	at := slices.IndexFunc(w.Stages, func(x process.WayStage) bool { return x.ID == stage })
	if err != nil || bad != nil || at < 0 {
		return nil, invalidAsk("key", "%q is no stage of the process", clip(key))
	}
	var found []stay
	if _, err := s.stays(ctx, w, a, func(x stay) {
		if x.Stage == stage && (!one || x.owner == owner) {
			found = append(found, x)
		}
	}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(x, y stay) int { return cmp.Compare(y.Seconds, x.Seconds) })
	found = found[:min(len(found), 5*RowsPage)]
	return s.describe(ctx, w, w.Stages[at].Table, found)
}

// describe names the records and owners of stays.
func (s *Service) describe(ctx context.Context, w process.Way, table string, found []stay) ([]Stay, error) {
	instances, _ := s.Catalog().Table(w.Instance)
	lookup := ""
	for _, c := range instances.Columns {
		if c.TypeName == "lookup" && len(c.Targets) == 1 && c.Targets[0] == table {
			lookup = c.Name
		}
	}
	var records, owners []id.ID
	for _, x := range found {
		records, owners = append(records, x.instance.ID(lookup)), append(owners, x.owner)
	}
	names, err := s.Records.Names(ctx, table, records)
	if err != nil {
		return nil, err
	}
	_, people, err := s.owners(ctx, owners)
	if err != nil {
		return nil, err
	}
	out := make([]Stay, len(found))
	for i, x := range found {
		key := x.instance.ID(lookup)
		out[i] = Stay{Table: table, Record: key, Name: names[key], Owner: people[x.owner], Entered: x.Entered, Seconds: x.Seconds, Reason: x.Reason}
	}
	return out, nil
}

// owners names owners, and gives those that were asked for in the order of their names.
func (s *Service) owners(ctx context.Context, keys []id.ID) ([]id.ID, map[id.ID]string, error) {
	names := map[id.ID]string{}
	for _, table := range []string{"systemuser", "team"} {
		found, err := s.Records.Names(ctx, table, keys)
		if err != nil {
			return nil, nil, err
		}
		for k, n := range found {
			names[k] = n
		}
	}
	slices.SortFunc(keys, func(x, y id.ID) int {
		return cmp.Or(cmp.Compare(names[x], names[y]), cmp.Compare(x.String(), y.String()))
	})
	return slices.Compact(keys), names, nil
}

// Reader is what reports need of the records.
type Reader interface {
	record.Reader
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
}

// Catalog is the catalog in force.
type Catalog func() *metadata.Catalog
