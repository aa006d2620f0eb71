package process

import (
	"context"
	"errors"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

// Follow gives, for a table, the hook by which its records and instances follow
// the processes in force.
func Follow(set func() *Set, catalog func() *metadata.Catalog, clk clock.Clock) func(table string) record.Hook {
	return func(table string) record.Hook {
		return record.Hook{Table: table,
			BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error {
				if set().follows(table, row) {
					return nil // it goes on with the process of the record before
				}
				if p := set().of(table, row); p != nil && (row["processid"] == nil || row["processid"] == p.ID) {
					first := p.start(table)
					row["processid"], row["stageid"], row["traversedpath"] = p.ID, first.id, first.id.String()
				}
				return nil
			},
			AfterCreateMany: func(ctx context.Context, tx *record.Tx, rows []record.Row) error {
				if set().none(table) {
					return nil
				}
				if record.Bulk(ctx) && !slices.ContainsFunc(rows, func(row record.Row) bool { return set().follows(table, row) }) {
					return nil // see Later
				}
				return set().follow(access.AsSystem(ctx, "process"), tx, catalog(), table, rows, clk)
			},
			BeforeUpdate: func(ctx context.Context, tx *record.Tx, old, change record.Row) error {
				if p := set().by(table); p != nil {
					return p.change(ctx, tx, old, change, clk.Now())
				}
				return nil
			},
			AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
				if p := set().by(table); p != nil && (old["activestageid"] != row["activestageid"] || old["traversedpath"] != row["traversedpath"] || !same(old["rpt_stalledon"], row["rpt_stalledon"])) {
					return p.mirror(access.AsSystem(ctx, "process"), tx, row)
				}
				return nil
			},
		}
	}
}

// previous gives the record that a new one comes from, where the process goes
// on from one to the other.
func (p *Process) previous(table string, row record.Row) id.ID {
	if link := p.Links[table]; link != "" {
		return row.ID(link)
	}
	return id.Nil
}

// follows tells whether a new record comes from another one, with which some
// process goes on to it.
func (s *Set) follows(table string, row record.Row) bool {
	return s.find(func(p *Process) bool { return p.previous(table, row) != id.Nil }) != nil
}

// none tells whether no process is about a table.
func (s *Set) none(table string) bool {
	return s.find(func(p *Process) bool { return p.Tables[table] != "" }) == nil
}

