package document

import (
	"context"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Send takes one whole file of the member in the context for a request of his.
func (s *Service) Send(ctx context.Context, request id.ID, name string, body io.Reader) error {
	contact, err := member(ctx)
	if err != nil {
		return err
	}
	if err := s.maySend(ctx, contact, request, 0); err != nil {
		return err
	}
	system := s.system(ctx, "sent by a member")
	in, err := s.c.Files.Stage(system, tableFile, columnFile, name, body)
	if err != nil {
		return err
	}
	return s.take(system, contact, request, in)
}

// open tells whether more can be sent for a request.
func open(request record.Row) bool {
	switch request.Int("rpt_status") {
	case Asked, Received, Refused:
		return true
	}
	return false
}

// mine reads a request of a contact's; one of another's is not there.
func (s *Service) mine(ctx context.Context, from record.Reader, contact, request id.ID) (record.Row, error) {
	row, err := from.Get(ctx, tableRequest, request, nil, nil)
	if errs.Has(err, errs.NotFound) || err == nil && row.ID("rpt_contactid") != contact {
		return nil, ErrNone
	}
	return row, err
}

// maySend looks before anything is taken in whether it would be in vain.
func (s *Service) maySend(ctx context.Context, contact, request id.ID, size int64) error {
	system := s.system(ctx, "what may be sent")
	row, err := s.mine(system, s.c.Store, contact, request)
	if err != nil {
		return err
	}
	if !open(row) {
		return ErrClosed
	}
	if size > fileMost {
		return ErrLarge
	}
	if err := s.room(system, s.c.Store, row); err != nil {
		return err
	}
	sum, err := s.sent(ctx, contact)
	if err != nil {
		return err
	}
	if sum+size > s.c.Total {
		return ErrTotal
	}
	if _, ok := s.pace.Allow(contact.String()); !ok {
		return ErrOften
	}
	return nil
}

// room tells whether a request takes another file. Those of a refused one are replaced.
func (s *Service) room(ctx context.Context, from record.Reader, request record.Row) error {
	if request.Int("rpt_status") == Refused {
		return nil
	}
	list, err := filesOf(ctx, from, eq("rpt_requestid", request.ID("rpt_documentrequestid")))
	if err != nil {
		return err
	}
	most := request.Int("rpt_most")
	if most == 0 {
		most = filesUsual
	}
	if int64(len(current(list))) >= most {
		return ErrMany
	}
	return nil
}

// sent gives how many bytes a contact has sent and is sending.
func (s *Service) sent(ctx context.Context, contact id.ID) (int64, error) {
	d := s.c.DB.Dialect()
	who, err := query.Encode(d, query.ID, contact)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, text := range []string{"SELECT CAST(COALESCE(SUM(rpt_size), 0) AS BIGINT) FROM " + d.Quote(tableFile) + " WHERE rpt_contactid = ", "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM documentupload WHERE contactid = "} {
		var part int64
		if _, err := s.c.DB.QueryRow(ctx, text+d.Placeholder(1), []any{who}, &part); err != nil {
			return 0, err
		}
		sum += part
	}
	return sum, nil
}

var errTwin = errs.New(errs.Conflict, "document.twin", "this very file is there already")

// take puts staged content to a request. What can't be taken is dropped.
func (s *Service) take(ctx context.Context, contact, request id.ID, in files.Info) error {
	err := s.takeUp(ctx, contact, request, in)
	if err == nil || errs.Has(err, errs.Unavailable) {
		return err
	}
	if e := s.c.Files.Discard(ctx, in.ID); e != nil {
		s.c.Logger.Warn("a refused file is left for the housekeeping", "error", e)
	}
	if errs.CodeOf(err) == errTwin.Code {
		return nil
	}
	return err
}

func (s *Service) takeUp(ctx context.Context, contact, request id.ID, in files.Info) error {
	row, err := s.mine(ctx, s.c.Store, contact, request)
	if err != nil {
		return err
	}
	name, err := s.inspect(ctx, in, row.Text("rpt_kinds"))
	if err != nil {
		return s.infected(ctx, in, err)
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		row, err := tx.Demand(ctx, tableRequest, request, access.Write) // locks it
		if errs.Has(err, errs.NotFound) {
			return ErrNone
		}
		switch {
		case err != nil:
			return err
		case row.ID("rpt_contactid") != contact:
			return ErrNone
		case !open(row):
			return ErrClosed
		}
		if row.Int("rpt_status") != Refused {
			// The same file twice is one whose answer got lost.
			twin, err := tx.Find(ctx, query.Query{Table: tableFile, Select: []string{"rpt_documentfileid"}, Limit: 1, Where: query.And{eq("rpt_requestid", request), eq("rpt_sha256", in.SHA256), query.Compare{Left: query.Path{"rpt_state"}, Op: query.Ne, Value: FileReplaced}}})
			if err != nil {
				return err
			}
			if len(twin.Rows) > 0 {
				return errTwin
			}
		}
		if err := s.room(ctx, tx, row); err != nil {
			return err
		}
		if row.Int("rpt_status") == Refused {
			if err := replace(ctx, tx, request); err != nil {
				return err
			}
		}
		file := record.Row{"rpt_name": name, "rpt_requestid": request, "rpt_recordid": row.ID("rpt_recordid"), "rpt_contactid": contact, columnFile: in.ID, "rpt_mediatype": in.MediaType, "rpt_size": in.Size, "rpt_sha256": in.SHA256,
			"rpt_state": FileReady, "ownerid": row.ID("ownerid"), "owneridtype": row.Text("owneridtype")}
		if in.Scan == files.Waiting {
			file["rpt_state"] = FileHeld
		}
		if _, err := tx.Create(ctx, tableFile, file); err != nil {
			return err
		}
		if err := setStatus(ctx, tx, row, Received, record.Row{"rpt_receivedon": s.c.Clock.Now(), "rpt_reason": nil, "rpt_reviewedby": nil, "rpt_reviewedon": nil}); err != nil {
			return err
		}
		if row.Int("rpt_status") != Received { // once, not for every page that was photographed
			if err := s.tellOwner(ctx, tx, row, "A document has come"); err != nil {
				return err
			}
		}
		if err := s.rollUp(ctx, tx, row.Text("rpt_recordtable"), row.ID("rpt_recordid")); err != nil {
			return err
		}
		// The scan may have ended before there was a row to tell of it.
		now, err := s.c.Files.InfoIn(tx.SQL(), in.ID)
		if err != nil || in.Scan != files.Waiting || now.Scan == files.Waiting {
			return err
		}
		return s.scanned(ctx, tx.SQL(), now)
	})
}

// infected gives why content can't be looked at: a scan may have had it removed.
func (s *Service) infected(ctx context.Context, in files.Info, why error) error {
	scan := files.Unscanned
	err := s.c.Store.Write(ctx, func(tx *record.Tx) error {
		now, err := s.c.Files.InfoIn(tx.SQL(), in.ID)
		scan = now.Scan
		return err
	})
	if err == nil && scan == files.Infected {
		return files.ErrInfected
	}
	return why
}

// replace marks the files of a refused request as replaced by what comes now.
func replace(ctx context.Context, tx *record.Tx, request id.ID) error {
	list, err := filesOf(ctx, tx, eq("rpt_requestid", request))
	if err != nil {
		return err
	}
	for _, f := range current(list) {
		if _, err := tx.Update(ctx, tableFile, f.ID("rpt_documentfileid"), record.Row{"rpt_state": FileReplaced}, record.Match{}); err != nil {
			return err
		}
	}
	return nil
}
