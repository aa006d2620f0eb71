package flow

import (
	"context"
	"reflect"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// instruction is one of a compiled flow. It moves PC itself.
type instruction interface {
	exec(m *machine) error
}

// head is what the instructions of steps have in common.
type head struct {
	id, kind, title string
	retry           *retry
}

func (h *head) step() *head { return h }

type retry struct {
	attempts int
	delay    time.Duration
}

// The bounds of running.
const (
	stepsPerCheckpoint = 200
	stepsPerRun        = 20_000
	jumpsPerCheckpoint = 100_000
)

// verdict says why a machine stopped.
type verdict uint8

const (
	goesOn verdict = iota // the checkpoint is full: the next one follows at once
	waits                 // until due
	ended                 // with status
)

// machine executes a program within one transaction.
type machine struct {
	ctx     context.Context
	engine  *Engine
	tx      *sqldb.Tx
	records Records
	program *Program
	run     *Run
	state   *state
	vars    map[string]any
	history []Entry

	stopped bool
	verdict verdict
	due     time.Time
	status  Status
	message string
}

func (e *Engine) machine(ctx context.Context, tx *sqldb.Tx, p *Program, run *Run, trigger map[string]any, s *state) *machine {
	m := &machine{ctx: ctx, engine: e, tx: tx, records: e.o.Bind(tx), program: p, run: run, state: s}
	m.vars = map[string]any{
		"trigger": trigger, "steps": s.Steps, "vars": s.Vars, "now": e.o.Clock.Now(),
		"run": map[string]any{"id": run.ID.String(), "flow": run.FlowName, "version": run.Version, "startedon": plain(run.StartedOn)},
	}
	for name, item := range s.Items {
		m.vars[name] = item
	}
	return m
}

// stepError says which step failed.
type stepError struct {
	step *head
	err  error
}

func (e *stepError) Error() string { return "step " + e.step.id + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// execute runs until the machine stops. The failing step is in the history.
func (m *machine) execute() error {
	for jumps := 0; !m.stopped; jumps++ {
		if len(m.history) >= stepsPerCheckpoint || jumps > jumpsPerCheckpoint {
			m.stop(goesOn)
			return nil
		}
		if m.state.PC < 0 || m.state.PC >= len(m.program.code) {
			return errs.New(errs.Internal, "flow.state", "the run stands at a place that its definition lacks")
		}
		i := m.program.code[m.state.PC]
		started, before := m.engine.o.Clock.Now(), len(m.history)
		err := i.exec(m)
		step, isStep := i.(interface{ step() *head })
		if !isStep {
			if err != nil {
				return err
			}
			continue
		}
		h := step.step()
		if err == nil && m.state.Count >= stepsPerRun {
			err = errs.New(errs.Invalid, "flow.limit", "the run has done 20,000 steps: it does not seem to end")
		}
		if err != nil {
			if len(m.history) == before {
				m.history = append(m.history, Entry{})
			}
			m.history[len(m.history)-1].fail(h, err)
		}
		m.state.Count++
		m.history[len(m.history)-1].finish(h, started, m.engine.o.Clock.Now())
		if err != nil {
			return &stepError{h, err}
		}
	}
	return nil
}

func (m *machine) stop(v verdict) { m.stopped, m.verdict = true, v }

// note begins the history of a step with its input.
func (m *machine) note(input any) {
	m.history = append(m.history, Entry{Status: "succeeded", Input: m.program.shown(input)})
}

// gives ends a step with its output, and keeps it if an expression reads it.
func (m *machine) gives(h *head, output, shown any) {
	m.history[len(m.history)-1].Output = m.program.shown(shown)
	if m.program.keepsAll || m.program.keeps[h.id] {
		m.state.Steps[h.id] = output
	}
	m.state.PC++
}

type (
	branch struct {
		head
		test      *expr.Program
		otherwise int
	}
	choose struct {
		head
		on        *expr.Program
		values    []template
		targets   []int
		otherwise int
	}
	loop struct {
		head
		items *expr.Program
		as    string
		most  int
	}
	next struct {
		id, as string
		done   int
	}
	jump struct{ to int }
	end  struct{}

	assign struct {
		head
		values template
	}
	pause struct {
		head
		length template
		until  *expr.Program
	}
	stop struct {
		head
		status  Status
		message template
	}
)

func (i *branch) exec(m *machine) error {
	m.note(nil)
	holds, err := i.test.Bool(m.ctx, m.vars)
	if err != nil {
		return err
	}
	result := map[string]any{"result": holds}
	m.gives(&i.head, result, result)
	if !holds {
		m.state.PC = i.otherwise
	}
	return nil
}

func (i *choose) exec(m *machine) error {
	m.note(nil)
	on, err := i.on.Eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	to, taken := i.otherwise, int64(-1)
	for k, t := range i.values {
		v, err := t.eval(m.ctx, m.vars)
		if err != nil {
			return err
		}
		if reflect.DeepEqual(plain(on), v) {
			to, taken = i.targets[k], int64(k)
			break
		}
	}
	m.gives(&i.head, map[string]any{"case": taken}, map[string]any{"case": taken, "value": plain(on)})
	m.state.PC = to
	return nil
}

func (i *loop) exec(m *machine) error {
	m.note(nil)
	v, err := i.items.Eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	items, ok := plain(v).([]any)
	if !ok && v != nil {
		return errs.New(errs.Invalid, "flow.step", "a foreach needs a list")
	}
	if len(items) > i.most {
		return errs.New(errs.Invalid, "flow.limit", "the list has %d items, more than the %d allowed", len(items), i.most)
	}
	m.state.Loops[i.id] = &cursor{Items: items}
	count := map[string]any{"count": int64(len(items))}
	m.gives(&i.head, count, count)
	return nil
}

func (i *next) exec(m *machine) error {
	l := m.state.Loops[i.id]
	if l == nil {
		return errs.New(errs.Internal, "flow.state", "the run stands in a foreach that it never began")
	}
	if l.At >= len(l.Items) {
		delete(m.state.Loops, i.id)
		delete(m.state.Items, i.as)
		delete(m.vars, i.as)
		m.state.PC = i.done
		return nil
	}
	m.state.Items[i.as], m.vars[i.as] = l.Items[l.At], l.Items[l.At]
	l.At++
	m.state.PC++
	return nil
}

func (i *jump) exec(m *machine) error { m.state.PC = i.to; return nil }

func (*end) exec(m *machine) error {
	m.status = Succeeded
	m.stop(ended)
	return nil
}

func (i *assign) exec(m *machine) error {
	m.note(nil)
	v, err := i.values.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	values, _ := v.(map[string]any)
	for name, value := range values {
		m.state.Vars[name] = value
	}
	m.gives(&i.head, values, values)
	return nil
}

func (i *pause) exec(m *machine) error {
	m.note(nil)
	due, err := i.due(m)
	if err != nil {
		return err
	}
	m.gives(&i.head, map[string]any{"until": plain(due)}, map[string]any{"until": plain(due)})
	if due.After(m.engine.o.Clock.Now()) {
		m.history[len(m.history)-1].Status = "waiting"
		m.due = due
		m.stop(waits)
	}
	return nil
}

func (i *pause) due(m *machine) (time.Time, error) {
	if i.length != nil {
		v, err := i.length.eval(m.ctx, m.vars)
		if err != nil {
			return time.Time{}, err
		}
		d, err := waitLength(v)
		return m.engine.o.Clock.Now().Add(d), err
	}
	v, err := i.until.Eval(m.ctx, m.vars)
	if err != nil {
		return time.Time{}, err
	}
	text, _ := plain(v).(string)
	due, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || due.Sub(m.engine.o.Clock.Now()) > maxWait {
		return time.Time{}, errs.New(errs.Invalid, "flow.step", "a wait needs an instant such as 2006-01-02T15:04:05Z, at most two years ahead")
	}
	return due, nil
}

const maxWait = 2 * 365 * 24 * time.Hour

func waitLength(v any) (time.Duration, error) {
	bad := errs.New(errs.Invalid, "flow.step", "a wait needs a duration such as 90s, 15m or 2h30m, two years at most")
	text, _ := v.(string)
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxWait {
		return 0, bad
	}
	return d, nil
}

func (i *stop) exec(m *machine) error {
	m.note(nil)
	v, err := i.message.eval(m.ctx, m.vars)
	if err != nil {
		return err
	}
	m.gives(&i.head, nil, map[string]any{"message": v})
	m.status, m.message = i.status, textOf(v)
	m.stop(ended)
	return nil
}
