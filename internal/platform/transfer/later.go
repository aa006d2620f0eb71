package transfer

import (
	"math"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// codeMissing is why a row is refused whose lookup leads to nothing.
const codeMissing = "lookup.missing"

// laterRounds is how often rows are tried again that look for others of the
// import. Each round begins with the last row: where every row stands before the
// one that it looks for, one round is enough.
const laterRounds = 20

// later tries the rows again that were refused for a lookup to a row which may
// have come after them: of the same file, or of another that looks up to it in
// turn. It stops when a round has made nothing.
func (r *runner) later() error {
	list, err := r.s.filesOf(r.system, r.s.c.Store, r.ref.ID)
	if err != nil {
		return err
	}
	for range laterRounds {
		made := int64(0)
		for i, f := range list {
			before := f.Int("failurecount")
			if before == 0 || !r.mayCome(f, list) {
				continue
			}
			if list[i], err = r.laterOf(f); err != nil || r.ended {
				return err
			}
			made += before - list[i].Int("failurecount")
		}
		if made <= 0 {
			return nil
		}
	}
	return nil
}

// mayCome tells whether a file has lookups to a table that files of the import
// bring rows of.
func (r *runner) mayCome(f record.Row, list []record.Row) bool {
	m, err := mappingOf(f)
	if err != nil {
		return false
	}
	t, err := r.s.table(f.Text("targetentityname"))
	if err != nil {
		return false
	}
	for from, to := range m.Columns {
		c, ok := t.Column(to)
		if !ok || !c.IsLookup() {
			continue
		}
		for _, name := range targets(c, m.Lookups[from]) {
			if slices.ContainsFunc(list, func(o record.Row) bool { return o.Text("targetentityname") == name }) {
				return true
			}
		}
	}
	return false
}

// laterOf tries the rows of one file, and gives the file's row as it is then.
func (r *runner) laterOf(f record.Row) (record.Row, error) {
	m, err := mappingOf(f)
	if err != nil {
		return nil, err
	}
	o, err := r.s.open(f.ID("importfileid"), f.Text("targetentityname"), m)
	if err != nil {
		return nil, err
	}
	if err := o.close(); err != nil { // the rows stand beside the reasons why they were refused
		return nil, err
	}
	lookups := newResolver()
	for below := int64(math.MaxInt64); ; {
		faults, err := operation.FaultsOf(r.system, r.s.c.DB, r.ref.ID, f.ID("importfileid"), codeMissing, below, r.s.c.Chunk)
		if err != nil || len(faults) == 0 {
			return f, err
		}
		below = faults[len(faults)-1].Number
		if f, err = r.again(f, o.plan, lookups, faults); err != nil || r.ended {
			return f, err
		}
	}
}

// again tries some rows in one transaction. Those still refused for the same
// reason stay as they were noted.
func (r *runner) again(f record.Row, p *plan, lookups *resolver, faults []operation.Fault) (out record.Row, err error) {
	rows := make([]row, len(faults))
	for i, fault := range faults {
		rows[i] = p.convert(fault.Data, fault.Line)
	}
	var learnt *resolver
	err = r.s.c.Store.Write(r.user, func(tx *record.Tx) (err error) {
		r.ended = false
		if r.ended, err = r.s.c.Keeper.Heard(r.system, tx, r.ref, r.j); err != nil || r.ended {
			return err
		}
		learnt = lookups.begin()
		c := &chunk{ctx: r.user, tx: tx, plan: p, lookups: learnt, file: f.ID("importfileid"), dry: r.dry}
		if err := r.write(tx, c, rows); err != nil {
			return err
		}
		if err := r.renote(tx, faults, c.faults); err != nil {
			return err
		}
		change := record.Row{"rpt_created": f.Int("rpt_created") + c.tally.created, "rpt_updated": f.Int("rpt_updated") + c.tally.updated,
			"rpt_unchanged": f.Int("rpt_unchanged") + c.tally.unchanged, "failurecount": f.Int("failurecount") + c.tally.failed - int64(len(faults))}
		out, err = tx.Update(r.system, "importfile", f.ID("importfileid"), change, record.Match{Version: f.Version()})
		return err
	})
	if err == nil && !r.ended && r.dry == nil {
		lookups.keep(learnt)
	}
	return out, err
}

// renote forgets why rows were refused that are not any more, or for another reason.
func (r *runner) renote(tx *record.Tx, before, now []operation.Fault) error {
	var other []operation.Fault
	for _, old := range before {
		at := slices.IndexFunc(now, func(f operation.Fault) bool { return f.Line == old.Line })
		if at >= 0 && now[at].Code == old.Code {
			continue
		}
		if err := operation.DropFault(tx.SQL(), old.Number); err != nil {
			return err
		}
		if at >= 0 {
			other = append(other, now[at])
		}
	}
	return operation.AddFaults(tx.SQL(), r.ref.ID, operation.PhaseRun, 0, other)
}
