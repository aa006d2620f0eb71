package duplicate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ScanKind is the kind of the jobs that look through a whole table.
const ScanKind = "duplicate scan"

// Bounds of a scan: how many keys or rows one transaction goes through, and how
// many duplicates one scan keeps.
const (
	scanPart  = 2000
	scanMost  = 100_000
	rowsEach  = 20 // matching rows of one row, where two tables are compared
	cleanPart = 200
)

// scanning is how far a scan is. A rule that compares the same columns of one
// table is scanned in the order of its keys: rows of one key stand together, so
// one pass over the index is enough, and nothing has to be kept in memory.
type scanning struct {
	Rule  id.ID `json:"rule"`
	Async id.ID `json:"async"`
	Clean bool  `json:"clean"` // the results of earlier scans are gone
	Total int64 `json:"total"`
	Done  int64 `json:"done"`
	Found int64 `json:"found"`

	Hash  string `json:"hash,omitempty"` // key that was looked at last
	After id.ID  `json:"after,omitzero"` // and row
	First id.ID  `json:"first,omitzero"` // the first row of that key that counts
	Held  id.ID  `json:"held,omitzero"`  // the only row of that key so far, not read yet
}

// Scan has a published rule look through all rows of its base table, and gives
// the asyncoperation that tells how far it is. What it finds becomes rows of
// duplicaterecord, in place of those that an earlier scan by the rule found.
func (p *Publisher) Scan(ctx context.Context, tx *record.Tx, rule id.ID) (id.ID, error) {
	row, err := tx.Demand(ctx, "duplicaterule", rule, access.Read)
	if err != nil {
		return id.Nil, err
	}
	if row.Int("statuscode") != Published {
		return id.Nil, errs.New(errs.Conflict, "duplicate.unpublished", "publish the rule first: the scan goes by its keys")
	}
	r, err := Read(ctx, tx, p.Catalog(), row)
	if err != nil {
		return id.Nil, err
	}
	results, _ := p.Catalog().Table("duplicaterecord")
	for column, table := range map[string]string{"baserecordid": r.Base, "duplicaterecordid": r.Matching} {
		if c, ok := results.Column(column); !ok || !slices.Contains(c.Targets, table) {
			return id.Nil, errs.New(errs.Unsupported, "duplicate.scan_table", "duplicates of %s can't be kept: scans go through the tables of customers and sales", table)
		}
	}
	who := access.From(ctx).ID
	elevated := access.Elevate(ctx, "duplicate scan")
	async, err := tx.Create(elevated, "asyncoperation", record.Row{"name": "Duplicates by " + r.Name, "operationtype": int64(8), "statuscode": int64(0), "ownerid": who, "owneridtype": "systemuser"})
	if err != nil {
		return id.Nil, err
	}
	work := scanning{Rule: rule, Async: async.ID("asyncoperationid")}
	made, err := p.Jobs.Enqueue(tx.SQL(), job.Spec{Kind: ScanKind, Key: rule.String(), Payload: work})
	if err == nil && made == id.Nil {
		err = errs.New(errs.Conflict, "duplicate.scanning", "a scan by this rule is under way")
	}
	return work.Async, err
}

// Scans gives the handler of the jobs.
func (p *Publisher) Scans() job.Handler {
	return job.Handler{Run: p.scan, Dead: func(ctx context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
		var at scanning
		if json.Unmarshal(j.Payload, &at) != nil {
			return nil
		}
		return p.tell(access.AsSystem(ctx, "duplicate scan"), p.Store.Bind(tx), at, 31, errs.CodeOf(reason))
	}}
}

// scan does one part and puts the rest off to the next try at once: a process
// that is killed goes on after the last part.
func (p *Publisher) scan(ctx context.Context, j *job.Job) error {
	var at scanning
	if err := json.Unmarshal(j.Payload, &at); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "duplicate.job", "the job of a scan can't be read"))
	}
	ctx = access.AsSystem(ctx, "duplicate scan")
	return p.Store.Write(ctx, func(tx *record.Tx) error {
		next := at
		row, err := tx.Get(ctx, "duplicaterule", at.Rule, nil, nil)
		if errs.Has(err, errs.NotFound) || err == nil && row.Int("statuscode") != Published {
			if err := p.tell(ctx, tx, at, 32, "the rule is out of force"); err != nil {
				return err
			}
			return j.Done(tx.SQL())
		}
		if err != nil {
			return err
		}
		r, err := Read(ctx, tx, p.Catalog(), row)
		if err != nil {
			return job.Permanent(err)
		}
		more, err := p.part(ctx, tx, r, &next)
		if err != nil {
			return err
		}
		message := ""
		if next.Found >= scanMost {
			more, message = false, fmt.Sprintf("ended at %d duplicates: merge some, or make the rule stricter", scanMost)
		}
		if more {
			if err := p.tell(ctx, tx, next, 20, ""); err != nil {
				return err
			}
			return j.Again(tx.SQL(), p.Clock.Now(), next)
		}
		if err := p.tell(ctx, tx, next, 30, message); err != nil {
			return err
		}
		return j.Done(tx.SQL())
	})
}

