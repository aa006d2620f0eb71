package builtin

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// PagingInfo asks for a page.
type PagingInfo struct {
	Count                  int    `json:"Count,omitempty" doc:"Rows of a page"`
	PageNumber             int    `json:"PageNumber,omitempty" doc:"Taken for compatibility: the cookie says where a page begins"`
	PagingCookie           string `json:"PagingCookie,omitempty" doc:"From the answer before"`
	ReturnTotalRecordCount bool   `json:"ReturnTotalRecordCount,omitempty"`
}

// HistoryInput asks for the changes of a record.
type HistoryInput struct {
	Target     action.Ref  `json:"Target" doc:"The record"`
	PagingInfo *PagingInfo `json:"PagingInfo,omitempty"`
}

// AttributeHistoryInput asks for those of one of its columns.
type AttributeHistoryInput struct {
	Target               action.Ref  `json:"Target" doc:"The record"`
	AttributeLogicalName string      `json:"AttributeLogicalName" doc:"The column"`
	PagingInfo           *PagingInfo `json:"PagingInfo,omitempty"`
}

// DetailsInput names one change.
type DetailsInput struct {
	AuditID id.ID `json:"AuditId" doc:"Id of the change, from a history"`
}

// AuditRecord is a change of a record: who, when, what.
type AuditRecord struct {
	AuditID     id.ID     `json:"auditid"`
	CreatedOn   time.Time `json:"createdon"`
	Operation   int64     `json:"operation" doc:"1 create, 2 update, 3 delete"`
	Action      int64     `json:"action" doc:"As operation; the actions of Dataverse are not told apart"`
	UserID      id.ID     `json:"_userid_value"`
	CallingUser *id.ID    `json:"_callinguserid_value,omitempty" doc:"Who really asked, if on behalf of the user"`
	ObjectID    id.ID     `json:"_objectid_value"`
	ObjectType  string    `json:"objecttypecode"`
	Version     int64     `json:"versionnumber"`
	Origin      string    `json:"rpt_origin" doc:"Request, event or flow that caused it"`
	Channel     string    `json:"rpt_channel" doc:"By which way it came: web, api key, client, event, flow, import, job, agent, platform"`
	Address     string    `json:"rpt_address,omitempty" doc:"Network address of whoever asked"`
	Erased      bool      `json:"rpt_erased,omitempty" doc:"An erasure has taken values away"`
}

// AuditDetail is a change with its values.
type AuditDetail struct {
	Type        string       `json:"@odata.type"`
	AuditRecord AuditRecord  `json:"AuditRecord"`
	OldValue    *odata.Typed `json:"OldValue"`
	NewValue    *odata.Typed `json:"NewValue"`
}

// History is a page of changes, the newest first.
type History struct {
	AuditDetailCollection AuditDetailCollection `json:"AuditDetailCollection"`
}

// AuditDetailCollection is a page of changes.
type AuditDetailCollection struct {
	MoreRecords      bool          `json:"MoreRecords"`
	PagingCookie     string        `json:"PagingCookie"`
	TotalRecordCount int           `json:"TotalRecordCount" doc:"-1: not counted"`
	AuditDetails     []AuditDetail `json:"AuditDetails"`
}

// Details is one change.
type Details struct {
	AuditDetail AuditDetail `json:"AuditDetail"`
}

func (s *Service) defineHistory(r *action.Registry) {
	action.Define(r, action.Spec{Name: "RetrieveRecordChangeHistory", Function: true, Privilege: access.ReadRecordHistory, Description: "The changes of a record, the newest first."},
		func(ctx context.Context, c action.Call, in HistoryInput) (History, error) {
			return s.history(ctx, c, in.Target, "", in.PagingInfo)
		})
	action.Define(r, action.Spec{Name: "RetrieveAttributeChangeHistory", Function: true, Privilege: access.ReadRecordHistory, Description: "The changes of one column of a record, the newest first."},
		func(ctx context.Context, c action.Call, in AttributeHistoryInput) (History, error) {
			t, ok := s.catalog().Table(in.Target.Table)
			if !ok {
				return History{}, record.ErrNotFound
			}
			if _, ok := t.Column(in.AttributeLogicalName); !ok {
				return History{}, errs.New(errs.Invalid, "history.column", "table %s has no such column", t.Name)
			}
			return s.history(ctx, c, in.Target, in.AttributeLogicalName, in.PagingInfo)
		})
	action.Define(r, action.Spec{Name: "RetrieveAuditDetails", Function: true, Privilege: access.ReadRecordHistory, Description: "One change of a record with its values."}, s.details)
}

