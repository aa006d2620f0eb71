package document

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// letter asks for a letter to who was asked.
func (s *Service) letter(ctx context.Context, tx *record.Tx, table string, key, contact id.ID, kind string) error {
	if s.c.Letters == nil || contact == id.Nil {
		return nil
	}
	return s.c.Letters(ctx, tx, Letter{Contact: contact, Kind: kind, Table: table, Record: key})
}

// tellOwner puts it under the bell of who owns the record.
func (s *Service) tellOwner(ctx context.Context, tx *record.Tx, request record.Row, title string) error {
	if request.Text("owneridtype") == "team" || request.ID("ownerid") == id.Nil {
		return nil
	}
	_, err := notify.Send(ctx, tx, request.ID("ownerid"), notify.Input{Title: title, Body: request.Text("rpt_name"), RegardingID: request.ID("rpt_recordid"), RegardingType: request.Text("rpt_recordtable"), Kind: "document"})
	return err
}

// scanned notes what the scan of a file found.
func (s *Service) scanned(ctx context.Context, sql *sqldb.Tx, in files.Info) error {
	if in.Table != tableFile || in.Record == id.Nil {
		return nil
	}
	ctx = s.system(ctx, "scan for viruses")
	tx := s.c.Store.Bind(sql)
	file, err := tx.Get(ctx, tableFile, in.Record, nil, nil)
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	if err != nil || file.Int("rpt_state") != FileHeld {
		return err
	}
	state := FileReady
	if in.Scan == files.Infected {
		state = FileInfected
	}
	if _, err := tx.Update(ctx, tableFile, in.Record, record.Row{"rpt_state": state}, record.Match{}); err != nil || state == FileReady {
		return err
	}
	request, err := tx.Get(ctx, tableRequest, file.ID("rpt_requestid"), nil, nil)
	if err != nil {
		return err
	}
	if err := s.tellOwner(ctx, tx, request, "A virus was found in a document; it was removed"); err != nil {
		return err
	}
	// Nobody has to look at it: what is left of the request is asked for again.
	left, err := filesOf(ctx, tx, eq("rpt_requestid", request.ID("rpt_documentrequestid")))
	if err != nil || request.Int("rpt_status") != Received {
		return err
	}
	for _, f := range current(left) {
		if f.Int("rpt_state") != FileInfected {
			return nil
		}
	}
	if err := setStatus(ctx, tx, request, Refused, record.Row{"rpt_reason": "A virus was found in the file. / In der Datei wurde ein Virus gefunden."}); err != nil {
		return err
	}
	return s.letter(ctx, tx, request.Text("rpt_recordtable"), request.ID("rpt_recordid"), request.ID("rpt_contactid"), "refused")
}
