package builtin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// whole gives every row of every table, without what each write changes. Rows of
// made intersect tables are told by the two that they tie.
func (e *env) whole() map[string]string {
	e.t.Helper()
	out := map[string]string{}
	c := e.control.Catalog()
	for _, name := range c.Names() {
		t, _ := c.Table(name)
		if name == "rpt_merge" {
			continue
		}
		page, err := e.store.Find(e.system(), query.Query{Table: name})
		if err != nil {
			e.t.Fatal(name, err)
		}
		for _, row := range page.Rows {
			key := name + " " + row.ID(t.ID).String()
			if t.Intersect {
				key = name
				for _, col := range t.Columns {
					if col.IsLookup() && !col.System {
						key += " " + row.ID(col.Name).String()
					}
				}
				out[key] = "tied"
				continue
			}
			for _, volatile := range []string{"versionnumber", "modifiedon", "modifiedby"} {
				delete(row, volatile)
			}
			text, err := json.Marshal(row)
			if err != nil {
				e.t.Fatal(err)
			}
			out[key] = string(text)
		}
	}
	return out
}

// maker makes random rows of any table, and those that they need.
type maker struct {
	e     *env
	r     *rand.Rand
	known map[string]id.ID // a row of each table, for lookups that must be set
}

func (m *maker) value(c *metadata.Column) any {
	switch c.TypeName {
	case "text", "memo":
		return fmt.Sprint("t", m.r.IntN(1000))
	case "whole":
		if c.Least != nil {
			return *c.Least
		}
		return int64(m.r.IntN(20))
	case "boolean":
		return m.r.IntN(2) == 0
	case "choice":
		if len(c.Options) > 0 && c.Name != "statuscode" && c.Name != "statecode" {
			return c.Options[m.r.IntN(len(c.Options))].Value
		}
	case "datetime":
		return start.AddDate(0, 0, m.r.IntN(100))
	case "date":
		return query.Date("2026-01-02")
	case "decimal", "money", "double":
		return int64(m.r.IntN(50))
	}
	return nil
}

// row makes a row; ok is false where the table's own rules refuse one like it.
func (m *maker) row(table string, with record.Row, rich bool, depth int) (id.ID, bool) {
	t, _ := m.e.control.Catalog().Table(table)
	in := record.Row{}
	for _, c := range t.Columns {
		_, given := with[c.Name]
		if given || c.System || c.ReadOnly || c.Computed() || c.PartOf != "" || !c.Required && (!rich || m.r.IntN(3) > 0) {
			continue
		}
		if c.IsLookup() {
			if !c.Required || depth == 0 {
				continue
			}
			target := c.Targets[0]
			if m.known[target] == id.Nil {
				key, ok := m.row(target, nil, false, depth-1)
				if !ok {
					return id.Nil, false
				}
				m.known[target] = key
			}
			in[c.Name] = m.known[target]
			if c.Polymorphic() {
				in[metadata.TypeColumn(c.Name)] = target
			}
			continue
		}
		if v := m.value(c); v != nil {
			in[c.Name] = v
		}
	}
	maps.Copy(in, with)
	row, err := m.e.create(m.e.system(), table, in)
	if err != nil {
		return id.Nil, false
	}
	return row.ID(t.ID), true
}

// children hangs rows on a row by each of its relationships, and gives by how many.
func (m *maker) children(table string, key id.ID, chance int) (relations int) {
	c := m.e.control.Catalog()
	t, _ := c.Table(table)
	for _, name := range slices.Sorted(maps.Keys(t.Relations())) {
		rel := t.Relations()[name]
		child, ok := c.Table(rel.Table)
		if !rel.Many || !ok || m.r.IntN(100) >= chance {
			continue
		}
		if rel.ManyToMany() {
			x, _ := c.Table(rel.Via.Table)
			other, ok := m.row(rel.Table, nil, false, 2)
			if !x.Intersect || !ok {
				continue
			}
			err := m.e.store.Write(m.e.system(), func(tx *record.Tx) error { return tx.Associate(m.e.system(), table, key, name, other) })
			if err == nil {
				relations++
			}
			continue
		}
		column, _ := child.Column(rel.To)
		if column.System || column.ReadOnly || child.Managed || child.Intersect || child.NoTrack {
			continue
		}
		with := record.Row{column.Name: key}
		if column.Polymorphic() {
			with[metadata.TypeColumn(column.Name)] = table
		}
		if _, ok := m.row(child.Name, with, true, 2); ok {
			relations++
		}
	}
	return relations
}

