package event

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	readMax     = 512                    // events read at a time
	openMax     = 4096                   // events read and not yet worked off
	windowMax   = 16 * openMax           // and those worked off behind one that is not
	readWait    = 500 * time.Millisecond // how long one read waits
	moveEvery   = time.Second            // how often the position is noted
	backoffBase = 200 * time.Millisecond // before the second attempt
	backoffMax  = 30 * time.Second
)

// Runner runs one subscription.
type Runner struct {
	s       Subscription
	db      *sqldb.DB
	clock   clock.Clock
	logger  *slog.Logger
	metrics *Metrics
	letters *DeadLetters
	loop    lifecycle.Loop
	tracer  trace.Tracer
}

// RunnerOptions are what a runner needs beside its subscription.
type RunnerOptions struct {
	DB      *sqldb.DB
	Clock   clock.Clock
	Logger  *slog.Logger
	Metrics *Metrics
	Letters *DeadLetters
}

// NewRunner makes a runner; it is a lifecycle.Service.
func NewRunner(s Subscription, o RunnerOptions) *Runner {
	if s.Workers == 0 {
		s.Workers = 16
		if o.DB.Dialect() == sqldb.SQLite {
			s.Workers = 32 // those who wait together are committed together
		}
	}
	if s.MaxAttempts == 0 {
		s.MaxAttempts = 6
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	r := &Runner{s: s, db: o.DB, clock: o.Clock, logger: o.Logger.With("consumer", s.Consumer), metrics: o.Metrics, letters: o.Letters,
		tracer: otel.Tracer("github.com/rapport-platform/rapport/event")}
	if o.Letters != nil {
		o.Letters.register(s)
	}
	r.loop.Run = r.run
	return r
}

// Start begins to consume in the background. The database may be away.
func (r *Runner) Start(ctx context.Context) error { return r.loop.Start(ctx) }

// Stop finishes what is being handled and notes the position.
func (r *Runner) Stop(ctx context.Context) error { return r.loop.Stop(ctx) }

// run consumes until the context ends; a reader that breaks is opened anew.
func (r *Runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.consume(ctx); err != nil && ctx.Err() == nil {
			if !errs.Has(err, errs.Unavailable) {
				r.logger.Error("consumer starts over", "error", err)
			}
			r.pause(ctx, time.Second)
		}
	}
}

func (r *Runner) pause(ctx context.Context, d time.Duration) {
	select {
	case <-r.clock.After(d):
	case <-ctx.Done():
	}
}

func (r *Runner) consume(ctx context.Context) error {
	seq, err := position(ctx, r.db, r.s.Consumer, r.s.Log.Topic())
	if err != nil {
		return err
	}
	if seq == 0 {
		if err := Join(ctx, r.db, r.s.Consumer, r.s.Log.Topic(), r.clock.Now()); err != nil {
			return err
		}
	}
	reader, err := r.s.Log.Open(ctx, uint64(seq))
	if err != nil {
		return err
	}
	defer reader.Close()
	w := newWindow(uint64(seq))
	ctx, cancel := context.WithCancel(ctx)
	work := make(chan *delivery)
	var workers sync.WaitGroup
	for range r.s.Workers {
		workers.Go(func() {
			for d := range work {
				r.deliver(ctx, w, d)
			}
		})
	}
	var mover sync.WaitGroup
	moverCtx, stopMover := context.WithCancel(context.WithoutCancel(ctx))
	mover.Go(func() { r.keepMoving(moverCtx, w) })
	defer func() {
		cancel() // nobody frees deliveries any more: workers must not wait for that
		close(work)
		workers.Wait()
		stopMover()
		mover.Wait()
		last, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		r.notePosition(last, w)
	}()
	return r.dispatch(ctx, reader, w, work)
}

