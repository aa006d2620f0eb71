package flow

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Records reads and writes records within a transaction; *record.Tx does.
type Records interface {
	Find(ctx context.Context, q query.Query) (record.Page, error)
	Create(ctx context.Context, table string, in record.Row) (record.Row, error)
	Update(ctx context.Context, table string, key id.ID, in record.Row, m record.Match) (record.Row, error)
	UpsertByKey(ctx context.Context, table string, key map[string]any, in record.Row, m record.Match) (record.Row, bool, error)
	Delete(ctx context.Context, table string, key id.ID, m record.Match) error
}

// Caller calls an action within a transaction. Target is id.Nil for unbound ones.
type Caller interface {
	Call(ctx context.Context, tx *sqldb.Tx, action string, target id.ID, input map[string]any) (map[string]any, error)
}

// Options are what an engine is made of.
type Options struct {
	DB     *sqldb.DB
	Queue  *job.Queue
	Clock  clock.Clock
	Flows  func() *Set                // those in force
	Bind   func(tx *sqldb.Tx) Records // records in a running transaction
	Caller Caller
	// Checker is what definitions are validated against by rpt_ValidateFlow; nil
	// checks no names of tables and actions.
	Checker *Checker
	Logger  *slog.Logger
}

// Counts are what an engine has done since it was made.
type Counts struct {
	Started, Repeated, Succeeded, Failed, Cancelled, Waits, Clashes, Retried atomic.Int64
}

// Engine runs flows.
type Engine struct {
	o      Options
	Counts Counts

	mu       sync.Mutex
	programs map[string]*Program // by hash, of runs begun under earlier versions
	kept     map[string]bool     // hashes known to be in flowdefinition
}

// Kind is the kind of the engine's jobs.
const Kind = "flow"

// New makes an engine. Its Handler belongs into a job.Runner.
func New(o Options) *Engine {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{o: o, programs: map[string]*Program{}, kept: map[string]bool{}}
}

// Start begins a run of an active flow within the transaction and takes it as
// far as it gets there. The key makes it happen once: a second start of the
// flow with the same key does nothing. An error means that nothing was begun; a
// step that fails is no error but a failed run.
func (e *Engine) Start(ctx context.Context, tx *sqldb.Tx, flow string, input map[string]any, key string) error {
	_, err := e.Begin(ctx, tx, flow, input, key)
	return err
}

// Begin is Start that gives the run's id.
func (e *Engine) Begin(ctx context.Context, tx *sqldb.Tx, flow string, input map[string]any, key string) (id.ID, error) {
	p, ok := e.o.Flows().Flow(flow)
	if !ok {
		inactive := *ErrInactive
		inactive.Message = "there is no active flow " + flow
		return id.Nil, &inactive
	}
	trigger := plainMap(input)
	if err := p.takes(trigger); err != nil {
		return id.Nil, err
	}
	run := &Run{ID: id.New(), FlowID: p.ID, FlowName: p.Name, Version: p.Version, Key: key, StartedOn: e.o.Clock.Now()}
	if key != "" {
		// The id follows from the key, so that its primary key makes the run unique.
		run.ID = id.Derive("rpt_flowrun", flow, key)
		there, err := e.exists(tx, run.ID)
		if err != nil || there {
			if there {
				e.Counts.Repeated.Add(1)
			}
			return run.ID, err
		}
	}
	s := &state{Hash: p.hash, Origin: changelog.Origin(ctx)}
	shown, secrets := p.mask(trigger)
	run.Input, _ = shown.(map[string]any)
	if secrets {
		s.Trigger = trigger
	}
	err := e.checkpoint(ctx, tx, p, run, trigger, s, fresh{e})
	if errors.Is(err, errTwice) {
		e.Counts.Repeated.Add(1)
		return run.ID, nil
	}
	if err == nil {
		tx.AfterCommit(func() { e.Counts.Started.Add(1) })
	}
	return run.ID, err
}

// takes checks the input against what the flow declares.
func (p *Program) takes(input map[string]any) error {
	var bad []errs.Field
	for name, f := range p.input {
		v, given := input[name]
		switch {
		case f.Required && (!given || v == nil):
			bad = append(bad, errs.Field{Name: name, Code: "required", Message: "a value is needed"})
		case v != nil && !fits(f.Type, v):
			bad = append(bad, errs.Field{Name: name, Code: "type", Message: "this must be of type " + f.Type})
		}
	}
	return errs.InvalidFields("flow.input", "the input does not fit the flow", bad)
}

func fits(kind string, v any) bool {
	switch v.(type) {
	case string:
		return kind == "" || kind == "text"
	case int64, float64:
		return kind == "" || kind == "number"
	case bool:
		return kind == "" || kind == "boolean"
	case map[string]any:
		return kind == "" || kind == "object"
	case []any:
		return kind == "" || kind == "list"
	}
	return false
}

// payload is what a job of the engine carries.
type payload struct {
	Run   id.ID           `json:"run"`
	State json.RawMessage `json:"state"`
}

// Handler does the engine's jobs.
func (e *Engine) Handler() job.Handler {
	return job.Handler{Run: e.work, Dead: e.buried}
}

// work takes a run one checkpoint further.
func (e *Engine) work(ctx context.Context, j *job.Job) error {
	var in payload
	if err := json.Unmarshal(j.Payload, &in); err != nil {
		return job.Permanent(errs.Wrap(err, errs.Internal, "flow.state", "the job of a run can't be read"))
	}
	return e.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		run, err := e.lock(tx, in.Run)
		if errors.Is(err, ErrNoRun) || err == nil && run.Status.ended() {
			return j.Done(tx)
		}
		if err != nil {
			return err
		}
		s, err := decodeState(in.State)
		if err != nil {
			return err
		}
		p, err := e.program(tx, run, s.Hash)
		if err != nil {
			return err
		}
		trigger := s.Trigger
		if trigger == nil {
			trigger = run.Input
		}
		return e.checkpoint(ctx, tx, p, run, trigger, s, carried{e, j})
	})
}

// buried fails a run whose job was given up.
func (e *Engine) buried(_ context.Context, tx *sqldb.Tx, j *job.Job, reason error) error {
	var in payload
	if err := json.Unmarshal(j.Payload, &in); err != nil {
		return nil // there is no run to tell
	}
	run, err := e.lock(tx, in.Run)
	if errors.Is(err, ErrNoRun) {
		return nil
	}
	if err != nil || run.Status.ended() {
		return err
	}
	run.Status, run.CompletedOn, run.Error = Failed, e.o.Clock.Now(), failureOf(reason).Message
	tx.AfterCommit(func() { e.Counts.Failed.Add(1) })
	if err := e.keepState(tx, run.ID, in.State); err != nil {
		return err
	}
	return e.updateRun(tx, run)
}

// system is the context in which steps act: as the platform itself, in the name
// of the flow.
func system(ctx context.Context, run *Run, origin string) context.Context {
	if origin == "" {
		origin = "flow " + run.FlowName + " " + run.ID.String()
	}
	ctx = changelog.WithSource(ctx, changelog.Source{Channel: changelog.Flow})
	return changelog.WithOrigin(access.AsSystem(ctx, "flow "+run.FlowName), origin)
}
