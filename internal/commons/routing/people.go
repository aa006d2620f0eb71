package routing

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/calendar"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// People is what routing knows of users: names, skills, hours, capacity, and who
// is a member of which queue. It is never changed; a nil one knows nothing.
type People struct {
	names  map[id.ID]string
	byUser map[id.ID]*person
	skills map[string]bool // that there are, folded
	queues map[id.ID][]id.ID
}

// person is a user of whom a resource tells more.
type person struct {
	skills   map[string]int64 // rating by folded name
	calendar *calendar.Calendar
	capacity int64
	bounded  bool
}

// PeopleWatched lists the tables that People is made from.
func PeopleWatched() []string {
	return append([]string{"bookableresource", "bookableresourcecharacteristic", "characteristic", "queuemembership", "systemuser"}, calendar.Watched()...)
}

// LoadPeople reads what there is to know. It needs a context that may read it all.
func LoadPeople(ctx context.Context, r record.Reader) (*People, error) {
	p := &People{names: map[id.ID]string{}, byUser: map[id.ID]*person{}, skills: map[string]bool{}, queues: map[id.ID][]id.ID{}}
	calendars, err := calendar.Load(ctx, r)
	if err != nil {
		return nil, err
	}
	byResource, skills := map[id.ID]*person{}, map[id.ID]string{}
	live := query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}
	for _, one := range []struct {
		q    query.Query
		each func(record.Row)
	}{
		{query.Query{Table: "systemuser", Select: []string{"fullname"}}, func(row record.Row) { p.names[row.ID("systemuserid")] = row.Text("fullname") }},
		{query.Query{Table: "queuemembership"}, func(row record.Row) {
			p.queues[row.ID("queueid")] = append(p.queues[row.ID("queueid")], row.ID("systemuserid"))
		}},
		{query.Query{Table: "characteristic", Where: live}, func(row record.Row) {
			skills[row.ID("characteristicid")] = query.Fold(row.Text("name"))
			p.skills[query.Fold(row.Text("name"))] = true
		}},
		{query.Query{Table: "bookableresource", Where: live}, func(row record.Row) {
			one := &person{skills: map[string]int64{}, calendar: calendars[row.ID("calendarid")]}
			one.capacity, one.bounded = row["rpt_capacity"].(int64)
			byResource[row.ID("bookableresourceid")] = one
			if user := row.ID("userid"); user != id.Nil {
				p.byUser[user] = one
			}
		}},
		{query.Query{Table: "bookableresourcecharacteristic", Where: live}, func(row record.Row) {
			if one, name := byResource[row.ID("resource")], skills[row.ID("characteristic")]; one != nil && name != "" {
				one.skills[name] = row.Int("rpt_rating")
			}
		}},
	} {
		if err := each(ctx, r, one.q, one.each); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// each reads all rows of a question.
func each(ctx context.Context, r record.Reader, q query.Query, do func(record.Row)) error {
	q.Limit = record.MaxPage
	for {
		page, err := r.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			do(row)
		}
		if page.Next == nil {
			return nil
		}
		q.After = page.Next
	}
}

func (p *People) of(user id.ID) *person {
	if p != nil && p.byUser[user] != nil {
		return p.byUser[user]
	}
	return &person{}
}

func (p *People) name(user id.ID) string {
	if p == nil {
		return ""
	}
	return p.names[user]
}

// members lists the members of a queue, in the order of their ids.
func (p *People) members(queue id.ID) []id.ID {
	if p == nil {
		return nil
	}
	return p.queues[queue]
}

// knows tells whether there is such a skill.
func (p *People) knows(skill string) bool { return p != nil && p.skills[skill] }

// The verdicts on a candidate.
const (
	Chosen    = "chosen"
	Later     = "later" // it is not his turn, or he has more to do
	Unskilled = "skill"
	Absent    = "absent"
	OffHours  = "hours"
	Full      = "full"
	Gone      = "disabled"
)

// Candidate is somebody who was considered, and what came of it.
type Candidate struct {
	ID      id.ID  `json:"id"`
	Name    string `json:"name,omitempty"`
	Verdict string `json:"verdict"`
	Load    *int64 `json:"load,omitempty"` // open records, where they were counted
}

// judge tells whether somebody can take a record at all: "" if so, else the verdict.
func (p *People) judge(user id.ID, need []Skill, at time.Time) string {
	who := p.of(user)
	for _, s := range need {
		if rating, has := who.skills[s.Folded]; !has || rating < s.Least {
			return Unskilled
		}
	}
	switch {
	case who.calendar.Absent(at):
		return Absent
	case !who.calendar.Open(at):
		return OffHours
	}
	return ""
}

// skilled tells whether anybody among the members has the skills.
func (p *People) skilled(members []id.ID, need []Skill) bool {
	return slices.ContainsFunc(members, func(who id.ID) bool {
		return !slices.ContainsFunc(need, func(s Skill) bool { rating, has := p.of(who).skills[s.Folded]; return !has || rating < s.Least })
	})
}