// historyMost bounds a page, historyScan how many changes one call looks through.
const (
	historyMost = 500
	historyScan = 10_000
)

// history reads the changes of a record that the caller may read.
func (s *Service) history(ctx context.Context, c action.Call, target action.Ref, column string, page *PagingInfo) (History, error) {
	t, ok := s.catalog().Table(target.Table)
	if !ok {
		return History{}, record.ErrNotFound
	}
	if err := s.readable(ctx, c, t, target.ID); err != nil {
		return History{}, err
	}
	most, before := 50, int64(0)
	if page != nil {
		if page.Count > 0 {
			most = min(page.Count, historyMost)
		}
		if page.PagingCookie != "" {
			n, err := strconv.ParseInt(page.PagingCookie, 10, 64)
			if err != nil || n <= 0 {
				return History{}, errs.New(errs.Invalid, "history.cookie", "the paging cookie is not one of a history")
			}
			before = n
		}
	}
	out := AuditDetailCollection{TotalRecordCount: -1, AuditDetails: []AuditDetail{}}
	for scanned := 0; scanned < historyScan; {
		changes, err := s.o.Log.History(ctx, t.Name, target.ID, before, most+1)
		if err != nil {
			return History{}, err
		}
		for _, change := range changes {
			if len(out.AuditDetails) == most {
				out.MoreRecords, out.PagingCookie = true, strconv.FormatInt(before, 10)
				return History{out}, s.noteShown(ctx, t, target.ID, out.AuditDetails)
			}
			before = change.Seq
			if d, has := s.detail(t, change, column); has {
				out.AuditDetails = append(out.AuditDetails, d)
			}
		}
		scanned += len(changes)
		if len(changes) <= most {
			return History{out}, s.noteShown(ctx, t, target.ID, out.AuditDetails)
		}
	}
	out.MoreRecords, out.PagingCookie = true, strconv.FormatInt(before, 10)
	return History{out}, s.noteShown(ctx, t, target.ID, out.AuditDetails)
}

// readable tells whether the caller may look at the changes of a record: one that
// he may read, or could have read when it was deleted.
func (s *Service) readable(ctx context.Context, c action.Call, t *metadata.Table, key id.ID) error {
	_, err := c.Reader.Get(ctx, t.Name, key, []string{t.ID}, nil)
	if errs.Has(err, errs.NotFound) {
		_, err = Gone(ctx, s.o.Log, s.o.Access, t, key)
	}
	return err
}

// Gone gives the change by which a record was deleted, to those who could have
// read it as it was then, shares aside, as the recycle bin has it; anybody else,
// and where it was not deleted, gets record.ErrNotFound.
func Gone(ctx context.Context, log *changelog.Log, control *access.Control, t *metadata.Table, key id.ID) (changelog.Change, error) {
	list, err := log.History(ctx, t.Name, key, 0, 1)
	if err != nil {
		return changelog.Change{}, err
	}
	if len(list) == 0 || list[0].Op != changelog.Delete {
		return changelog.Change{}, record.ErrNotFound
	}
	var whose struct{ OwnerID, OwningBusinessUnit id.ID }
	if json.Unmarshal(list[0].Before, &whose) != nil { // an erasure may have left nothing
		return changelog.Change{}, record.ErrNotFound
	}
	ok, err := control.Holds(ctx, t.Name, access.Read, whose.OwnerID, whose.OwningBusinessUnit)
	if err == nil && !ok {
		err = record.ErrNotFound
	}
	return list[0], err
}