// Whatever hangs on two random rows, and whatever values are chosen: after a
// merge nothing of what can move leads to the row that went, and after its undo
// every row of every table is as it was.
func TestUndoOfMerge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		withRules(e)
		for i, table := range []string{"account", "contact", "lead"} {
			m := &maker{e: e, r: rand.New(rand.NewPCG(uint64(i), 7)), known: map[string]id.ID{}}
			tab, _ := e.control.Catalog().Table(table)
			stays, ok := m.row(table, nil, true, 2)
			goes, also := m.row(table, nil, true, 2)
			if !ok || !also {
				t.Fatal("no rows of ", table)
			}
			relations := m.children(table, goes, 60)
			m.children(table, stays, 20)
			if relations < 10 {
				t.Errorf("only %d relationships of %s are tried", relations, table)
			}
			before := e.whole()
			there, err := e.store.Get(e.system(), table, goes, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			chosen := map[string]any{"@odata.type": "Microsoft.Dynamics.CRM." + table}
			for _, c := range tab.Columns {
				if v := there[c.Name]; v != nil && !c.ReadOnly && !c.System && !c.Computed() && !c.IsLookup() && (c.TypeName == "text" || c.TypeName == "memo" || c.TypeName == "boolean") {
					chosen[c.Name] = v
				}
			}
			if _, err := e.call(e.system(), "Merge", id.Nil, map[string]any{"Target": ref(table, stays), "Subordinate": ref(table, goes), "UpdateContent": chosen}); err != nil {
				t.Fatal(table, err)
			}
			page, err := e.store.Find(e.system(), query.Query{Table: "rpt_merge", Where: query.Compare{Left: query.Path{"rpt_goes"}, Value: goes}})
			if err != nil || len(page.Rows) != 1 {
				t.Fatal(page, err)
			}
			kept := page.Rows[0]
			if kept.Int("rpt_moved") < int64(relations)/2 {
				t.Errorf("%s: %d rows moved, %d relationships", table, kept.Int("rpt_moved"), relations)
			}
			if left := e.looking(table, goes); left > int(kept.Int("rpt_left")) {
				t.Errorf("%s: %d rows still look up to the row that went, %d were told of", table, left, kept.Int("rpt_left"))
			}
			out, err := e.call(e.system(), "rpt_UndoMerge", kept.ID("rpt_mergeid"), nil)
			if err != nil {
				t.Fatal(table, err)
			}
			if list, _ := out["Kept"].([]any); len(list) > 0 {
				t.Errorf("%s: kept %v", table, list)
			}
			after := e.whole()
			for key, was := range before {
				if after[key] != was {
					t.Errorf("%s:\n was %s\n is  %s", key, was, after[key])
				}
				delete(after, key)
			}
			for key := range after {
				t.Errorf("%s was not there before", key)
			}
			if _, err := e.call(e.system(), "rpt_UndoMerge", kept.ID("rpt_mergeid"), nil); errs.CodeOf(err) != "merge.undone" {
				t.Errorf("undone again: %v", err)
			}
		}
	})
}

