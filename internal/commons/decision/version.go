package decision

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

func eq(column string, v any) query.Node { return query.Compare{Left: query.Path{column}, Value: v} }

// dates is when a version that was activated is in force.
type dates struct {
	id                   id.ID
	number               int64
	from, to, activation time.Time
}

func datesOf(row record.Row) dates {
	d := dates{id: row.ID("rpt_decisionversionid"), number: row.Int("rpt_number")}
	d.from, _ = row["rpt_validfrom"].(time.Time)
	d.to, _ = row["rpt_validto"].(time.Time)
	d.activation, _ = row["rpt_activatedon"].(time.Time)
	return d
}

func (d dates) covers(at time.Time) bool {
	return !at.Before(d.from) && (d.to.IsZero() || at.Before(d.to))
}

// pick gives the version in force: of those whose dates cover the moment, the one
// activated last.
func pick(list []dates, at time.Time) (dates, bool) {
	list = slices.DeleteFunc(slices.Clone(list), func(d dates) bool { return !d.covers(at) })
	if len(list) == 0 {
		return dates{}, false
	}
	return slices.MaxFunc(list, func(a, b dates) int {
		return cmp.Or(a.activation.Compare(b.activation), cmp.Compare(a.number, b.number))
	}), true
}

// activated lists the versions of a set that were activated and not retired.
func activated(ctx context.Context, from record.Reader, decision id.ID) ([]dates, error) {
	q := query.Query{Table: "rpt_decisionversion", Limit: record.MaxPage, Select: []string{"rpt_number", "rpt_validfrom", "rpt_validto", "rpt_activatedon"},
		Where: query.And{eq("rpt_decisionid", decision), eq("rpt_status", statusActivated)}}
	page, err := from.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]dates, len(page.Rows))
	for i, row := range page.Rows {
		out[i] = datesOf(row)
	}
	return out, nil
}

// inForce gives the version of a set that decides now. Whether the caller may see
// versions does not matter: who may write a record may have it decided on.
func (s *Service) inForce(ctx context.Context, from record.Reader, decision id.ID) (dates, *decide.Program, error) {
	system := s.system(ctx, "version in force")
	list, err := activated(system, from, decision)
	if err != nil {
		return dates{}, nil, err
	}
	d, ok := pick(list, s.c.Clock.Now())
	if !ok {
		return dates{}, nil, ErrNotInForce
	}
	p, err := s.program(system, from, d.id)
	return d, p, err
}

// program gives the compiled definition of a version.
func (s *Service) program(ctx context.Context, from record.Reader, version id.ID) (*decide.Program, error) {
	row, err := from.Get(ctx, "rpt_decisionversion", version, []string{"versionnumber"}, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	known, ok := s.programs[version]
	s.mu.Unlock()
	if ok && known.version == row.Version() {
		return known.program, nil
	}
	if row, err = from.Get(ctx, "rpt_decisionversion", version, nil, nil); err != nil {
		return nil, err
	}
	p, err := compileRow(row)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.programs) > 500 {
		clear(s.programs) // those in use are few
	}
	s.programs[version] = compiled{row.Version(), p}
	return p, nil
}

func compileRow(row record.Row) (*decide.Program, error) {
	text, _ := row["rpt_definition"].(json.RawMessage)
	d, err := decide.Parse(text)
	if err != nil {
		return nil, err
	}
	return decide.Compile(d)
}

// sets is what hooks obey: for each table the sets that decide on its records.
type sets struct {
	byTable map[string][]*set
	behind  map[string][]*set // by the tables that lookups lead to
}

type set struct {
	id        id.ID
	outcome   string // column; "" for none
	guard     any    // state; nil for none
	automatic bool
	only      *query.Matcher // nil for all records
	versions  []dates
	sources   map[id.ID]*source // by version
}

// source gives where the inputs of the version in force come from; nil where none is.
func (s *set) source(at time.Time) *source {
	d, ok := pick(s.versions, at)
	if !ok {
		return nil
	}
	return s.sources[d.id]
}

// load reads the active sets. One that can't be used is logged and left out.
func (s *Service) load(ctx context.Context) (*sets, error) {
	ctx = s.system(ctx, "sets in force")
	page, err := s.c.Store.Find(ctx, query.Query{Table: "rpt_decision", Where: eq("statecode", int64(0)), Limit: record.MaxPage})
	if err != nil {
		return nil, err
	}
	out := &sets{byTable: map[string][]*set{}, behind: map[string][]*set{}}
	for _, row := range page.Rows {
		one := &set{id: row.ID("rpt_decisionid"), outcome: row.Text("rpt_outcomecolumn"), guard: row["rpt_guardstate"], sources: map[id.ID]*source{}}
		one.automatic, _ = row["rpt_automatic"].(bool)
		if one.only, err = s.only(row); err != nil {
			s.c.Logger.Warn("a decision set can't be used", "set", one.id, "error", err)
			continue
		}
		if one.versions, err = activated(ctx, s.c.Store, one.id); err != nil {
			return nil, err
		}
		for _, v := range one.versions {
			p, err := s.program(ctx, s.c.Store, v.id)
			if err == nil {
				one.sources[v.id], err = bind(s.c.Catalog(), row.Text("rpt_table"), p.Definition())
			}
			if err != nil {
				s.c.Logger.Warn("a version of a decision set can't be used", "version", v.id, "error", err)
			}
		}
		out.byTable[row.Text("rpt_table")] = append(out.byTable[row.Text("rpt_table")], one)
		for table := range one.leadsTo() {
			out.behind[table] = append(out.behind[table], one)
		}
	}
	return out, nil
}

// of gives the sets that decide on a table's records.
func (s *Service) of(table string) []*set {
	if now := s.sets.Get(); now != nil {
		return now.byTable[table]
	}
	return nil
}

// only compiles the condition under which a set is for a record; nil where it is for all.
func (s *Service) only(row record.Row) (*query.Matcher, error) {
	text := strings.TrimSpace(row.Text("rpt_condition"))
	t, ok := s.c.Catalog().Table(row.Text("rpt_table"))
	if text == "" || !ok {
		return nil, nil
	}
	return odata.Condition(s.c.Catalog(), t, text)
}

// concerns tells whether the set is for a record.
func (s *set) concerns(row record.Row) bool {
	if s.only == nil {
		return true
	}
	is, err := s.only.Match(row)
	return err == nil && is
}
