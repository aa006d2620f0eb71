package job

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// Handler does the jobs of one kind.
type Handler struct {
	// Run does one job. It calls j.Done or j.Again in the transaction of the
	// effect; where it returns nil without either, the job is ended after it, so
	// its effect must then be the same if it happens twice.
	Run func(ctx context.Context, j *Job) error
	// Dead is told, in the transaction that gives the job up, why. It may be nil.
	Dead        func(ctx context.Context, tx *sqldb.Tx, j *Job, reason error) error
	MaxAttempts int // 0 means 8
}

// Options say how a Runner works. Zero values mean the defaults named.
type Options struct {
	Queue    *Queue
	Handlers map[string]Handler // by kind
	Logger   *slog.Logger
	Workers  int           // jobs at work at a time; 16
	Lease    time.Duration // how long a job is held without a sign of life; 30 s
	Poll     time.Duration // how often due jobs are looked for without being woken; 250 ms
}

// Counts are what a Runner has done since it was made.
type Counts struct {
	Claimed, Finished, Retried, Unavailable, Dead, LeasesLost atomic.Int64
}

// Runner is the service that does jobs. Several may run on one database.
type Runner struct {
	o     Options
	kinds []string

	Counts Counts

	cancelLoop, cancelWork context.CancelFunc
	done                   chan struct{}
	slots                  chan struct{}
	work                   sync.WaitGroup

	mu      sync.Mutex
	running map[*Job]struct{}
	kept    time.Time // when the leases of all at work were last made longer
}

// NewRunner makes a Runner. Start starts it.
func NewRunner(o Options) *Runner {
	if o.Workers == 0 {
		o.Workers = 16
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 250 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{o: o, kinds: slices.Sorted(maps.Keys(o.Handlers)), running: map[*Job]struct{}{}, slots: make(chan struct{}, o.Workers)}
}

// Handle adds the handler of a kind. It is called before Start.
func (r *Runner) Handle(kind string, h Handler) {
	if r.o.Handlers == nil {
		r.o.Handlers = map[string]Handler{}
	}
	r.o.Handlers[kind] = h
	r.kinds = slices.Sorted(maps.Keys(r.o.Handlers))
}

// Start begins to claim jobs.
func (r *Runner) Start(ctx context.Context) error {
	if len(r.kinds) == 0 {
		return errs.New(errs.Internal, "job.handlers", "a runner needs handlers")
	}
	r.kept = r.o.Queue.clock.Now()
	loop, cancelLoop := context.WithCancel(ctx)
	// Work that has begun outlives the loop: Stop gives it time to finish.
	work, cancelWork := context.WithCancel(context.WithoutCancel(ctx))
	r.cancelLoop, r.cancelWork, r.done = cancelLoop, cancelWork, make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() { r.loop(loop, work) })
	both.Go(func() { r.heartbeat(work) })
	go func() {
		both.Wait()
		close(r.done)
	}()
	return nil
}

// Stop claims no more and waits for the jobs at work. When ctx ends first, their
// contexts are cancelled and they come back after their lease or their release.
func (r *Runner) Stop(ctx context.Context) error {
	if r.cancelLoop == nil {
		return nil
	}
	r.cancelLoop()
	finished := make(chan struct{})
	go func() {
		r.work.Wait()
		close(finished)
	}()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.cancelWork()
	if err == nil {
		<-r.done
	}
	return err
}

// loop claims what is due as long as slots are free, and then waits to be woken.
func (r *Runner) loop(ctx, work context.Context) {
	pause := r.o.Poll
	for ctx.Err() == nil {
		n, err := r.fill(ctx, work)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				r.o.Logger.Warn("jobs can't be claimed", "error", err)
			}
			pause = min(pause*2, 5*time.Second)
		case n > 0:
			pause = r.o.Poll
			continue
		default:
			pause = r.o.Poll
		}
		select {
		case <-r.o.Queue.wake:
		case <-r.o.Queue.clock.After(pause):
		case <-ctx.Done():
		}
	}
}

// fill claims as many jobs as there are free slots and starts them. It waits
// for the first slot.
func (r *Runner) fill(ctx, work context.Context) (int, error) {
	free := 0
	select {
	case r.slots <- struct{}{}:
		free = 1
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	release := func(n int) {
		for range n {
			<-r.slots
		}
	}
	due, err := r.o.Queue.anyDue(ctx, r.kinds)
	if err != nil || !due {
		release(free)
		return 0, err
	}
	for more := true; more && free < 64; {
		select {
		case r.slots <- struct{}{}:
			free++
		default:
			more = false
		}
	}
	// A database that was locked for longer than a lease let no heartbeat through:
	// what is at work here is not to be taken from itself.
	jobs, err := r.o.Queue.claim(ctx, r.kinds, free, r.o.Lease, r.late())
	release(free - len(jobs))
	if err != nil {
		return 0, err
	}
	r.Counts.Claimed.Add(int64(len(jobs)))
	for _, j := range jobs {
		r.track(j, true)
		r.work.Go(func() {
			defer func() { <-r.slots }()
			defer r.track(j, false)
			r.do(work, j)
		})
	}
	return len(jobs), nil
}

func (r *Runner) track(j *Job, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if on {
		r.running[j] = struct{}{}
	} else {
		delete(r.running, j)
	}
}

func (r *Runner) atWork() []*Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.running))
}

// late gives what is at work if its leases should long have been made longer.
func (r *Runner) late() []*Job {
	r.mu.Lock()
	late := r.o.Queue.clock.Now().Sub(r.kept) > r.o.Lease/2
	r.mu.Unlock()
	if !late {
		return nil
	}
	return r.atWork()
}

// heartbeat keeps the leases of jobs at work, three times a lease.
func (r *Runner) heartbeat(ctx context.Context) {
	for {
		select {
		case <-r.o.Queue.clock.After(r.o.Lease / 3):
		case <-ctx.Done():
			return
		}
		at, jobs := r.o.Queue.clock.Now(), r.atWork()
		if len(jobs) > 0 {
			if err := r.o.Queue.extend(ctx, jobs, r.o.Lease); err != nil {
				if ctx.Err() == nil {
					r.o.Logger.Warn("leases can't be kept", "jobs", len(jobs), "error", err)
				}
				continue
			}
		}
		r.mu.Lock()
		r.kept = at
		r.mu.Unlock()
	}
}