// looking counts the rows whose lookups lead to a row.
func (e *env) looking(table string, key id.ID) (n int) {
	t, _ := e.control.Catalog().Table(table)
	for _, rel := range t.Relations() {
		child, ok := e.control.Catalog().Table(rel.Table)
		if !rel.Many || rel.ManyToMany() || !ok || child.NoTrack || child.Managed && child.Base == "" && rel.To == "regardingobjectid" {
			continue
		}
		where := query.And{query.Compare{Left: query.Path{rel.To}, Value: key}}
		if rel.OnType != "" {
			where = append(where, query.Compare{Left: query.Path{metadata.TypeColumn(rel.To)}, Value: rel.OnType})
		}
		n += int(e.count(child.Name, where))
	}
	return n
}

// What was changed since the merge stays as it is when the merge is undone, and
// is told of; the rest goes back. Undoing takes the right to write both rows.
func TestUndoKeepsLaterChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		withRules(e)
		stays := e.must("account", record.Row{"name": "Stays", "telephone1": "1", "fax": "2"}).ID("accountid")
		goes := e.must("account", record.Row{"name": "Goes", "telephone1": "3", "fax": "4"}).ID("accountid")
		third := e.must("account", record.Row{"name": "Third"}).ID("accountid")
		hang := func(name string) id.ID {
			return e.must("contact", record.Row{"lastname": name, "parentcustomerid": goes, "parentcustomeridtype": "account"}).ID("contactid")
		}
		back, moved, gone := hang("back"), hang("moved"), hang("gone")
		body := map[string]any{"Target": ref("account", stays), "Subordinate": ref("account", goes), "UpdateContent": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.account", "telephone1": "3", "fax": "4"}}
		if _, err := e.call(e.system(), "Merge", id.Nil, body); err != nil {
			t.Fatal(err)
		}
		page, err := e.store.Find(e.system(), query.Query{Table: "rpt_merge"})
		if err != nil {
			t.Fatal(err)
		}
		merge := page.Rows[0].ID("rpt_mergeid")
		err = e.store.Write(e.system(), func(tx *record.Tx) error {
			if _, err := tx.Update(e.system(), "account", stays, record.Row{"fax": "5"}, record.Match{}); err != nil {
				return err
			}
			if _, err := tx.Update(e.system(), "contact", moved, record.Row{"parentcustomerid": third, "parentcustomeridtype": "account"}, record.Match{}); err != nil {
				return err
			}
			return tx.Delete(e.system(), "contact", gone, record.Match{})
		})
		if err != nil {
			t.Fatal(err)
		}
		user, role := e.user("user", holding{[]string{"account", "rpt_merge"}, []access.Right{access.Read}, access.Global})
		e.general(role, access.Merge)
		if _, err := e.call(as(t.Context(), user), "rpt_UndoMerge", merge, nil); !errs.Has(err, errs.Forbidden) {
			t.Errorf("without the right to write: %v", err)
		}
		out, err := e.call(e.system(), "rpt_UndoMerge", merge, nil)
		if err != nil {
			t.Fatal(err)
		}
		reasons := map[string]string{}
		list, _ := out["Kept"].([]any)
		for _, k := range list {
			item, _ := k.(map[string]any)
			reasons[fmt.Sprint(item["Id"], " ", item["Column"])] = fmt.Sprint(item["Reason"])
		}
		want := map[string]string{stays.String() + " fax": "changed", moved.String() + " parentcustomerid": "changed", gone.String() + " parentcustomerid": "gone"}
		if !maps.Equal(reasons, want) {
			t.Errorf("kept %v, want %v", reasons, want)
		}
		get := func(table string, key id.ID) record.Row {
			row, err := e.store.Get(e.system(), table, key, nil, nil)
			if err != nil {
				t.Fatal(table, err)
			}
			return row
		}
		if row := get("account", stays); row.Text("telephone1") != "1" || row.Text("fax") != "5" {
			t.Errorf("the one that stayed: %v", row)
		}
		if row := get("account", goes); row.Int("statecode") != 0 || row.ID("masterid") != id.Nil || row["merged"] == true {
			t.Errorf("the one that went: %v", row)
		}
		if get("contact", back).ID("parentcustomerid") != goes || get("contact", moved).ID("parentcustomerid") != third {
			t.Error("the children are not where they belong")
		}
	})
}
