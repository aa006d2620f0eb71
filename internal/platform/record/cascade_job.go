package record

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// CascadeKind is the kind of the jobs that take what happens to a row to more
// children than one transaction should.
const CascadeKind = "record.cascade"

// cascadeWork is what happens to the children of a row, and how far it is.
type cascadeWork struct {
	Op       string       `json:"op"` // delete, assign, share, unshare, unit
	Table    string       `json:"table"`
	Record   id.ID        `json:"record"`
	Deletion id.ID        `json:"deletion,omitzero"` // under which rows go to the recycle bin
	Owner    id.ID        `json:"owner,omitzero"`    // the owner that the row had
	To       id.ID        `json:"to,omitzero"`       // the new owner, or with whom it is shared
	ToTable  string       `json:"totable,omitempty"`
	Mask     access.Right `json:"mask,omitempty"` // of shares

	Async    id.ID        `json:"async,omitzero"` // the asyncoperation that tells of it
	Kind     uint8        `json:"kind"`           // of the principal who began it
	User     id.ID        `json:"user"`
	Delegate id.ID        `json:"delegate,omitzero"`
	Reason   string       `json:"reason,omitempty"`
	Scope    access.Scope `json:"scope,omitempty"`
	Origin   string       `json:"origin,omitempty"`
	At       place        `json:"at"`
	Done     int64        `json:"done"`
}

// asyncTable tells people of work in the background, where it is in the catalog.
const asyncTable = "asyncoperation"

// enqueue makes the job, and the record that tells how it goes. One job of a
// row and a kind of work stands for all.
func (tx *Tx) enqueue(ctx context.Context, work cascadeWork) error {
	p := access.From(ctx)
	work.Kind, work.User, work.Delegate, work.Reason, work.Scope, work.Origin = uint8(p.Kind), p.ID, p.Delegate, p.Reason, p.Scope, changelog.Origin(ctx)
	if _, ok := tx.o.Catalog().Table(asyncTable); ok {
		work.Async = id.New()
	}
	made, err := tx.o.Jobs.Enqueue(tx.sql, job.Spec{Kind: CascadeKind, Key: work.key(), Payload: work})
	if err != nil || made == id.Nil {
		return err
	}
	tx.Deferred = append(tx.Deferred, work.Async)
	if work.Async == id.Nil {
		return nil
	}
	_, err = tx.Create(access.Elevate(ctx, "cascade"), asyncTable, Row{"asyncoperationid": work.Async, "name": work.Op + " " + work.Table, "operationtype": int64(1),
		"statuscode": int64(0), "ownerid": access.Actor(ctx), "owneridtype": "systemuser", "message": "waiting"})
	return err
}

func (w cascadeWork) key() string {
	key := w.Op + " " + w.Record.String()
	if w.To != id.Nil {
		key += " " + w.To.String() + " " + strconv.FormatInt(int64(w.Mask), 10)
	}
	return key
}

// Cascades gives the handler of the jobs.
func (s *Store) Cascades() job.Handler {
	return job.Handler{Run: s.cascade, Dead: func(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
		var work cascadeWork
		if json.Unmarshal(j.Payload, &work) != nil {
			return nil
		}
		return s.Bind(tx).tell(work.principal(ctx), work, 31, reason.Error())
	}}
}

func (w cascadeWork) principal(ctx context.Context) context.Context {
	ctx = changelog.WithSource(changelog.WithOrigin(ctx, w.Origin), changelog.Source{Channel: changelog.Job})
	return access.With(ctx, access.Principal{Kind: access.Kind(w.Kind), ID: w.User, Delegate: w.Delegate, Reason: w.Reason, Scope: w.Scope})
}

// cascade does one part. An error of the asker's (a right that is lacking, a
// record that keeps another from going) ends the work; what is done stays done.
func (s *Store) cascade(ctx context.Context, j *job.Job) error {
	var work cascadeWork
	if err := json.Unmarshal(j.Payload, &work); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "record.cascade", "the job can't be read"))
	}
	ctx = work.principal(ctx)
	err := s.Write(ctx, func(tx *Tx) error {
		part := work
		finished, err := tx.part(ctx, &part)
		if err != nil {
			return err
		}
		if finished {
			if err := tx.tell(ctx, part, 30, ""); err != nil {
				return err
			}
			return j.Done(tx.sql)
		}
		if err := tx.tell(ctx, part, 20, ""); err != nil {
			return err
		}
		return j.Again(tx.sql, s.o.Clock.Now(), part)
	})
	if errs.Has(err, errs.Forbidden) || errs.Has(err, errs.Invalid) || errs.Has(err, errs.Conflict) && !errors.Is(err, errRace) {
		return job.Permanent(err)
	}
	return err
}