// follow has new records go by their processes: those that come from records of a
// stage before go on with their instances, the others get one each.
func (s *Set) follow(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, rows []record.Row, clk clock.Clock) error {
	type begun struct {
		rows   []record.Row
		places []int
	}
	all := map[*Process]*begun{}
	for i, row := range rows {
		if s.follows(table, row) {
			if err := s.goOn(ctx, tx, catalog, table, row, clk); err != nil {
				return record.AtRow(i, err)
			}
			continue
		}
		p := s.of(table, row)
		if p == nil || row["processid"] != p.ID {
			continue
		}
		if all[p] == nil {
			all[p] = &begun{}
		}
		all[p].rows, all[p].places = append(all[p].rows, p.instance(catalog, table, row, clk)), append(all[p].places, i)
	}
	for _, p := range s.all() {
		b := all[p]
		if b == nil {
			continue
		}
		_, err := tx.CreateMany(ctx, p.Instance, b.rows)
		if at, one := record.FailedAt(err); one {
			return record.AtRow(b.places[at], errors.Unwrap(err))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// goOn lets the process go on with a new record in which the record before is.
func (s *Set) goOn(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, row record.Row, clk clock.Clock) error {
	for _, p := range s.all() {
		if before := p.previous(table, row); before != id.Nil {
			if taken, err := p.goOn(ctx, tx, catalog, table, before, row, clk); taken || err != nil {
				return err
			}
		}
	}
	return nil
}

// begin makes the instance of a new record.
func (p *Process) begin(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, row record.Row, clk clock.Clock) error {
	_, err := tx.Create(ctx, p.Instance, p.instance(catalog, table, row, clk))
	return err
}

// instance gives the values of the instance of a new record, with the record's owner.
func (p *Process) instance(catalog *metadata.Catalog, table string, row record.Row, clk clock.Clock) record.Row {
	first := p.start(table)
	in := record.Row{p.title: p.Title["en"], p.Tables[table]: row.ID(tableID(catalog, table)), "processid": p.ID, "activestageid": first.id,
		"activestagestartedon": clk.Now(), "traversedpath": first.id.String()}
	if owner := row.ID("ownerid"); owner != id.Nil {
		in["ownerid"], in[metadata.TypeColumn("ownerid")] = owner, row.Text(metadata.TypeColumn("ownerid"))
	}
	return in
}

// goOn links the instance of the record before with the new one, and moves it
// on where nothing stands in the way. taken is false where that record has no
// such instance.
func (p *Process) goOn(ctx context.Context, tx *record.Tx, catalog *metadata.Catalog, table string, before id.ID, row record.Row, clk clock.Clock) (taken bool, err error) {
	t, _ := catalog.Table(table)
	link, _ := t.Column(p.Links[table])
	if err := p.overdue(ctx, tx, catalog, link.Targets[0], before, clk); err != nil {
		return false, err
	}
	page, err := tx.Find(ctx, query.Query{Table: p.Instance, Limit: 1, Where: query.And{query.Compare{Left: query.Path{p.Tables[link.Targets[0]]}, Value: before},
		query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, query.Null{Left: query.Path{p.Tables[table]}}}})
	if err != nil || len(page.Rows) == 0 {
		return false, err
	}
	instance := page.Rows[0]
	change := record.Row{p.Tables[table]: row.ID(t.ID)}
	if current := p.stage(instance.ID("activestageid")); current != nil {
		next, record, err := p.next(ctx, tx, current, instance)
		if err != nil {
			return false, err
		}
		if next != nil && next.Table == table && current.gate(record) == nil {
			change["activestageid"] = next.id
		}
	}
	_, err = tx.Update(ctx, p.Instance, instance.ID(tableID(catalog, p.Instance)), change, record.Match{})
	return true, err
}

// mirror writes where the instance is on the records that it is about.
func (p *Process) mirror(ctx context.Context, tx *record.Tx, instance record.Row) error {
	for table, column := range p.Tables {
		key := instance.ID(column)
		if key == id.Nil {
			continue
		}
		change := record.Row{"processid": p.ID, "stageid": instance["activestageid"], "traversedpath": instance["traversedpath"]}
		if t, ok := tx.Catalog().Table(table); ok {
			if _, has := t.Column("rpt_stalledon"); has {
				change["rpt_stalledon"] = instance["rpt_stalledon"]
			}
		}
		_, err := tx.Update(ctx, table, key, change, record.Match{})
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
	}
	return nil
}

func tableID(catalog *metadata.Catalog, table string) string {
	t, _ := catalog.Table(table)
	return t.ID
}

// Definitions is how processes are kept as rows of workflow.
func Definitions() workflow.Kind {
	return workflow.Kind{Category: Category, Folder: "processes", Called: "process", Needs: needs, Read: func(text string, catalog *metadata.Catalog) (workflow.Definition, error) {
		p, err := compile(text, catalog)
		if err != nil {
			return workflow.Definition{}, err
		}
		return workflow.Definition{Name: p.Name, Title: p.Title["en"], Table: p.Stages[0].Table, Order: p.Order}, nil
	}}
}

// Stages is the hook that writes the stages of processes that are active, and
// has the tables of their instances made where they lack one.
func Stages(catalog func() *metadata.Catalog, instances *Instances) record.Hook {
	put := func(ctx context.Context, tx *record.Tx, row record.Row) error {
		if row.Int("category") != Category || row.Int("statecode") != workflow.Activated {
			return nil
		}
		if err := instances.ask(ctx, tx, row); err != nil {
			return err
		}
		p, err := compile(row.Text("clientdata"), catalog())
		if err != nil {
			return err
		}
		ctx = access.AsSystem(ctx, "process")
		for _, s := range p.Stages {
			values := record.Row{"stagename": s.Name["en"], "stagecategory": s.Category, "primaryentitytypecode": s.Table, "processid": row["workflowid"]}
			if _, _, err := tx.Upsert(ctx, "processstage", s.id, values, record.Match{}); err != nil {
				return err
			}
		}
		return nil
	}
	return record.Hook{Table: workflow.Table, AfterCreate: put,
		AfterUpdate: func(ctx context.Context, tx *record.Tx, _, row record.Row) error { return put(ctx, tx, row) }}
}
