package document

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// member gives the contact who has signed in. All that members do begins here.
func member(ctx context.Context) (id.ID, error) {
	p := access.From(ctx)
	if p.Kind != access.Member || p.ID == id.Nil {
		return id.Nil, access.ErrSignIn
	}
	return p.ID, nil
}

// Request is a request as the member sees it.
type Request struct {
	ID       id.ID
	Name     string
	Help     string
	Status   int64
	Reason   string
	Required bool
	Open     bool // more can be sent
	Accept   string
	Most     int64
	MaxAge   int64
	Files    []File
}

// File is one file that the member has sent.
type File struct {
	ID    id.ID
	Name  string
	Size  int64
	State int64
	On    time.Time
}

// Mine lists what is asked of the member about a record, in its language.
func (s *Service) Mine(ctx context.Context, key id.ID, lang string) ([]Request, error) {
	contact, err := member(ctx)
	if err != nil {
		return nil, err
	}
	system := s.system(ctx, "what is asked of a member")
	page, err := s.c.Store.Find(system, query.Query{Table: tableRequest, Limit: requestsMost, Order: []query.Order{{Column: "rpt_order"}, {Column: "createdon"}},
		Where: query.And{eq("rpt_recordid", key), eq("rpt_contactid", contact), query.Compare{Left: query.Path{"rpt_status"}, Op: query.Ne, Value: Withdrawn}}})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	list, err := filesOf(system, s.c.Store, query.And{eq("rpt_recordid", key), eq("rpt_contactid", contact)})
	if err != nil {
		return nil, err
	}
	byRequest := map[id.ID][]File{}
	for _, f := range current(list) {
		on, _ := f["createdon"].(time.Time)
		request := f.ID("rpt_requestid")
		byRequest[request] = append(byRequest[request], File{f.ID("rpt_documentfileid"), f.Text("rpt_name"), f.Int("rpt_size"), f.Int("rpt_state"), on})
	}
	out := make([]Request, len(page.Rows))
	for i, r := range page.Rows {
		key := r.ID("rpt_documentrequestid")
		required, _ := r["rpt_required"].(bool)
		out[i] = Request{ID: key, Name: r.Text("rpt_name"), Help: r.Text("rpt_help"), Status: r.Int("rpt_status"), Reason: r.Text("rpt_reason"), Required: required, Open: open(r), Accept: Accept(r.Text("rpt_kinds")),
			Most: cmp.Or(r.Int("rpt_most"), filesUsual), MaxAge: r.Int("rpt_maxage"), Files: byRequest[key]}
		if lang == "de" {
			out[i].Name, out[i].Help = cmp.Or(r.Text("rpt_namede"), out[i].Name), cmp.Or(r.Text("rpt_helpde"), out[i].Help)
		}
	}
	return out, nil
}

// myFile reads a file of the member's own.
func (s *Service) myFile(ctx context.Context, from record.Reader, contact, file id.ID) (record.Row, error) {
	row, err := from.Get(ctx, tableFile, file, nil, nil)
	if errs.Has(err, errs.NotFound) || err == nil && row.ID("rpt_contactid") != contact {
		return nil, ErrNone
	}
	return row, err
}

// Open reads a file that the member has sent about a record.
func (s *Service) Open(ctx context.Context, about, file id.ID) (files.Info, io.ReadSeekCloser, error) {
	contact, err := member(ctx)
	if err != nil {
		return files.Info{}, nil, err
	}
	system := s.system(ctx, "a member's own file")
	row, err := s.myFile(system, s.c.Store, contact, file)
	if err != nil {
		return files.Info{}, nil, err
	}
	if row.ID("rpt_recordid") != about {
		return files.Info{}, nil, ErrNone
	}
	in, err := s.c.Files.Info(system, tableFile, file, columnFile)
	if err != nil {
		return files.Info{}, nil, err
	}
	in.Name = row.Text("rpt_name")
	r, err := s.c.Files.Open(system, in)
	return in, r, err
}

// TakeBack removes a file that the member has sent and nobody has accepted.
func (s *Service) TakeBack(ctx context.Context, about, file id.ID) error {
	contact, err := member(ctx)
	if err != nil {
		return err
	}
	ctx = s.system(ctx, "taken back by a member")
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := s.myFile(ctx, tx, contact, file)
		if err != nil {
			return err
		}
		if row.ID("rpt_recordid") != about {
			return ErrNone
		}
		request, err := tx.Demand(ctx, tableRequest, row.ID("rpt_requestid"), access.Write)
		if err != nil {
			return err
		}
		if !open(request) || row.Int("rpt_state") == FileReplaced {
			return ErrClosed
		}
		if err := tx.Delete(ctx, tableFile, file, record.Match{}); err != nil {
			return err
		}
		left, err := filesOf(ctx, tx, eq("rpt_requestid", row.ID("rpt_requestid")))
		if err != nil || len(current(left)) > 0 || request.Int("rpt_status") != Received {
			return err
		}
		return setStatus(ctx, tx, request, Asked, record.Row{"rpt_receivedon": nil})
	})
}
