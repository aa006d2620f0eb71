package document

import (
	"context"
	"maps"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Hooks check checklists when they are written.
func (s *Service) Hooks() []record.Hook {
	check := func(row record.Row) error {
		_, err := compile(s.c.Catalog(), row)
		return err
	}
	return []record.Hook{{Table: tableList,
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, old, change record.Row) error {
			now := maps.Clone(old)
			maps.Copy(now, change)
			return check(now)
		}}}
}

// Obey gives, for a table, the hook by which documents follow its records.
func (s *Service) Obey(table string) record.Hook {
	return record.Hook{Table: table,
		BeforeUpdate: func(ctx context.Context, _ *record.Tx, _, change record.Row) error {
			for _, l := range s.lists.Get()[table] {
				if _, given := change[l.complete]; given && l.complete != "" && access.From(ctx).Kind != access.System {
					return errs.InvalidFields("document.complete_column", "this column follows from the documents", []errs.Field{{Name: l.complete, Code: "readonly", Message: "whether the documents are complete is found out by their review"}})
				}
			}
			return nil
		},
		AfterCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
			for _, l := range s.lists.Get()[table] {
				if l.reached(row.ID("stageid")) {
					if err := s.follow(s.system(ctx, "follow the record"), tx, l, row, false); err != nil {
						return err
					}
				}
			}
			return nil
		},
		AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			for _, l := range s.lists.Get()[table] {
				// A record whose column has no value was never at a stage of the list.
				if !l.reached(row.ID("stageid")) && (l.complete == "" || row[l.complete] == nil) || !moved(l, old, row) {
					continue
				}
				if err := s.follow(s.system(ctx, "follow the record"), tx, l, row, false); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// moved tells whether anything changed but what the list itself wrote.
func moved(l *checklist, old, row record.Row) bool {
	for name, v := range row {
		switch name {
		case l.complete, "modifiedon", "modifiedby", "versionnumber", "modifiedonbehalfby":
			continue
		}
		if !same(old[name], v) {
			return true
		}
	}
	return false
}

// follow makes the requests of a record what its checklist asks for now, and
// tells the record whether all are settled. any takes items of every stage.
func (s *Service) follow(ctx context.Context, tx *record.Tx, l *checklist, row record.Row, any bool) error {
	key := row.ID(l.table.ID)
	have, err := requestsOf(ctx, tx, key)
	if err != nil {
		return err
	}
	byItem := map[string]record.Row{}
	for _, r := range have {
		if r.ID("rpt_checklistid") == l.id {
			byItem[r.Text("rpt_key")] = r
		}
	}
	asked := false
	for order, it := range l.items {
		there, is := byItem[it.Key]
		if !is && !any && !it.at(row.ID("stageid")) {
			continue
		}
		needed, err := it.needed(ctx, tx, l, row)
		if err != nil {
			return err
		}
		status := there.Int("rpt_status")
		switch {
		case !is && needed:
			if err := s.ask(ctx, tx, l, it, int64(order+1), row); err != nil {
				return err
			}
			asked = true
		case is && needed && status == Withdrawn:
			if err := setStatus(ctx, tx, there, Asked, nil); err != nil {
				return err
			}
			asked = true
		case is && !needed && status == Asked:
			// What somebody has begun to answer stays, until a person decides.
			if err := setStatus(ctx, tx, there, Withdrawn, nil); err != nil {
				return err
			}
		}
	}
	if asked {
		if err := s.letter(ctx, tx, l.table.Name, key, s.contactOf(ctx, tx, l, row), "asked"); err != nil {
			return err
		}
	}
	return s.rollUp(ctx, tx, l.table.Name, key)
}

// needed tells whether an item's condition holds on the record.
func (i item) needed(ctx context.Context, tx *record.Tx, l *checklist, row record.Row) (bool, error) {
	switch {
	case i.node == nil:
		return true, nil
	case i.matcher != nil:
		return i.matcher.Match(row)
	}
	page, err := tx.Find(ctx, query.Query{Table: l.table.Name, Select: []string{l.table.ID}, Where: query.And{eq(l.table.ID, row.ID(l.table.ID)), i.node}, Limit: 1})
	return len(page.Rows) > 0, err
}

// contactOf finds who is asked; id.Nil for nobody.
func (s *Service) contactOf(ctx context.Context, tx *record.Tx, l *checklist, row record.Row) id.ID {
	for _, name := range l.contacts {
		key := row.ID(name)
		if key == id.Nil {
			continue
		}
		c, _ := l.table.Column(name)
		target := row.Text(name + "type")
		if !c.Polymorphic() {
			target = c.Targets[0]
		}
		switch target {
		case "contact":
			return key
		case "account":
			company, err := tx.Get(ctx, "account", key, []string{"primarycontactid"}, nil)
			if err == nil && company.ID("primarycontactid") != id.Nil {
				return company.ID("primarycontactid")
			}
		}
	}
	return id.Nil
}

// rollUp writes into the record whether what is required is there.
func (s *Service) rollUp(ctx context.Context, tx *record.Tx, table string, key id.ID) error {
	for _, l := range s.lists.Get()[table] {
		if l.complete == "" {
			continue
		}
		// Locked by the change of the request or of the record itself.
		row, err := tx.Get(ctx, table, key, []string{l.complete, "stageid"}, nil)
		if err != nil {
			return err
		}
		all, err := requestsOf(ctx, tx, key)
		if err != nil {
			return err
		}
		if len(all) == 0 && !l.reached(row.ID("stageid")) {
			continue
		}
		complete := true
		for _, r := range all {
			if required, _ := r["rpt_required"].(bool); required {
				switch r.Int("rpt_status") {
				case Accepted, Waived, Withdrawn:
				default:
					complete = false
				}
			}
		}
		if was, known := row[l.complete].(bool); known && was == complete {
			continue
		}
		if _, err := tx.Update(ctx, table, key, record.Row{l.complete: complete}, record.Match{}); err != nil {
			return err
		}
	}
	return nil
}