func (tx *Tx) part(ctx context.Context, work *cascadeWork) (finished bool, err error) {
	t, err := tx.table(work.Table)
	if err != nil {
		return false, err
	}
	if work.Op == "delete" {
		return tx.deletePart(ctx, t, work)
	}
	if work.Op == opMove {
		return tx.movePart(ctx, t, work)
	}
	tx.cascading = true
	pick := map[string]func(metadata.Cascade) metadata.Behaviour{
		"assign":  func(c metadata.Cascade) metadata.Behaviour { return c.Assign },
		"share":   func(c metadata.Cascade) metadata.Behaviour { return c.Share },
		"unshare": func(c metadata.Cascade) metadata.Behaviour { return c.Unshare },
	}[work.Op]
	if pick == nil {
		return false, errs.New(errs.Internal, "record.cascade", "the work %q is unknown", work.Op)
	}
	return tx.walk(ctx, tx.branches(t, pick), work.Record, work.Owner, &work.At, cascadeBatch, func(child *metadata.Table, old Row) error {
		work.Done++
		if work.Op == "assign" {
			return tx.assignChild(ctx, child, old, *work)
		}
		return tx.shareChild(ctx, child, old.ID(child.ID), *work)
	})
}

// deletePart takes up to a batch of rows away from below a row, the lowest
// first, and with the last of them the row itself.
func (tx *Tx) deletePart(ctx context.Context, t *metadata.Table, work *cascadeWork) (finished bool, err error) {
	tx.deletion = deletion{work.Deletion, work.Record}
	defer func() { tx.deletion = deletion{} }()
	old, err := tx.lock(ctx, t, work.Record, nil, forDelete)
	if errors.Is(err, ErrNotFound) {
		return true, nil // somebody else was faster
	}
	if err != nil {
		return false, err
	}
	left := cascadeBatch
	if err := tx.thin(ctx, t, old, &left, 0); err != nil {
		return false, err
	}
	work.Done += int64(cascadeBatch - left)
	if left <= 0 {
		return false, nil
	}
	budget := relatedMax
	return true, tx.deleteLocked(ctx, t, old, Match{}, &budget)
}

// thin deletes and unlinks rows below a row until none is there or left is used up.
func (tx *Tx) thin(ctx context.Context, t *metadata.Table, old Row, left *int, depth int) error {
	if depth > treeMax {
		return errTooMany
	}
	key := old.ID(t.ID)
	for _, b := range tx.releases(t) {
		for *left > 0 {
			page, err := tx.find(ctx, query.Query{Table: b.child.Name, Select: []string{b.child.ID}, Where: b.where(key, id.Nil, id.Nil), Limit: *left}, nil)
			if err != nil {
				return err
			}
			if len(page.Rows) > 0 && b.behaviour == metadata.Restrict {
				return inUse(b.child)
			}
			for _, row := range page.Rows {
				if *left <= 0 {
					return nil
				}
				if err := tx.thinChild(ctx, b, row.ID(b.child.ID), key, left, depth); err != nil {
					return err
				}
			}
			if page.Next == nil {
				break
			}
		}
	}
	return nil
}

func (tx *Tx) thinChild(ctx context.Context, b branch, key, parent id.ID, left *int, depth int) error {
	strength := forChange
	if b.behaviour == metadata.CascadeAll {
		strength = forDelete
	}
	old, err := tx.lock(ctx, b.child, key, nil, strength)
	if errors.Is(err, ErrNotFound) || err == nil && old.ID(b.column.Name) != parent {
		return nil
	}
	if err != nil {
		return err
	}
	if b.behaviour != metadata.CascadeAll {
		*left--
		return tx.unlink(ctx, b.child, old, b.column)
	}
	if err := tx.thin(ctx, b.child, old, left, depth+1); err != nil || *left <= 0 {
		return err
	}
	*left--
	budget := relatedMax
	return tx.deleteLocked(ctx, b.child, old, Match{}, &budget)
}

// tell brings the record that people see up to date.
func (tx *Tx) tell(ctx context.Context, work cascadeWork, status int64, message string) error {
	if work.Async == id.Nil {
		return nil
	}
	if message == "" {
		message = strconv.FormatInt(work.Done, 10) + " related records done"
	}
	change := Row{"statuscode": status, "message": message}
	if status >= 30 {
		change["completedon"] = tx.o.Clock.Now()
	}
	_, err := tx.Update(access.Elevate(ctx, "cascade"), asyncTable, work.Async, change, Match{})
	if errs.Has(err, errs.NotFound) {
		return nil // somebody has deleted it
	}
	return err
}
