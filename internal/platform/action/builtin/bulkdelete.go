package builtin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// BulkDeleteKind is the kind of the jobs that delete rows.
const BulkDeleteKind = "bulk delete"

// BulkDeleteInput says which rows go.
type BulkDeleteInput struct {
	QuerySet              []Expression      `json:"QuerySet" doc:"Which rows go, table by table"`
	JobName               string            `json:"JobName" doc:"Name of the system job"`
	SendEmailNotification bool              `json:"SendEmailNotification,omitempty" doc:"Must be false: no mail is sent"`
	ToRecipients          []json.RawMessage `json:"ToRecipients,omitempty"`
	CCRecipients          []json.RawMessage `json:"CCRecipients,omitempty"`
	RecurrencePattern     string            `json:"RecurrencePattern,omitempty" doc:"Must be empty: the deletion happens once"`
	StartDateTime         *time.Time        `json:"StartDateTime,omitempty" doc:"When to begin; now if missing or past"`
	SourceImportID        *id.ID            `json:"SourceImportId,omitempty"`
	RunNow                *bool             `json:"RunNow,omitempty"`
}

// BulkDeleted names the system job.
type BulkDeleted struct {
	JobID id.ID `json:"JobId" doc:"Id of the asyncoperation, which tells how far it has got"`
}

const bulkQueries = 20

func (s *Service) defineBulkDelete(r *action.Registry) {
	action.Define(r, action.Spec{Name: "BulkDelete", Effect: action.DB, Privilege: access.BulkDelete,
		Description: "Deletes the rows that queries select, in the background, with the rights of the caller."}, s.bulkDelete)
}

// bulkJob is what the job of a deletion carries.
type bulkJob struct {
	Operation id.ID        `json:"operation"` // bulkdeleteoperation
	Async     id.ID        `json:"async"`
	User      id.ID        `json:"user"`
	Delegate  id.ID        `json:"delegate"`
	Scope     access.Scope `json:"scope,omitempty"`
	System    bool         `json:"system,omitempty"` // of the platform itself
	Index     int          `json:"index"`            // query at work
	After     id.ID        `json:"after"`            // row that was dealt with last
	Done      int64        `json:"done"`
	Failed    int64        `json:"failed"`
}

// Status reasons of both tables, and the type of the operation.
const (
	statusWaiting       = int64(0)
	statusInProgress    = int64(20)
	statusSucceeded     = int64(30)
	statusFailed        = int64(31)
	operationBulkDelete = int64(13)
)

func (s *Service) bulkDelete(ctx context.Context, c action.Call, in BulkDeleteInput) (BulkDeleted, error) {
	switch {
	case len(in.QuerySet) == 0 || len(in.QuerySet) > bulkQueries:
		return BulkDeleted{}, errs.New(errs.Invalid, "bulkdelete.queries", "QuerySet must hold between 1 and %d queries", bulkQueries)
	case in.RecurrencePattern != "":
		return BulkDeleted{}, errs.New(errs.Unsupported, "bulkdelete.recurrence", "a deletion that repeats is not offered: leave RecurrencePattern empty")
	case in.SendEmailNotification:
		return BulkDeleted{}, errs.New(errs.Unsupported, "bulkdelete.mail", "mail about the end of a deletion is not offered: look at the asyncoperation")
	}
	for _, e := range in.QuerySet {
		q, err := e.Query(s.catalog())
		if err != nil {
			return BulkDeleted{}, err
		}
		if err := s.o.Access.Allow(ctx, q.Table, access.Delete); err != nil {
			return BulkDeleted{}, err
		}
		q.Limit = 1
		if _, err := c.Reader.Find(ctx, q); err != nil {
			return BulkDeleted{}, err // what is wrong with the conditions is told now, not by the job
		}
	}
	queries, err := json.Marshal(in.QuerySet)
	if err != nil {
		return BulkDeleted{}, errs.Wrap(err, errs.Internal, "bulkdelete.queries", "the queries can't be kept")
	}
	p := access.From(ctx)
	name := clip(in.JobName)
	if name == "" {
		name = "Bulk delete"
	}
	due := s.o.Clock.Now()
	if in.StartDateTime != nil && in.StartDateTime.After(due) && (in.RunNow == nil || !*in.RunNow) {
		due = *in.StartDateTime
	}
	elevated := access.Elevate(ctx, "bulk delete")
	async, err := c.Tx.Create(elevated, "asyncoperation", record.Row{"name": name, "operationtype": operationBulkDelete, "postponeuntil": due, "statuscode": statusWaiting, "ownerid": p.ID, "owneridtype": "systemuser"})
	if err != nil {
		return BulkDeleted{}, err
	}
	operation, err := c.Tx.Create(elevated, "bulkdeleteoperation", record.Row{"name": name, "asyncoperationid": async.ID("asyncoperationid"), "orderedquerysetxml": string(queries),
		"successcount": int64(0), "failurecount": int64(0), "processingqeindex": int64(0), "statuscode": statusWaiting, "ownerid": p.ID, "owneridtype": "systemuser"})
	if err != nil {
		return BulkDeleted{}, err
	}
	work := bulkJob{Operation: operation.ID("bulkdeleteoperationid"), Async: async.ID("asyncoperationid"), User: p.ID, Delegate: p.Delegate, Scope: p.Scope, System: p.Kind == access.System}
	_, err = s.o.Jobs.Enqueue(c.Tx.SQL(), job.Spec{Kind: BulkDeleteKind, Key: work.Async.String(), Due: due, Payload: work})
	return BulkDeleted{work.Async}, err
}