// dispatch reads events and hands them to workers, one of a key at a time.
func (r *Runner) dispatch(ctx context.Context, reader Reader, w *window, work chan<- *delivery) error {
	var ready []*delivery
	fetched := make(chan []Event)
	failed := make(chan error, 1)
	demand := make(chan struct{}, 1)
	readCtx, stop := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer func() {
		close(demand)
		stop()
		reading.Wait() // the reader is closed next
	}()
	reading.Go(func() {
		for range demand {
			events, err := reader.Next(readCtx, readMax, readWait)
			if errs.CodeOf(err) == "stream.corrupt" {
				// It can't be read, now or later, and the reader goes on behind it.
				r.logger.Error("an event is damaged and passed by", "error", err)
				r.metrics.handled.WithLabelValues(r.s.Consumer, "corrupt").Inc()
				err = nil
			}
			if err != nil {
				failed <- err
				return
			}
			select {
			case fetched <- events:
			case <-readCtx.Done():
				return
			}
		}
	})
	asked := false
	for {
		if !asked && w.room() {
			demand <- struct{}{}
			asked = true
		}
		var out chan<- *delivery
		var first *delivery
		if len(ready) > 0 {
			out, first = work, ready[0]
		}
		select {
		case events := <-fetched:
			asked = false
			for _, e := range events {
				if d := w.add(e, r.key(e)); d != nil {
					ready = append(ready, d)
				}
			}
		case out <- first:
			ready = ready[1:]
		case d := <-w.freed:
			ready = append(ready, d...)
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) key(e Event) string {
	if r.s.Key == nil {
		return ""
	}
	return r.s.Key(e)
}

// deliver makes one attempt, and settles the event or has it tried again.
func (r *Runner) deliver(ctx context.Context, w *window, d *delivery) {
	outcome, err := r.attempt(ctx, d)
	if err == nil {
		r.metrics.handled.WithLabelValues(r.s.Consumer, outcome).Inc()
		r.metrics.delay.WithLabelValues(r.s.Consumer).Observe(r.clock.Now().Sub(d.event.At).Seconds())
		w.done(ctx, d)
		return
	}
	if ctx.Err() != nil {
		return
	}
	r.metrics.retries.WithLabelValues(r.s.Consumer, errs.CodeOf(err)).Inc()
	if errs.Has(err, errs.Unavailable) {
		r.logger.Debug("event waits", "topic", d.event.Topic, "seq", d.event.Seq, "error", err)
	} else {
		d.attempts++
		r.logger.Warn("event failed", "topic", d.event.Topic, "seq", d.event.Seq, "attempt", d.attempts, "error", err)
	}
	if d.attempts >= r.s.MaxAttempts && r.letters != nil {
		e := r.letters.write(ctx, r.s.Consumer, d.event, d.attempts, err)
		if e == nil {
			r.metrics.handled.WithLabelValues(r.s.Consumer, "dead").Inc()
			w.done(ctx, d)
			return
		}
		d.attempts-- // come back to it
		r.logger.Error("the dead letter could not be written", "topic", d.event.Topic, "seq", d.event.Seq, "error", e)
	}
	d.waits++
	// The event waits by itself; others, of other keys, go on.
	go func(wait time.Duration) {
		r.pause(ctx, wait)
		w.again(ctx, d)
	}(backoff(d.waits))
}

// backoff grows exponentially, with jitter over its upper half.
func backoff(n int) time.Duration {
	d := min(backoffBase<<min(n-1, 10), backoffMax)
	return d/2 + rand.N(d/2)
}

func (r *Runner) attempt(ctx context.Context, d *delivery) (outcome string, err error) {
	e := d.event
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": e.Trace})
	ctx, span := r.tracer.Start(ctx, "consume "+r.s.Consumer, trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("messaging.destination.name", e.Topic), attribute.String("messaging.message.id", e.ID), attribute.Int("rapport.attempt", d.attempts+1)))
	defer func() {
		if err != nil {
			span.SetStatus(codes.Error, errs.CodeOf(err))
		}
		span.End()
	}()
	effect, err := r.handle(ctx, e)
	if err != nil {
		return "", err
	}
	err = r.db.Write(ctx, func(tx *sqldb.Tx) error {
		outcome = "done"
		seen, err := once(tx, r.s.Consumer, e, r.clock.Now())
		if err != nil {
			return err
		}
		if seen {
			outcome = "duplicate"
			return nil
		}
		if effect == nil {
			return nil
		}
		return effect(ctx, tx)
	})
	return outcome, err
}

// handle calls the handler; a panic in it is a failure of this event alone.
func (r *Runner) handle(ctx context.Context, e Event) (effect Effect, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(errors.New("panic in handler"), errs.Internal, "event.panic", "the handler failed unexpectedly: %v", p)
		}
	}()
	return r.s.Handle(ctx, e)
}

func (r *Runner) keepMoving(ctx context.Context, w *window) {
	for {
		r.pause(ctx, moveEvery)
		if ctx.Err() != nil {
			return
		}
		r.notePosition(ctx, w)
	}
}

func (r *Runner) notePosition(ctx context.Context, w *window) {
	seq, oldest, n := w.state()
	r.metrics.inflight.WithLabelValues(r.s.Consumer).Set(float64(n))
	lag := 0.0
	if !oldest.IsZero() {
		lag = r.clock.Now().Sub(oldest).Seconds()
	}
	r.metrics.lag.WithLabelValues(r.s.Consumer).Set(lag)
	if seq == w.noted {
		return
	}
	if err := move(ctx, r.db, r.s.Consumer, r.s.Log.Topic(), seq, r.clock.Now()); err != nil {
		if ctx.Err() == nil && !errs.Has(err, errs.Unavailable) {
			r.logger.Error("position", "error", err)
		}
		return
	}
	w.noted = seq
}
