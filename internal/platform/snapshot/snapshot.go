// Package snapshot keeps hot configuration in memory: roles, keys, forms, rules.
// Readers get the current value without a lock; a change of the tables it is
// made from makes it anew, on every node, within a second. A value can be kept
// on disk as the last known good, so that a process can start and take in
// events while the database is down.
package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// pause lies between attempts to refresh while the database is away.
const pause = 500 * time.Millisecond

// Options say how a value is made and kept.
type Options[T any] struct {
	Name string
	// Load makes the value from the database.
	Load func(ctx context.Context) (T, error)
	// Tables are those whose changes make the value old.
	Tables []string
	// File keeps the last known good value as JSON; empty keeps none. The
	// folder is private to the process's user.
	File   string
	Logger *slog.Logger
}

// Value is one piece of hot configuration.
type Value[T any] struct {
	o       Options[T]
	current atomic.Pointer[T]
	stale   chan struct{}
	loading chan struct{} // holds one while the value is being made
	asked   atomic.Int64  // how often it has become old by what this process has written
	made    atomic.Int64  // what of that is in it
	cancel  context.CancelFunc
	done    chan struct{}
}

// New makes a value that is still empty. tailer may be nil where only Refresh is used.
func New[T any](tailer *changelog.Tailer, o Options[T]) *Value[T] {
	v := &Value[T]{o: o, stale: make(chan struct{}, 1), loading: make(chan struct{}, 1)}
	var zero T
	v.current.Store(&zero)
	if v.o.Logger == nil {
		v.o.Logger = slog.New(slog.DiscardHandler)
	}
	if tailer != nil {
		tailer.Listen(func(changes []changelog.Change) {
			if slices.ContainsFunc(changes, func(c changelog.Change) bool { return slices.Contains(o.Tables, c.Table) }) {
				v.Invalidate()
			}
		})
	}
	return v
}

// Get gives the value in force. It is never changed in place.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Invalidate makes the value old: it is made anew soon.
func (v *Value[T]) Invalidate() {
	select {
	case v.stale <- struct{}{}:
	default:
	}
}

// Recall takes the last known good value from disk, and tells whether there was
// one. A file that can't be understood is no value: it must not keep the process
// from starting.
func (v *Value[T]) Recall() (bool, error) {
	if v.o.File == "" {
		return false, nil
	}
	text, err := os.ReadFile(v.o.File)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		v.o.Logger.Warn("the configuration on disk is damaged and passed over", "snapshot", v.o.Name, "file", v.o.File, "error", err)
		return false, nil
	}
	v.current.Store(&value)
	return true, nil
}

// Refresh makes the value anew now, and keeps it on disk. That it can't be kept
// is logged; it is in force all the same.
func (v *Value[T]) Refresh(ctx context.Context) error {
	select {
	case v.loading <- struct{}{}:
		defer func() { <-v.loading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return v.load(ctx)
}

// Expire says that a change has been written of which the value knows nothing
// yet. It does not block; who must know of the change calls Settle.
func (v *Value[T]) Expire() { v.asked.Add(1) }

// Settle waits until the value knows of all changes for which Expire was called
// before. Many who wait at once wait for one making of it.
func (v *Value[T]) Settle(ctx context.Context) error {
	want := v.asked.Load()
	if v.made.Load() >= want {
		return nil
	}
	select {
	case v.loading <- struct{}{}:
		defer func() { <-v.loading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if v.made.Load() >= want {
		return nil
	}
	return v.load(ctx)
}

// load makes the value; the caller holds loading.
func (v *Value[T]) load(ctx context.Context) error {
	known := v.asked.Load() // before the database is read: what comes later may be missed
	value, err := v.o.Load(ctx)
	if err != nil {
		return err
	}
	v.current.Store(&value)
	v.made.Store(known)
	if err := v.keep(value); err != nil {
		v.o.Logger.Warn("the configuration can't be kept on disk", "snapshot", v.o.Name, "error", err)
	}
	return nil
}

func (v *Value[T]) keep(value T) error {
	if v.o.File == "" {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(v.o.File); err == nil && string(old) == string(text) {
		return nil
	}
	return diskfile.Write(v.o.File, text)
}

// Start refreshes the value and then follows changes until Stop.
func (v *Value[T]) Start(ctx context.Context) error {
	if err := v.Refresh(ctx); err != nil {
		return err
	}
	ctx, v.cancel = context.WithCancel(ctx)
	v.done = make(chan struct{})
	go func() {
		defer close(v.done)
		for {
			select {
			case <-v.stale:
				if err := v.Refresh(ctx); err != nil && ctx.Err() == nil {
					v.o.Logger.Warn("hot configuration stays as it was", "snapshot", v.o.Name, "error", err)
					v.retry(ctx)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return nil
}

// retry makes the value old again after a pause, as the change that was not
// taken in will not be told of twice.
func (v *Value[T]) retry(ctx context.Context) {
	select {
	case <-time.After(pause):
		v.Invalidate()
	case <-ctx.Done():
	}
}

// Stop ends the following of changes.
func (v *Value[T]) Stop(ctx context.Context) error {
	if v.cancel == nil {
		return nil
	}
	v.cancel()
	select {
	case <-v.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