// bulkBatch is how many rows one transaction of a deletion deals with.
const bulkBatch = 100

// BulkDeletes gives the handler of the jobs.
func (s *Service) BulkDeletes() job.Handler {
	return job.Handler{Run: s.runBulkDelete, Dead: func(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
		var work bulkJob
		if json.Unmarshal(j.Payload, &work) != nil {
			return nil
		}
		return s.progress(access.AsSystem(ctx, "bulk delete"), s.o.Store.Bind(tx), work, statusFailed, errs.CodeOf(reason))
	}}
}

// runBulkDelete deals with one batch and puts the rest off to the next try at once.
func (s *Service) runBulkDelete(ctx context.Context, j *job.Job) error {
	var work bulkJob
	if err := json.Unmarshal(j.Payload, &work); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "bulkdelete.job", "the job of a deletion can't be read"))
	}
	system := access.AsSystem(ctx, "bulk delete")
	row, err := s.o.Store.Get(system, "bulkdeleteoperation", work.Operation, []string{"orderedquerysetxml"}, nil)
	if errs.Has(err, errs.NotFound) {
		return nil // somebody has deleted it, and with it the wish
	}
	if err != nil {
		return err
	}
	var set []Expression
	if err := json.Unmarshal([]byte(row.Text("orderedquerysetxml")), &set); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "bulkdelete.job", "the queries of a deletion can't be read"))
	}
	who := access.Principal{Kind: access.User, ID: work.User, Delegate: work.Delegate, Scope: work.Scope}
	if work.System {
		who = access.From(system)
	}
	user := changelog.WithOrigin(changelog.WithSource(access.With(ctx, who), changelog.Source{Channel: changelog.Job}), "bulk delete "+work.Async.String())
	return s.o.Store.Write(ctx, func(tx *record.Tx) error {
		next := work
		ended := next.Index >= len(set)
		if !ended {
			if err := s.deleteSome(user, tx, set[next.Index], &next); err != nil {
				return err
			}
			ended = next.Index >= len(set)
		}
		if !ended {
			if err := s.progress(system, tx, next, statusInProgress, ""); err != nil {
				return err
			}
			return j.Again(tx.SQL(), s.o.Clock.Now(), next)
		}
		if err := s.progress(system, tx, next, statusSucceeded, ""); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}

// deleteSome deletes up to a batch of rows. One that can't be deleted is counted
// and left.
func (s *Service) deleteSome(ctx context.Context, tx *record.Tx, e Expression, work *bulkJob) error {
	q, err := e.Query(s.catalog())
	if err != nil {
		return err
	}
	t, _ := s.catalog().Table(q.Table)
	got, err := tx.Sweep(ctx, q, work.After, bulkBatch, func(row record.Row) error {
		return tx.Delete(ctx, t.Name, row.ID(t.ID), record.Match{})
	})
	if err != nil {
		return err
	}
	work.Done, work.Failed, work.After = work.Done+got.Done, work.Failed+int64(len(got.Failed)), got.Last
	if !got.More {
		work.Index, work.After = work.Index+1, id.Nil
	}
	return nil
}

// progress notes how far a deletion has got.
func (s *Service) progress(ctx context.Context, tx *record.Tx, work bulkJob, status int64, message string) error {
	now := s.o.Clock.Now()
	change := record.Row{"statuscode": status, "successcount": work.Done, "failurecount": work.Failed, "processingqeindex": int64(work.Index)}
	if _, err := tx.Update(ctx, "bulkdeleteoperation", work.Operation, change, record.Match{}); err != nil && !errs.Has(err, errs.NotFound) {
		return err
	}
	there, err := tx.Get(ctx, "asyncoperation", work.Async, []string{"startedon"}, nil)
	if errs.Has(err, errs.NotFound) {
		return nil // somebody has deleted it
	}
	if err != nil {
		return err
	}
	async := record.Row{"statuscode": status, "message": message}
	if there["startedon"] == nil {
		async["startedon"] = now
	}
	if status != statusInProgress {
		async["completedon"] = now
	}
	_, err = tx.Update(ctx, "asyncoperation", work.Async, async, record.Match{})
	return err
}
