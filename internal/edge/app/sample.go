package app

import (
	"context"
	"encoding/json"
	"io/fs"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
)

const sampleBundle = "lending"

// sampleRecords are the tables whose rows of the bundle are sample records. What else
// it brings stays: people and places to which other records may belong by now,
// and what says how work is done. Its people can be locked out.
var sampleRecords = []string{"account", "contact", "opportunity", "campaign", "incident"}

// sampleMade are tables that hold what was made of the sample's events.
var sampleMade = []string{"lead", "campaignresponse", "rpt_quarantine", "rpt_deadletter"}

// SampleTable counts the sample's rows of a table.
type SampleTable struct {
	Table string `json:"Table" doc:"Logical name"`
	Count int    `json:"Count" doc:"Rows that came with the sample and are still there"`
	InUse int    `json:"InUse" doc:"Of these, how many have records of people below them that would go along"`
}

// SampleData tells what of the sample is still there.
type SampleData struct {
	Tables []SampleTable `json:"Tables"`
	People int           `json:"People" doc:"Users of the sample who can still sign in"`
}

// SampleRemoval says what to take out.
type SampleRemoval struct {
	InUse  bool `json:"InUse,omitempty" doc:"Also what records of people stand below, and those with it"`
	People bool `json:"People,omitempty" doc:"Lock the sample's users out"`
}

// SampleRemoved tells what was taken out, and by which record it can be brought back with rpt_Restore.
type SampleRemoved struct {
	Removed     int    `json:"Removed"`
	Kept        int    `json:"Kept"`
	LockedOut   string `json:"LockedOut" doc:"Ids of the users who were locked out, with commas between them"`
	RestoreType string `json:"RestoreEntityLogicalName"`
	RestoreID   id.ID  `json:"RestoreId"`
}

// defineSample declares the actions that count the sample's records and take them out.
func (c *core) defineSample() {
	action.Define(c.actions, action.Spec{Name: "rpt_RetrieveSampleData", Function: true, Privilege: access.RemoveSample, Description: "Counts the records that came with the sample and are still there."},
		func(ctx context.Context, call action.Call, _ action.Empty) (SampleData, error) {
			s, err := c.findSample(ctx, call.Reader)
			if err != nil {
				return SampleData{}, err
			}
			return s.summary(), nil
		})
	action.Define(c.actions, action.Spec{Name: "rpt_RemoveSampleData", Effect: action.DB, Privilege: access.RemoveSample, Description: "Moves the records that came with the sample to the recycle bin, from where rpt_Restore brings them back together."},
		func(ctx context.Context, call action.Call, in SampleRemoval) (SampleRemoved, error) {
			s, err := c.findSample(ctx, call.Tx)
			if err != nil {
				return SampleRemoved{}, err
			}
			return s.remove(ctx, call.Tx, in)
		})
}

// sample is what of the sample is there, in the order in which it can be deleted.
type sample struct {
	rows   []solution.Brought
	inUse  map[id.ID]bool
	people []id.ID
}

// findSample looks for the sample's records as the asker may read them.
func (c *core) findSample(ctx context.Context, from record.Reader) (*sample, error) {
	s := &sample{inUse: map[id.ID]bool{}}
	fresh, err := c.unmarked(ctx, markerSample)
	if err != nil || fresh {
		return s, err // the sample was never put in
	}
	sources, events, err := c.sampleEvents()
	if err != nil {
		return nil, err
	}
	for _, table := range sampleMade {
		t, ok := c.access.Catalog().Table(table)
		if !ok {
			continue
		}
		where := query.And{query.In{Left: query.Path{"rpt_source"}, Values: sources}, query.In{Left: query.Path{"rpt_eventid"}, Values: events}}
		if err := s.add(ctx, from, t, where); err != nil {
			return nil, err
		}
	}
	brought, err := c.sampleRows()
	if err != nil {
		return nil, err
	}
	// Last come, first to go: customers before the campaigns that brought them.
	for _, part := range slices.Backward(brought) {
		t, ok := c.access.Catalog().Table(part.table)
		if !ok {
			continue
		}
		if part.table == "systemuser" {
			page, err := from.Find(ctx, query.Query{Table: t.Name, Select: []string{t.ID}, Limit: record.MaxPage,
				Where: query.And{query.In{Left: query.Path{t.ID}, Values: part.ids}, query.Or{query.Null{Left: query.Path{"isdisabled"}}, query.Compare{Left: query.Path{"isdisabled"}, Value: false}}}})
			if err != nil {
				return nil, err
			}
			for _, row := range page.Rows {
				s.people = append(s.people, row.ID(t.ID))
			}
		}
		if !slices.Contains(sampleRecords, part.table) {
			continue
		}
		if err := s.add(ctx, from, t, query.In{Left: query.Path{t.ID}, Values: part.ids}); err != nil {
			return nil, err
		}
	}
	return s, s.findUse(ctx, from, c.access.Catalog())
}

func (s *sample) add(ctx context.Context, from record.Reader, t *metadata.Table, where query.Node) error {
	page, err := from.Find(ctx, query.Query{Table: t.Name, Select: []string{t.ID}, Where: where, Limit: record.MaxPage})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		s.rows = append(s.rows, solution.Brought{Table: t.Name, ID: row.ID(t.ID)})
	}
	return nil
}