// noteShown leaves the trace of audited columns whose old values are shown.
func (s *Service) noteShown(ctx context.Context, t *metadata.Table, key id.ID, details []AuditDetail) error {
	if !t.Shape().Audited {
		return nil
	}
	var names []string
	for _, d := range details {
		for _, image := range []*odata.Typed{d.OldValue, d.NewValue} {
			if image == nil {
				continue
			}
			for _, name := range image.Columns {
				if t.Shape().Columns[name].Audited && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return s.o.Store.NoteReads(ctx, record.Read{Table: t.Name, Columns: names, IDs: []id.ID{key}, How: "history"})
}

// detail turns a change into what clients know. has is false where the change
// does not touch the column that was asked for.
func (s *Service) detail(t *metadata.Table, c changelog.Change, column string) (d AuditDetail, has bool) {
	d = AuditDetail{Type: "#" + odata.Namespace + ".AttributeAuditDetail", AuditRecord: AuditRecord{AuditID: AuditID(c.Seq), CreatedOn: c.At, Operation: int64(c.Op), Action: int64(c.Op),
		UserID: c.Actor, ObjectID: c.Record, ObjectType: c.Table, Version: c.Version, Origin: c.Origin,
		Channel: string(c.Channel), Address: c.Address, Erased: c.Erasure != id.Nil}}
	if c.OnBehalfOf != id.Nil {
		by := c.Actor
		d.AuditRecord.UserID, d.AuditRecord.CallingUser = c.OnBehalfOf, &by
	}
	var touched bool
	d.OldValue, touched = s.image(t, c, c.Before, column)
	has = has || touched
	d.NewValue, touched = s.image(t, c, c.After, column)
	return d, column == "" || has || touched
}

// image gives the values of a change as a record. Secured columns are left out,
// and so is what the table's definition no longer knows.
func (s *Service) image(t *metadata.Table, c changelog.Change, text json.RawMessage, only string) (*odata.Typed, bool) {
	if len(text) == 0 {
		return nil, false
	}
	values := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&values) != nil {
		return nil, false
	}
	out := &odata.Typed{Table: t.Name, Row: record.Row{t.ID: c.Record}, Columns: []string{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		column, ok := t.Column(name)
		if !ok || column.Secured || only != "" && name != only {
			continue
		}
		v, err := column.Coerce(values[name])
		if err != nil {
			continue // its type has been changed since
		}
		out.Row[name] = v
		if column.Polymorphic() {
			out.Row[metadata.TypeColumn(name)] = values[metadata.TypeColumn(name)]
		}
		out.Columns = append(out.Columns, name)
	}
	return out, len(out.Columns) > 0
}

// auditMark makes ids of changes tell themselves apart from other ids.
var auditMark = id.Derive("audit")

// AuditID gives the id of a change by its position in the log.
func AuditID(pos int64) id.ID {
	out := auditMark
	binary.BigEndian.PutUint64(out[8:], uint64(pos))
	return out
}

// Position gives the position of a change in the log by its id.
func Position(audit id.ID) (pos int64, ok bool) {
	if !bytes.Equal(audit[:8], auditMark[:8]) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(audit[8:])), true
}

func (s *Service) details(ctx context.Context, c action.Call, in DetailsInput) (Details, error) {
	gone := errs.New(errs.NotFound, "record.not_found", "there is no such change, or you may not see it")
	pos, ok := Position(in.AuditID)
	if !ok {
		return Details{}, gone
	}
	change, found, err := s.o.Log.At(ctx, pos)
	if err != nil || !found {
		if err == nil {
			err = gone
		}
		return Details{}, err
	}
	t, ok := s.catalog().Table(change.Table)
	if !ok {
		return Details{}, gone
	}
	if err := s.readable(ctx, c, t, change.Record); err != nil {
		return Details{}, err
	}
	d, _ := s.detail(t, change, "")
	return Details{d}, s.noteShown(ctx, t, change.Record, []AuditDetail{d})
}
