package memberarea

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Letters sends members e-mail. Tell queues, in the transaction, a letter that
// says that there is a message, and nothing of what stands in it.
type Letters interface {
	Tell(tx *sqldb.Tx, contact id.ID, path string) error
}

// Correspondence is what hangs on the messages between members and staff.
type Correspondence struct {
	Views   func() []View
	Clock   clock.Clock
	Members func(team id.ID) []id.ID // users of a team
	Letters Letters                  // nil tells members nothing
}

// KindMessage is the kind of the notifications, by which people can mute them.
const KindMessage = "message"

var errUnread error = errs.New(errs.Invalid, "memberarea.nobody", "nobody would read this: the record has no member, or its table no messages")

// Hook keeps messages as they must be, whoever writes them and by which way: a
// member's are incoming and the member's own, the staff's are outgoing, both
// belong to whoever owns the record, and the other side is told.
func (c *Correspondence) Hook() record.Hook {
	return record.Hook{Table: tableMessage, BeforeCreate: c.before, BeforeUpdate: c.change, AfterCreate: c.tell}
}

func (c *Correspondence) before(ctx context.Context, tx *record.Tx, row record.Row) error {
	about, view, err := c.about(ctx, tx, row)
	if err != nil {
		return err
	}
	now := c.Clock.Now()
	row["statecode"], row["statuscode"], row["senton"], row["actualend"] = int64(1), int64(2), now, now
	delete(row, colReadOn)
	delete(row, colAuthor)
	if p := access.From(ctx); p.Kind == access.Member {
		row[colDirection], row[colAuthor] = incoming, p.ID
		row["ownerid"], row["owneridtype"], row["owningbusinessunit"] = about["ownerid"], about["owneridtype"], about["owningbusinessunit"]
	} else {
		row[colDirection] = outgoing
	}
	if strings.TrimSpace(row.Text("subject")) == "" || access.From(ctx).Kind == access.Member {
		row["subject"] = beginning(row.Text("description"), view)
	}
	return nil
}

// about reads the record that a message is about.
func (c *Correspondence) about(ctx context.Context, tx *record.Tx, row record.Row) (record.Row, View, error) {
	table, key := row.Text(metadata.TypeColumn("regardingobjectid")), row.ID("regardingobjectid")
	for _, v := range c.Views() {
		if v.Table != table || !v.Messages || key == id.Nil {
			continue
		}
		about, err := tx.Get(access.AsSystem(ctx, "whom a message concerns"), table, key, nil, nil)
		if err == nil && v.memberOf(about) == id.Nil {
			err = errUnread
		}
		return about, v, err
	}
	return nil, View{}, errUnread
}

func (c *Correspondence) change(ctx context.Context, _ *record.Tx, _, change record.Row) error {
	if access.From(ctx).Kind == access.System {
		return nil
	}
	for _, name := range []string{"description", colDirection, "regardingobjectid"} {
		if _, given := change[name]; given {
			return errs.New(errs.Conflict, "memberarea.sent", "a message that has been sent stays as it is: write another one")
		}
	}
	return nil
}

// tell lets the other side know.
func (c *Correspondence) tell(ctx context.Context, tx *record.Tx, row record.Row) error {
	about, view, err := c.about(ctx, tx, row)
	if err != nil {
		return err
	}
	table, key := view.Table, row.ID("regardingobjectid")
	if row.Int(colDirection) == outgoing {
		if c.Letters == nil {
			return nil
		}
		return c.Letters.Tell(tx.SQL(), view.memberOf(about), recordPath(table, key))
	}
	people := []id.ID{about.ID("ownerid")}
	if about.Text("owneridtype") == "team" {
		people = c.Members(about.ID("ownerid"))
	}
	system := access.AsSystem(ctx, "a member's message")
	names, err := tx.Names(system, "contact", []id.ID{row.ID(colAuthor)})
	if err != nil {
		return err
	}
	for _, who := range people {
		if who == access.SystemUser {
			continue
		}
		in := notify.Input{Title: names[row.ID(colAuthor)] + ": " + row.Text("subject"), Body: row.Text("description"), RegardingID: key, RegardingType: table, Kind: KindMessage}
		in.Title, in.Body = cut(in.Title, 200), cut(in.Body, 280)
		if _, err := notify.Send(system, tx, who, in); err != nil {
			return err
		}
	}
	return nil
}

// beginning gives the first words of a message as its subject.
func beginning(text string, v View) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return v.One.In("en")
	}
	return cut(line, 80)
}

func cut(text string, most int) string {
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	return strings.TrimSpace(string(r[:most-1])) + "…"
}