func (p *Publisher) part(ctx context.Context, tx *record.Tx, r *Rule, at *scanning) (more bool, err error) {
	if !at.Clean {
		return true, p.clean(ctx, tx, r, at)
	}
	if r.symmetric() {
		return p.alongKeys(ctx, tx, r, at)
	}
	return p.alongRows(ctx, tx, r, at)
}

func (p *Publisher) partSize() int {
	if p.Part > 0 {
		return p.Part
	}
	return scanPart
}

// symmetric tells whether base and matching rows have the same keys.
func (r *Rule) symmetric() bool {
	return r.Base == r.Matching && !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Base != c.Matching })
}

// clean takes some results of earlier scans away, and counts what is to be done
// once none is left.
func (p *Publisher) clean(ctx context.Context, tx *record.Tx, r *Rule, at *scanning) error {
	page, err := tx.Find(ctx, query.Query{Table: "duplicaterecord", Select: []string{"duplicateid"}, Where: query.Compare{Left: query.Path{"duplicateruleid"}, Value: r.ID}, Limit: cleanPart})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := tx.Delete(ctx, "duplicaterecord", row.ID("duplicateid"), record.Match{}); err != nil {
			return err
		}
	}
	if len(page.Rows) > 0 {
		return nil
	}
	at.Clean = true
	d := tx.SQL().Dialect()
	if r.symmetric() {
		rule, err := query.Encode(d, query.ID, r.ID)
		if err != nil {
			return err
		}
		_, err = tx.SQL().QueryRow("SELECT COUNT(*) FROM duplicatekey WHERE ruleid = "+d.Placeholder(1), []any{rule}, &at.Total)
		return err
	}
	_, err = tx.SQL().QueryRow("SELECT COUNT(*) FROM "+d.Quote(r.Base), nil, &at.Total)
	return err
}

// tell notes how far a scan is, for people.
func (p *Publisher) tell(ctx context.Context, tx *record.Tx, at scanning, status int64, message string) error {
	change := record.Row{"statuscode": status, "rpt_done": at.Done, "rpt_total": at.Total, "rpt_found": at.Found}
	if message != "" {
		change["message"] = message
	}
	if at.Done > 0 && at.Done <= int64(p.partSize()) {
		change["startedon"] = p.Clock.Now().Truncate(time.Millisecond)
	}
	if status >= 30 {
		change["completedon"] = p.Clock.Now()
	}
	_, err := tx.Update(ctx, "asyncoperation", at.Async, change, record.Match{})
	if errs.Has(err, errs.NotFound) {
		return nil // somebody has deleted it
	}
	return err
}

// result keeps one pair.
func (p *Publisher) result(ctx context.Context, tx *record.Tx, r *Rule, at *scanning, base, other record.Row) error {
	b, _ := p.Catalog().Table(r.Base)
	m, _ := p.Catalog().Table(r.Matching)
	at.Found++
	_, err := tx.Create(ctx, "duplicaterecord", record.Row{"duplicateruleid": r.ID, "asyncoperationid": at.Async, "baserecordid": base.ID(b.ID), "baserecordidtype": r.Base,
		"duplicaterecordid": other.ID(m.ID), "duplicaterecordidtype": r.Matching})
	return err
}

// rows reads rows by id, those that count, without regard to their order.
func (p *Publisher) rows(ctx context.Context, tx *record.Tx, t *metadata.Table, r *Rule, keys []id.ID) (map[id.ID]record.Row, error) {
	out := map[id.ID]record.Row{}
	for some := range slices.Chunk(keys, 500) {
		values := make([]any, len(some))
		for i, k := range some {
			values[i] = k
		}
		where := query.And{query.In{Left: query.Path{t.ID}, Values: values}}
		if r.ExcludeInactive && t.Stateful() {
			where = append(where, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)})
		}
		page, err := tx.Find(ctx, query.Query{Table: t.Name, Select: append([]string{t.ID}, r.compared()...), Where: where, Limit: 500})
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			out[row.ID(t.ID)] = row
		}
	}
	return out, nil
}
