// Package lifecycle starts background services in order and stops them in
// reverse. Every service of the house follows the same contract: Start returns
// once the service works or fails, Stop returns once it has let go of
// everything, and the context given to Start lives as long as the service.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Service is something that runs in the background.
type Service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Group starts services in the order they were added and stops them in reverse.
type Group struct {
	mu      sync.Mutex
	names   []string
	members []Service
	started int
}

// Add appends a service under a name that errors and logs use.
func (g *Group) Add(name string, s Service) {
	g.names = append(g.names, name)
	g.members = append(g.members, s)
}

// Start starts all; at the first failure it stops those already started.
func (g *Group) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, s := range g.members {
		if err := s.Start(ctx); err != nil {
			stopErr := g.stop(context.WithoutCancel(ctx))
			return errors.Join(fmt.Errorf("start %s: %w", g.names[i], err), stopErr)
		}
		g.started = i + 1
	}
	return nil
}

// Stop stops all that were started, last first, and joins their errors.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop(ctx)
}

func (g *Group) stop(ctx context.Context) error {
	var all error
	for ; g.started > 0; g.started-- {
		i := g.started - 1
		if err := g.members[i].Stop(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("stop %s: %w", g.names[i], err))
		}
	}
	return all
}

// Loop is a Service made of one function that runs until its context ends.
// Workers of several goroutines use it instead of hand-made done channels.
type Loop struct {
	Run func(ctx context.Context)

	cancel context.CancelFunc
	done   chan struct{}
}

// Start runs the function in its own goroutine.
func (l *Loop) Start(ctx context.Context) error {
	ctx, l.cancel = context.WithCancel(ctx)
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		l.Run(ctx)
	}()
	return nil
}

// Stop ends the function's context and waits for it to return.
func (l *Loop) Stop(ctx context.Context) error {
	if l.cancel == nil {
		return nil
	}
	l.cancel()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