// findUse marks the rows below which stands what people have made and what
// would go with them, or would keep them from going.
func (s *sample) findUse(ctx context.Context, from record.Reader, catalog *metadata.Catalog) error {
	of := map[string][]any{}
	known := map[id.ID]bool{}
	for _, r := range s.rows {
		of[r.Table] = append(of[r.Table], r.ID)
		known[r.ID] = true
	}
	above := map[id.ID][]id.ID{} // of a row of the sample, the rows of the sample that take it with them
	for table, ids := range of {
		t, _ := catalog.Table(table)
		for _, rel := range t.Relations() {
			child, ok := catalog.Table(rel.Table)
			if !ok || !rel.Many || rel.ManyToMany() || child.Name == "activitypointer" {
				continue
			}
			column, _ := child.Column(rel.To)
			_, made := child.Column("createdby")
			if !made || child.NoTrack || column.System && column.Cascade.Delete == "" || column.OnDelete() != metadata.CascadeAll && column.OnDelete() != metadata.Restrict {
				continue
			}
			page, err := from.Find(ctx, query.Query{Table: child.Name, Select: []string{child.ID, column.Name, "createdby"}, Where: query.In{Left: query.Path{column.Name}, Values: ids}, Limit: record.MaxPage})
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				key, parent := row.ID(child.ID), row.ID(column.Name)
				switch {
				case known[key]:
					above[key] = append(above[key], parent)
				case row.ID("createdby") != access.SystemUser:
					s.inUse[parent] = true
				}
			}
		}
	}
	// What stands above a row in use is in use.
	for open := len(s.inUse) > 0; open; {
		open = false
		for key, parents := range above {
			for _, parent := range parents {
				if s.inUse[key] && !s.inUse[parent] {
					s.inUse[parent], open = true, true
				}
			}
		}
	}
	return nil
}

func (s *sample) summary() SampleData {
	out := SampleData{Tables: []SampleTable{}, People: len(s.people)}
	for _, r := range s.rows {
		at := slices.IndexFunc(out.Tables, func(t SampleTable) bool { return t.Table == r.Table })
		if at < 0 {
			at = len(out.Tables)
			out.Tables = append(out.Tables, SampleTable{Table: r.Table})
		}
		out.Tables[at].Count++
		if s.inUse[r.ID] {
			out.Tables[at].InUse++
		}
	}
	return out
}

// remove deletes the rows as one deletion.
func (s *sample) remove(ctx context.Context, tx *record.Tx, in SampleRemoval) (SampleRemoved, error) {
	out := SampleRemoved{}
	var going []solution.Brought
	for _, r := range s.rows {
		if s.inUse[r.ID] && !in.InUse {
			out.Kept++
			continue
		}
		going = append(going, r)
	}
	if len(going) > 0 {
		out.RestoreType, out.RestoreID = going[0].Table, going[0].ID
		err := tx.Together(going[0].ID, func() error {
			if err := s.forgetMessages(ctx, tx, going); err != nil {
				return err
			}
			for _, r := range going {
				// A row that went with another one is gone already.
				if err := tx.Delete(ctx, r.Table, r.ID, record.Match{}); err != nil && !errs.Has(err, errs.NotFound) {
					return err
				}
				out.Removed++
			}
			return nil
		})
		if err != nil {
			return SampleRemoved{}, err
		}
	}
	if in.People {
		for _, key := range s.people {
			if key == access.Actor(ctx) {
				continue // nobody locks themselves out
			}
			if _, err := tx.Update(ctx, "systemuser", key, record.Row{"isdisabled": true}, record.Match{}); err != nil {
				return SampleRemoved{}, err
			}
			if out.LockedOut != "" {
				out.LockedOut += ","
			}
			out.LockedOut += key.String()
		}
	}
	return out, nil
}

// forgetMessages deletes what was told about the rows that go.
func (s *sample) forgetMessages(ctx context.Context, tx *record.Tx, going []solution.Brought) error {
	ids := make([]any, len(going))
	for i, r := range going {
		ids[i] = r.ID
	}
	page, err := tx.Find(ctx, query.Query{Table: "appnotification", Select: []string{"appnotificationid"}, Where: query.In{Left: query.Path{"rpt_regardingid"}, Values: ids}, Limit: record.MaxPage})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := tx.Delete(ctx, "appnotification", row.ID("appnotificationid"), record.Match{}); err != nil {
			return err
		}
	}
	return nil
}

// sampleEvents gives the sources of the sample's events and their ids.
func (c *core) sampleEvents() (sources, ids []any, err error) {
	text, err := fs.ReadFile(c.app.c.Solutions, sampleBundle+"/events/leads.json")
	if err != nil {
		return nil, nil, err
	}
	var events []cloudevents.Event
	if err := json.Unmarshal(text, &events); err != nil {
		return nil, nil, errs.Wrap(err, errs.Internal, "app.sample", "the sample events can't be read")
	}
	for _, e := range events {
		ids = append(ids, e.ID)
		if !slices.Contains(sources, any(e.Source)) {
			sources = append(sources, e.Source)
		}
	}
	return sources, ids, nil
}

// samplePart are the rows of one table that the bundle brings.
type samplePart struct {
	table string
	ids   []any
}

func (c *core) sampleRows() ([]samplePart, error) {
	files, err := fs.Sub(c.app.c.Solutions, sampleBundle)
	if err != nil {
		return nil, err
	}
	rows, err := solution.Rows(solution.Bundle{Name: sampleBundle, Files: files})
	if err != nil {
		return nil, err
	}
	var out []samplePart
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].table != r.Table {
			out = append(out, samplePart{table: r.Table})
		}
		out[len(out)-1].ids = append(out[len(out)-1].ids, r.ID)
	}
	return out, nil
}
