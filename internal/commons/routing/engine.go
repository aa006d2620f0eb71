package routing

import (
	"context"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Teams answers who works.
type Teams interface {
	// Members lists the enabled users of a team.
	Members(team id.ID) []id.ID
	// Known tells whether a user exists and is enabled.
	Known(user id.ID) bool
}

// Engine routes records. Its fields are set before it is used.
type Engine struct {
	Sets    func() *Sets         // hot configuration
	People  func() *People       // hot configuration
	Queues  func() []queue.Route // hot configuration
	Catalog func() *metadata.Catalog
	Teams   Teams
	Clock   clock.Clock
}

// Outcome is what came of routing a record.
type Outcome int64

// The outcomes.
const (
	Assigned Outcome = 1 // somebody owns it now
	Waits    Outcome = 2 // it waits in its queue
	Fallback Outcome = 3 // no rule took it, or the one that did leads nowhere
	Failed   Outcome = 4 // a rule failed on it
	ByHand   Outcome = 5 // a person decided
)

// Decision is where a record went, and why.
type Decision struct {
	Table   string
	Record  id.ID
	Set     *Set  // nil where a team was dealt to without rules
	Rule    *Rule // nil where none took it
	Outcome Outcome
	Reason  string

	Queue     id.ID // id.Nil for none
	QueueName string
	Team      id.ID // whose members were considered
	Item      id.ID // in the queue
	Owner     id.ID
	OwnerType string

	pool       pool
	candidates []Candidate
	failure    *Failure
	nobody     bool // could take it just now
}

// ErrNoRules is the target for errors.Is where no rule set of the record's table is active.
var ErrNoRules = errs.New(errs.Unsupported, "queue.routing", "records of this table have no routing rules")

// Route sends a record where the rules of its table say, in the caller's
// transaction: into its queue, out of those that it waited in, and to somebody
// who works there. The context's principal needs the right to write the record;
// the rest is done past privileges. ErrNoRules if the table has no active rules.
func (e *Engine) Route(ctx context.Context, tx *record.Tx, table string, key id.ID) (Decision, error) {
	set := e.Sets().Of(table)
	if set == nil {
		return Decision{}, ErrNoRules
	}
	row, err := tx.Demand(ctx, table, key, access.Write)
	if err != nil {
		return Decision{}, err
	}
	ctx = within(access.Elevate(ctx, "routing"))
	d, err := e.route(ctx, tx, set, row, key)
	if err != nil {
		return Decision{}, err
	}
	return d, e.writeDown(ctx, tx, row, &d)
}

// route is Route of a record that is locked, without the reason.
func (e *Engine) route(ctx context.Context, tx *record.Tx, set *Set, row record.Row, key id.ID) (d Decision, err error) {
	d = Decision{Table: set.Table, Record: key, Set: set}
	if d.Rule, d.failure, err = set.Match(ctx, row); err != nil {
		return Decision{}, err
	}
	e.target(&d)
	return d, e.carryOut(ctx, tx, row, &d)
}

// target finds the queue and the people that a decision leads to. What leads
// nowhere, such as into a queue that has been closed since, goes to the fall-back queue.
func (e *Engine) target(d *Decision) {
	switch {
	case d.failure != nil:
		d.Outcome, d.Reason = Failed, "The rule "+quoted(d.failure.Rule.Name)+" failed: "+expr.Message(d.failure.Err)
		e.fallback(d)
		d.pool = pool{} // somebody looks at it first
		return
	case d.Rule == nil:
		d.Outcome, d.Reason = Fallback, "No rule takes it."
		e.fallback(d)
		return
	}
	d.Reason = "Rule " + quoted(d.Rule.Name) + "."
	if d.Rule.Queue != id.Nil && !e.into(d, d.Rule.Queue) {
		d.Outcome, d.Reason = Fallback, "Rule "+quoted(d.Rule.Name)+": its queue is not active any more."
		e.fallback(d)
		return
	}
	switch {
	case d.Rule.AssignTo == "systemuser" && !e.Teams.Known(d.Rule.Assign):
		d.Outcome, d.Reason = Fallback, "Rule "+quoted(d.Rule.Name)+": its user is disabled."
		e.fallback(d)
	case d.Rule.AssignTo == "systemuser":
		d.pool = pool{direct: d.Rule.Assign}
	case d.Rule.AssignTo == "team":
		d.Team, d.pool = d.Rule.Assign, pool{id: d.Rule.Assign, members: e.Teams.Members(d.Rule.Assign)}
	}
}

// into takes a queue, with those who work it; false if it is not active.
func (e *Engine) into(d *Decision, key id.ID) bool {
	for _, q := range e.Queues() {
		if q.Queue != key {
			continue
		}
		d.Queue, d.QueueName, d.Team = q.Queue, q.Name, q.Team
		d.pool = pool{id: q.Team, members: e.Teams.Members(q.Team)}
		if q.Team == id.Nil {
			d.pool = pool{id: q.Queue, members: e.People().members(q.Queue)}
		}
		return true
	}
	return false
}

// fallback takes the set's fall-back queue, or else the default queue.
func (e *Engine) fallback(d *Decision) {
	if e.into(d, d.Set.Fallback) {
		return
	}
	for _, q := range e.Queues() {
		if q.Default {
			e.into(d, q.Queue)
			return
		}
	}
}

// carryOut puts the record into its queue and gives it to somebody.
func (e *Engine) carryOut(ctx context.Context, tx *record.Tx, row record.Row, d *Decision) error {
	if d.Queue != id.Nil && queue.Takes(tx.Catalog(), d.Table) {
		var err error
		if d.Item, err = queue.Send(ctx, tx, e.Clock, d.Queue, d.Table, d.Record); err != nil {
			return err
		}
	}
	need, how := d.terms()
	if err := e.choose(ctx, tx, d, need, how); err != nil {
		return err
	}
	if err := e.own(ctx, tx, row, d); err != nil {
		return err
	}
	if d.Item == id.Nil {
		return nil
	}
	worker := record.Row{"workerid": nil, "workeridtype": nil, "workeridmodifiedon": nil}
	if d.OwnerType == "systemuser" {
		worker = record.Row{"workerid": d.Owner, "workeridtype": d.OwnerType, "workeridmodifiedon": e.Clock.Now()}
	}
	_, err := tx.Update(ctx, "queueitem", d.Item, worker, record.Match{})
	return err
}

// terms gives what a person needs for the record, and how it is dealt.
func (d *Decision) terms() ([]Skill, Allocation) {
	switch {
	case d.Rule == nil:
		return nil, d.Set.Allocation
	case d.Rule.Allocation != nil:
		return d.Rule.Skills, *d.Rule.Allocation
	}
	return d.Rule.Skills, d.Set.Allocation
}

// own makes whoever was chosen the owner, or the team where nobody was.
func (e *Engine) own(ctx context.Context, tx *record.Tx, row record.Row, d *Decision) error {
	if d.Owner == id.Nil && d.Team != id.Nil {
		d.Owner, d.OwnerType = d.Team, "team"
	}
	if d.Owner == id.Nil {
		d.Owner, d.OwnerType = row.ID("ownerid"), row.Text("owneridtype")
		return nil
	}
	if row.ID("ownerid") == d.Owner {
		return nil
	}
	_, err := tx.Update(ctx, d.Table, d.Record, record.Row{"ownerid": d.Owner, "owneridtype": d.OwnerType}, record.Match{})
	return err
}

// Deal gives a record to the next member of a team in turn, and writes down why.
// A team without members, or of which nobody can take it now, keeps it itself.
func (e *Engine) Deal(ctx context.Context, tx *record.Tx, table string, key, team id.ID) (Decision, error) {
	row, err := tx.Demand(ctx, table, key, access.Write)
	if err != nil {
		return Decision{}, err
	}
	ctx = within(access.Elevate(ctx, "routing"))
	d := Decision{Table: table, Record: key, Team: team, pool: pool{id: team, members: e.Teams.Members(team)}}
	if err := e.choose(ctx, tx, &d, nil, InTurn); err != nil {
		return Decision{}, err
	}
	if err := e.own(ctx, tx, row, &d); err != nil {
		return Decision{}, err
	}
	return d, e.writeDown(ctx, tx, row, &d)
}

// inside marks contexts in which routing itself writes.
type inside struct{}

func within(ctx context.Context) context.Context { return context.WithValue(ctx, inside{}, true) }

func quoted(s string) string { return "“" + s + "”" }
