package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// runner imports the files of one import.
type runner struct {
	s      *Service
	j      *job.Job
	ref    operation.Ref
	user   context.Context
	system context.Context
	dry    *rehearsal
	ended  bool
}

// run imports what is left of an import.
func (s *Service) run(ctx context.Context, j *job.Job) error {
	var p operation.Payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "import.job", "the job of an import can't be read"))
	}
	r := &runner{s: s, j: j, ref: p.Ref, user: record.InBulk(p.As(ctx, p.Ref.Origin())), system: access.AsSystem(ctx, "import")}
	row, err := s.c.Store.Get(r.system, "import", p.Ref.ID, []string{"rpt_dryrun"}, nil)
	if errs.Has(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row["rpt_dryrun"] == true {
		r.dry = newRehearsal()
		if err := r.afresh(); err != nil {
			return err
		}
	}
	err = r.files()
	if operation.AboutRow(err) && !errors.Is(err, record.ErrVersion) && !errors.Is(err, job.ErrLeaseLost) {
		return job.Permanent(err) // the file or its mapping can't be used: trying again is no help
	}
	return err
}

// afresh has a dry run begin at the beginning, as what it knew died with the try before.
func (r *runner) afresh() error {
	return r.s.c.Store.Write(r.system, func(tx *record.Tx) error {
		if err := operation.DropFaults(tx.SQL(), r.ref.ID, operation.PhaseRun); err != nil {
			return err
		}
		files, err := r.s.filesOf(r.system, tx, r.ref.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			if _, err := tx.Update(r.system, "importfile", f.ID("importfileid"), fresh(), record.Match{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// fresh is what a file's row holds before its first record is read.
func fresh() record.Row {
	return record.Row{"rpt_finished": false, "processedcount": int64(0), "rpt_percent": int64(0), "rpt_created": int64(0), "rpt_updated": int64(0), "rpt_unchanged": int64(0), "failurecount": int64(0)}
}

// files imports the files that are left, and ends the import.
func (r *runner) files() error {
	list, err := r.s.filesOf(r.system, r.s.c.Store, r.ref.ID)
	if err != nil {
		return err
	}
	if r.dry == nil {
		defer r.s.c.Log.Tailer().Load(r.ref.Origin())()
	}
	kept := int64(0)
	for _, f := range list {
		kept += f.Int("failurecount")
	}
	for _, f := range list {
		if f["rpt_finished"] == true {
			continue
		}
		if err := r.file(f, &kept); err != nil || r.ended {
			return err
		}
	}
	if err := r.later(); err != nil || r.ended {
		return err
	}
	return r.s.c.Store.Write(r.system, func(tx *record.Tx) error {
		status := operation.Done
		if r.dry != nil {
			status = operation.Checked
		}
		if err := r.s.c.Keeper.End(r.system, tx, r.ref, status, ""); err != nil {
			return err
		}
		return r.j.Done(tx.SQL())
	})
}

// file imports what is left of one file.
func (r *runner) file(f record.Row, kept *int64) error {
	m, err := mappingOf(f)
	if err != nil {
		return err
	}
	o, err := r.s.open(f.ID("importfileid"), f.Text("targetentityname"), m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.system)
	portions := o.portions(ctx, f.Int("processedcount"), r.s.c.Chunk)
	defer func() {
		cancel()
		for range portions { // the reader has let go of the file when its channel is closed
		}
		if err := o.close(); err != nil {
			r.s.c.Logger.Warn("a file of an import was not closed", "error", err)
		}
	}()
	lookups := newResolver()
	for p := range portions {
		if p.err != nil && !errors.Is(p.err, io.EOF) && len(p.rows) == 0 {
			return p.err
		}
		before := f.Int("failurecount")
		if f, err = r.portion(f, o.plan, lookups, p, *kept); err != nil || r.ended {
			return err
		}
		*kept += f.Int("failurecount") - before
		if p.err != nil && !errors.Is(p.err, io.EOF) {
			return p.err
		}
	}
	return ctx.Err()
}

// portion writes some rows, the counts and how far the file has been read, in
// one transaction.
func (r *runner) portion(f record.Row, p *plan, lookups *resolver, rows portion, kept int64) (record.Row, error) {
	var out record.Row
	var learnt *resolver
	err := r.s.c.Store.Write(r.user, func(tx *record.Tx) (err error) {
		r.ended = false
		if r.ended, err = r.s.c.Keeper.Heard(r.system, tx, r.ref, r.j); err != nil || r.ended {
			return err
		}
		learnt = lookups.begin()
		c := &chunk{ctx: r.user, tx: tx, plan: p, lookups: learnt, file: f.ID("importfileid"), dry: r.dry}
		if err := r.write(tx, c, rows.rows); err != nil {
			return err
		}
		if err := operation.AddFaults(tx.SQL(), r.ref.ID, operation.PhaseRun, kept, c.faults); err != nil {
			return err
		}
		out, err = tx.Update(r.system, "importfile", f.ID("importfileid"), counted(f, c.tally, rows), record.Match{Version: f.Version()})
		return err
	})
	if err != nil || r.ended {
		return nil, err
	}
	if r.dry == nil {
		lookups.keep(learnt)
	}
	return out, nil
}

// write writes rows; in a dry run it takes back what it wrote.
func (r *runner) write(tx *record.Tx, c *chunk, rows []row) error {
	if r.dry == nil {
		return c.write(rows)
	}
	err := tx.SQL().Nested(func() error {
		if err := c.write(rows); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

func counted(f record.Row, t tally, p portion) record.Row {
	out := record.Row{"processedcount": f.Int("processedcount") + int64(len(p.rows)), "rpt_created": f.Int("rpt_created") + t.created, "rpt_updated": f.Int("rpt_updated") + t.updated,
		"rpt_unchanged": f.Int("rpt_unchanged") + t.unchanged, "failurecount": f.Int("failurecount") + t.failed}
	if p.percent >= 0 {
		out["rpt_percent"] = p.percent
	}
	if errors.Is(p.err, io.EOF) {
		out["rpt_finished"], out["rpt_percent"] = true, int64(100)
	}
	return out
}

// start checks that an import can begin, and has it begin.
func (s *Service) start(ctx context.Context, tx *record.Tx, key id.ID, dry bool) error {
	ref := operation.Ref{Table: "import", ID: key}
	row, err := s.c.Keeper.Own(ctx, tx, ref)
	if err != nil {
		return err
	}
	if !unbegun(row) {
		return errBegun
	}
	system := access.Elevate(ctx, "import")
	files, err := s.filesOf(system, tx, key)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errs.New(errs.Invalid, "import.files", "this import has no files")
	}
	parts := make([]part, len(files))
	for i, f := range files {
		if parts[i].m, err = mappingOf(f); err != nil {
			return err
		}
		if parts[i].table, err = s.table(f.Text("targetentityname")); err != nil {
			return err
		}
		for _, right := range rightsFor(parts[i].m) {
			if err := s.c.Access.Allow(ctx, parts[i].table.Name, right); err != nil {
				return err
			}
		}
	}
	for place, i := range inOrder(parts) {
		change := fresh()
		change["rpt_order"] = int64(place)
		if _, err := tx.Update(system, "importfile", files[i].ID("importfileid"), change, record.Match{}); err != nil {
			return err
		}
	}
	if err := operation.DropFaults(tx.SQL(), key, operation.PhaseRun); err != nil {
		return err
	}
	change := record.Row{"rpt_status": operation.Waiting, "rpt_wish": operation.WishNone, "rpt_dryrun": dry, "rpt_error": nil, "rpt_startedon": nil, "rpt_finishedon": nil}
	if !dry {
		top, err := operation.Position(tx, s.c.Log)
		if err != nil {
			return err
		}
		change["rpt_first"] = top
	}
	if _, err := s.c.Keeper.Set(ctx, tx, ref, 0, change); err != nil {
		return err
	}
	return s.c.Keeper.Enqueue(ctx, tx, ref, Kind)
}

// rightsFor lists what a person needs on the table of a file, that most rows
// would be refused without.
func rightsFor(m Mapping) []access.Right {
	switch m.mode() {
	case Update:
		return []access.Right{access.Read, access.Write}
	case Upsert:
		return []access.Right{access.Read, access.Write, access.Create}
	}
	return []access.Right{access.Create}
}
