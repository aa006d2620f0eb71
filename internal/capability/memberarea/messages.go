package memberarea

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Members and staff write to each other about a record by rows of the activity
// adx_portalcomment. They stand in the staff's timeline like every activity; what
// the staff writes is a row of the same table.

const (
	tableMessage = "adx_portalcomment"
	colDirection = "adx_portalcommentdirectioncode"
	colReadOn    = "rpt_readon"
	colAuthor    = "rpt_authorid"

	incoming = int64(1) // from the member
	outgoing = int64(2) // from the staff

	messageMost = 2000 // characters
	messageList = 200  // shown of one record
)

var (
	errMessageEmpty error = errs.New(errs.Invalid, "memberarea.empty", "a message needs a text")
	errMessageLong  error = errs.New(errs.Invalid, "memberarea.long", "a message has at most %d characters", messageMost)
)

// letter is a message as the member reads it.
type letter struct {
	ID     id.ID
	Mine   bool
	Unread bool
	When   string
	Text   string
	Path   string // of the record's page, in lists over several
	About  string
}

func newLetter(row record.Row, in Locale) letter {
	l := letter{ID: row.ID("activityid"), Mine: row.Int(colDirection) == incoming, Text: row.Text("description")}
	if at, ok := row["createdon"].(time.Time); ok {
		l.When = in.Moment(at)
	}
	_, read := row[colReadOn].(time.Time)
	l.Unread = !l.Mine && !read
	return l
}

func regarding(table string, key id.ID) query.Node {
	return query.And{query.Compare{Left: query.Path{"regardingobjectid"}, Value: key}, query.Compare{Left: query.Path{metadata.TypeColumn("regardingobjectid")}, Value: table}}
}

// find reads messages by the member's rights; who has none to read messages reads none.
func (a *Area) findMessages(ctx context.Context, q query.Query) (record.Page, error) {
	q.Table = tableMessage
	page, err := a.o.Records.Find(ctx, q)
	if errs.Has(err, errs.Forbidden) {
		return record.Page{}, nil
	}
	return page, err
}

// unreadWhere are the staff's messages that the member has not seen.
func unreadWhere() query.And {
	return query.And{query.Compare{Left: query.Path{colDirection}, Value: outgoing}, query.Null{Left: query.Path{colReadOn}}}
}

const unreadMost = 500

func (a *Area) unread(ctx context.Context) (int, error) {
	page, err := a.findMessages(ctx, query.Query{Where: unreadWhere(), Limit: unreadMost})
	return len(page.Rows), err
}

func (a *Area) unreadByRecord(ctx context.Context) (map[id.ID]int, error) {
	page, err := a.findMessages(ctx, query.Query{Where: unreadWhere(), Limit: unreadMost})
	out := map[id.ID]int{}
	for _, row := range page.Rows {
		out[row.ID("regardingobjectid")]++
	}
	return out, err
}

// Messages is the page of all messages, the newest first.
func (a *Area) Messages(ctx context.Context, v Visit) (Page, error) {
	page, err := a.findMessages(ctx, query.Query{Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: messageList})
	if err != nil {
		return Page{}, err
	}
	var all []letter
	titles := map[id.ID]Record{}
	for _, row := range page.Rows {
		l := newLetter(row, v.Locale)
		table, key := row.Text(metadata.TypeColumn("regardingobjectid")), row.ID("regardingobjectid")
		r, known := titles[key]
		if !known {
			if r, err = a.Record(ctx, v, table, key.String()); err != nil && !errors.Is(err, ErrNone) {
				return Page{}, err
			}
			titles[key] = r
		}
		if r.ID == id.Nil {
			continue // about something that is not on the member's pages
		}
		l.Path, l.About = r.Page()+"#messages", r.Title
		all = append(all, l)
	}
	return a.render(ctx, v, pageOf("messages", say(v.Lang, "letters.title"), "letters", all, v))
}

// pageOf is a page whose template, title and place in the navigation are given.
func pageOf(name, title, here string, body any, v Visit) page {
	return page{name: name, title: title, here: here, body: body, done: done(v)}
}

// conversation is the section of messages on a record's page.
type conversation struct{ a *Area }

func (conversation) Name() string { return "messages" }

func (c conversation) Show(ctx context.Context, r Record) (Block, bool, error) {
	if !r.View.Messages {
		return Block{}, false, nil
	}
	page, err := c.a.findMessages(ctx, query.Query{Where: regarding(r.View.Table, r.ID), Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: messageList})
	if err != nil {
		return Block{}, false, err
	}
	var list []letter
	var fresh []id.ID
	for _, row := range page.Rows {
		l := newLetter(row, r.Locale)
		list = append(list, l)
		if l.Unread {
			fresh = append(fresh, l.ID)
		}
	}
	if err := c.a.markRead(ctx, fresh); err != nil {
		return Block{}, false, err
	}
	var b strings.Builder
	err = c.a.shell.pages[r.Lang].ExecuteTemplate(&b, "conversation", struct {
		Record
		Letters []letter
	}{r, list})
	return Block{Title: say(r.Lang, "letters.title"), HTML: template.HTML(b.String())}, err == nil, err
}

// markRead notes that the member has seen messages of the staff. It has read
// them by its own rights; the mark is the platform's.
func (a *Area) markRead(ctx context.Context, list []id.ID) error {
	if len(list) == 0 {
		return nil
	}
	ctx = access.AsSystem(ctx, "a member has read a message")
	return a.o.Records.Write(ctx, func(tx *record.Tx) error {
		for _, key := range list {
			if _, err := tx.Update(ctx, tableMessage, key, record.Row{colReadOn: a.o.Clock.Now()}, record.Match{}); err != nil && !errors.Is(err, record.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

func (c conversation) Serve(w http.ResponseWriter, req *http.Request, r Record) error {
	if req.Method != http.MethodPost || req.URL.Path != r.Path() || !r.View.Messages {
		return ErrNone
	}
	text := strings.TrimSpace(strings.ReplaceAll(req.PostForm.Get("text"), "\r\n", "\n"))
	switch {
	case text == "":
		return errMessageEmpty
	case utf8.RuneCountInString(text) > messageMost:
		return errMessageLong
	}
	ctx := req.Context()
	err := c.a.o.Records.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Create(ctx, tableMessage, record.Row{"description": text, "regardingobjectid": r.ID, metadata.TypeColumn("regardingobjectid"): r.View.Table})
		return err
	})
	if err != nil {
		return err
	}
	r.Back(w, req, "message_sent")
	return nil
}
