package memberarea

import (
	"context"
	"errors"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// What a member sends with a form is an event like any other, which knows no
// member: whoever publishes events could say what he likes. So the id of the
// event is noted beside, before it is published, and the record that is made of
// it becomes the member's in the transaction of its making.

// colEvent is the column in which records keep the event that they came with.
const colEvent = "rpt_eventid"

// Submissions joins what members have sent to what becomes of it.
type Submissions struct {
	DB    *sqldb.DB
	Views func() []View
	Clock clock.Clock
}

// Expect notes that the event will be a member's.
func (s *Submissions) Expect(ctx context.Context, event string, contact id.ID) error {
	d := s.DB.Dialect()
	who, err := query.Encode(d, query.ID, contact)
	if err != nil {
		return err
	}
	now, err := query.Encode(d, query.Time, s.Clock.Now())
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO membersubmission (eventid, contactid, createdon) VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+", "+d.Placeholder(3)+") ON CONFLICT (eventid) DO NOTHING", event, who, now)
		return err
	})
}

// keepExpected is how long an event may be under way.
const keepExpected = 30 * 24 * time.Hour

// Prune forgets events that have come to nothing.
func (s *Submissions) Prune(ctx context.Context) error {
	before, err := query.Encode(s.DB.Dialect(), query.Time, s.Clock.Now().Add(-keepExpected))
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("DELETE FROM membersubmission WHERE createdon < "+s.DB.Dialect().Placeholder(1), before)
		return err
	})
}

// expected gives the member whose event it is.
func expected(tx *sqldb.Tx, event string) (id.ID, error) {
	var raw any
	found, err := tx.QueryRow("SELECT contactid FROM membersubmission WHERE eventid = "+tx.Dialect().Placeholder(1), []any{event}, &raw)
	if err != nil || !found {
		return id.Nil, err
	}
	v, err := query.Decode(tx.Dialect(), query.ID, 0, raw)
	contact, _ := v.(id.ID)
	return contact, err
}

// Hook gives records that came with a member's event to the member. Only the
// platform's own consumers make such records.
func (s *Submissions) Hook(catalog func() *metadata.Catalog) func(table string) record.Hook {
	return func(table string) record.Hook {
		h := record.Hook{Table: table}
		t, ok := catalog().Table(table)
		if !ok {
			return h
		}
		if _, ok := t.Column(colEvent); !ok {
			return h
		}
		h.BeforeCreate = func(ctx context.Context, tx *record.Tx, row record.Row) error {
			v, ok := s.view(table)
			if !ok || row.Text(colEvent) == "" || access.From(ctx).Kind != access.System || v.memberOf(row) != id.Nil {
				return nil
			}
			contact, err := expected(tx.SQL(), row.Text(colEvent))
			if err != nil || contact == id.Nil {
				return err
			}
			for name, value := range v.belongsTo(t, contact) {
				row[name] = value
			}
			return nil
		}
		if _, ok := t.Column("regardingobjectid"); ok {
			h.AfterCreate = s.refreshed
		}
		return h
	}
}

// refreshed gives the member the record that an event has refreshed, if it bears
// the member's address and is nobody else's.
func (s *Submissions) refreshed(ctx context.Context, tx *record.Tx, row record.Row) error {
	about, table := row.ID("regardingobjectid"), row.Text(metadata.TypeColumn("regardingobjectid"))
	v, ok := s.view(table)
	if !ok || about == id.Nil || row.Text(colEvent) == "" || access.From(ctx).Kind != access.System {
		return nil
	}
	contact, err := expected(tx.SQL(), row.Text(colEvent))
	if err != nil || contact == id.Nil {
		return err
	}
	ctx = access.AsSystem(ctx, "a member's submission")
	is, err := tx.Get(ctx, table, about, nil, nil)
	if err != nil {
		return err
	}
	for _, name := range v.Member {
		if is.ID(name) != id.Nil {
			return nil
		}
	}
	who, err := tx.Get(ctx, "contact", contact, []string{"emailaddress1"}, nil)
	if errors.Is(err, record.ErrNotFound) || err == nil && query.Fold(who.Text("emailaddress1")) != query.Fold(is.Text(v.Claim.Address)) {
		return nil
	}
	if err != nil {
		return err
	}
	t, ok := tx.Catalog().Table(table)
	if !ok {
		return nil
	}
	_, err = tx.Update(ctx, table, about, v.belongsTo(t, contact), record.Match{})
	return err
}

// view finds the view of a table whose records come with events.
func (s *Submissions) view(table string) (View, bool) {
	for _, v := range s.Views() {
		if v.Table == table && v.Claim != nil {
			return v, true
		}
	}
	return View{}, false
}
