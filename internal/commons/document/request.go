package document

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func same(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// requestsMost bounds how many requests one record has.
const requestsMost = 200

// requestsOf lists the requests of a record in their order.
func requestsOf(ctx context.Context, from record.Reader, key id.ID) ([]record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableRequest, Where: eq("rpt_recordid", key), Limit: requestsMost, Order: []query.Order{{Column: "rpt_order"}, {Column: "createdon"}}})
	return page.Rows, err
}

// ask makes an item of a checklist a request.
func (s *Service) ask(ctx context.Context, tx *record.Tx, l *checklist, it item, order int64, row record.Row) error {
	in := record.Row{"rpt_name": it.Name["en"], "rpt_namede": it.Name["de"], "rpt_help": it.Help["en"], "rpt_helpde": it.Help["de"], "rpt_key": it.Key, "rpt_order": order, "rpt_checklistid": l.id,
		"rpt_required": !it.Optional, "rpt_kinds": strings.Join(it.Kinds, ","), "rpt_most": it.Most}
	if it.MaxAge > 0 {
		in["rpt_maxage"] = it.MaxAge
	}
	return s.create(ctx, tx, l.table, row, s.contactOf(ctx, tx, l, row), in)
}

// create makes a request about a record.
func (s *Service) create(ctx context.Context, tx *record.Tx, t *metadata.Table, row record.Row, contact id.ID, in record.Row) error {
	in = maps.Clone(in)
	key := row.ID(t.ID)
	in["rpt_recordid"], in["rpt_recordtable"], in["rpt_status"] = key, t.Name, Asked
	if owner := row.ID("ownerid"); owner != id.Nil {
		in["ownerid"], in["owneridtype"] = owner, row.Text("owneridtype")
	}
	if contact != id.Nil {
		in["rpt_contactid"] = contact
	}
	if mine, ok := s.c.Catalog().Table(tableRequest); ok {
		if c, ok := mine.Column("regardingobjectid"); ok && slices.Contains(c.Targets, t.Name) {
			in["regardingobjectid"], in[metadata.TypeColumn("regardingobjectid")] = key, t.Name
		}
	}
	for name, v := range in {
		if v == "" {
			delete(in, name)
		}
	}
	_, err := tx.Create(ctx, tableRequest, in)
	return err
}

func setStatus(ctx context.Context, tx *record.Tx, request record.Row, status int64, more record.Row) error {
	change := record.Row{"rpt_status": status}
	maps.Copy(change, more)
	_, err := tx.Update(ctx, tableRequest, request.ID("rpt_documentrequestid"), change, record.Match{})
	return err
}

// filesOf lists the files of requests, the oldest first.
func filesOf(ctx context.Context, from record.Reader, where query.Node) ([]record.Row, error) {
	page, err := from.Find(ctx, query.Query{Table: tableFile, Where: where, Limit: record.MaxPage, Order: []query.Order{{Column: "createdon"}, {Column: "rpt_documentfileid"}}})
	return page.Rows, err
}

// current keeps the files that have not been replaced.
func current(list []record.Row) []record.Row {
	return slices.DeleteFunc(slices.Clone(list), func(r record.Row) bool { return r.Int("rpt_state") == FileReplaced })
}
