package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

const (
	attemptsDefault = 8
	lostMax         = 10
	backoffFirst    = time.Second
	backoffMost     = 10 * time.Minute
	missFirst       = 200 * time.Millisecond
	missMost        = 15 * time.Second
)

// Permanent marks an error that trying again can't mend: the job is dead at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// do runs one job and writes down what came of it.
func (r *Runner) do(ctx context.Context, j *Job) {
	h := r.o.Handlers[j.Kind]
	var err error
	if j.lost > lostMax {
		err = Permanent(errs.New(errs.Internal, "job.lost", "the process ended %d times while it was at this job", j.lost-1))
	} else {
		err = guarded(func() error { return h.Run(ctx, j) })
	}
	r.settle(ctx, j, h, err)
}

// settle writes the verdict down. It keeps trying while the database can't be
// reached: otherwise the job would rest until its lease is over.
func (r *Runner) settle(ctx context.Context, j *Job, h Handler, outcome error) {
	log := r.o.Logger.With("kind", j.Kind, "job", j.ID)
	if j.ended.Load() {
		r.Counts.Finished.Add(1)
		if outcome != nil {
			log.Warn("a handler failed after its job had ended", "error", outcome)
		}
		return
	}
	for try := 0; ; try++ {
		err := r.verdict(context.WithoutCancel(ctx), j, h, outcome)
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrLeaseLost):
			r.Counts.LeasesLost.Add(1)
			log.Debug("the job had passed to another try")
			return
		case !errs.Has(err, errs.Unavailable):
			log.Error("what came of a job can't be written down", "error", err)
			return
		}
		select {
		case <-r.o.Queue.clock.After(backoff(missFirst, missMost, try)):
		case <-ctx.Done():
			return
		}
	}
}

func (r *Runner) verdict(ctx context.Context, j *Job, h Handler, outcome error) error {
	q := r.o.Queue
	var last *permanentError
	most := h.MaxAttempts
	if most == 0 {
		most = attemptsDefault
	}
	cancelled := errors.Is(outcome, context.Canceled)
	switch {
	case outcome == nil:
		_, err := r.once(ctx, q.text.done, q.id(j.ID), j.leaseno)
		if err == nil {
			r.Counts.Finished.Add(1)
		}
		return err
	case errors.Is(outcome, ErrLeaseLost):
		return ErrLeaseLost
	case errors.As(outcome, &last), j.Attempt >= most && !errs.Has(outcome, errs.Unavailable) && !cancelled:
		return r.bury(ctx, j, h, outcome)
	}
	failures, misses, wait := j.Attempt, 0, backoff(backoffFirst, backoffMost, j.Attempt-1)
	if errs.Has(outcome, errs.Unavailable) || cancelled {
		failures, misses, wait = j.Attempt-1, j.misses+1, backoff(missFirst, missMost, j.misses)
	}
	if cancelled {
		wait = 0
	}
	n, err := r.once(ctx, q.text.retry, q.time(q.clock.Now().Add(wait)), failures, misses, reason(outcome), q.id(j.ID), j.leaseno)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLeaseLost
	}
	if misses > 0 {
		r.Counts.Unavailable.Add(1)
	} else {
		r.Counts.Retried.Add(1)
		r.o.Logger.Warn("a job failed and will be tried again", "kind", j.Kind, "job", j.ID, "attempt", j.Attempt, "in", wait, "error", outcome)
	}
	return nil
}

// bury gives a job up, together with what its owner does about it.
func (r *Runner) bury(ctx context.Context, j *Job, h Handler, outcome error) error {
	q := r.o.Queue
	err := q.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(q.text.dead, q.time(q.clock.Now()), j.Attempt, reason(outcome), q.id(j.ID), j.leaseno)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLeaseLost
		}
		if h.Dead == nil {
			return nil
		}
		return h.Dead(ctx, tx, j, outcome)
	})
	if err == nil {
		r.Counts.Dead.Add(1)
		r.o.Logger.Error("a job is given up", "kind", j.Kind, "job", j.ID, "attempt", j.Attempt, "error", outcome)
	}
	return err
}

func (r *Runner) once(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = r.o.Queue.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err = tx.Exec(text, args...)
		return err
	})
	return n, err
}

// reason gives what is kept of an error: at most 2,000 characters.
func reason(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 2000)])
}

// backoff doubles with every try up to the most, and takes a random half off,
// so that those who failed together don't come back together.
func backoff(first, most time.Duration, try int) time.Duration {
	d := most
	if try < 20 {
		d = min(first<<try, most)
	}
	return d/2 + rand.N(d/2+1)
}

func guarded(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), errs.Internal, "job.panic", "the job failed unexpectedly")
		}
	}()
	return fn()
}
