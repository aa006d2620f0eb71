package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

// drain bounds how long leads may take to become visible after the last was sent.
const drain = 90 * time.Second

// outcome is what one phase came to.
type outcome struct {
	rate           int // asked for; 0 is as fast as they are taken
	sent           int
	took           time.Duration // from the first post until the last lead was visible
	a50, a99       time.Duration // form answered
	v50, v99, vMax time.Duration // lead visible
	missing        int
	cpu            usage
}

// perSecond is the rate at which leads went all the way.
func (o outcome) perSecond() float64 { return float64(o.sent-o.missing) / o.took.Seconds() }

// fixedRate sends leads at fixed times, whether or not earlier ones are answered.
func fixedRate(ctx context.Context, p *product.Product, w *watcher, n *int, rate int, length time.Duration) (outcome, error) {
	count := int(length.Seconds() * float64(rate))
	o, err := phase(ctx, p, w, n, count, func(ctx context.Context, leads []lead, texts [][]byte, first int) {
		var all sync.WaitGroup
		began := time.Now()
		for i := range leads {
			l := &leads[i]
			l.due = began.Add(time.Duration(i) * time.Second / time.Duration(rate))
			if wait := time.Until(l.due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
				}
			}
			w.expect(l)
			all.Go(func() { send(ctx, p, first+i, l, texts[i]) })
		}
		all.Wait()
	})
	o.rate = rate
	return o, err
}

// burst sends leads from some visitors who each send the next as soon as they
// have an answer.
func burst(ctx context.Context, p *product.Product, w *watcher, n *int, count, clients int) (outcome, error) {
	return phase(ctx, p, w, n, count, func(ctx context.Context, leads []lead, texts [][]byte, first int) {
		next := make(chan int)
		var all sync.WaitGroup
		for range clients {
			all.Go(func() {
				for i := range next {
					leads[i].due = time.Now()
					w.expect(&leads[i])
					send(ctx, p, first+i, &leads[i], texts[i])
				}
			})
		}
		for i := range leads {
			next <- i
		}
		close(next)
		all.Wait()
	})
}

func phase(ctx context.Context, p *product.Product, w *watcher, n *int, count int, send func(ctx context.Context, leads []lead, texts [][]byte, first int)) (outcome, error) {
	leads, texts := make([]lead, count), make([][]byte, count)
	first := *n
	*n += count
	for i := range leads {
		texts[i], leads[i].email = body(first + i)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.run(watching) }()
	before, began := processors(p.Cmd.Process.Pid), time.Now()
	send(ctx, leads, texts, first)
	for i := range leads {
		if err := leads[i].err; err != nil {
			return outcome{}, fmt.Errorf("lead %s: %w", leads[i].email, err)
		}
	}
	for deadline := time.Now().Add(drain); w.missing() > 0 && time.Now().Before(deadline) && ctx.Err() == nil; {
		time.Sleep(pollEvery)
		select {
		case err := <-ended:
			return outcome{}, fmt.Errorf("watching: %w", err)
		default:
		}
	}
	o := outcome{sent: count, cpu: processors(p.Cmd.Process.Pid).since(before), missing: w.missing()}
	stop()
	if err := <-ended; err != nil {
		return o, err
	}
	if err := ctx.Err(); err != nil {
		return o, err
	}
	return o, o.sum(leads, began)
}

// sum works the times out.
func (o *outcome) sum(leads []lead, began time.Time) error {
	var answered, seen []time.Duration
	for i := range leads {
		l := &leads[i]
		answered = append(answered, l.answered)
		if l.seen == 0 {
			continue
		}
		seen = append(seen, l.seen)
		o.took = max(o.took, l.due.Add(l.seen).Sub(began))
	}
	if len(seen) == 0 {
		return fmt.Errorf("none of %d leads became visible", len(leads))
	}
	slices.Sort(answered)
	slices.Sort(seen)
	o.a50, o.a99 = answered[len(answered)/2], answered[len(answered)*99/100]
	o.v50, o.v99, o.vMax = seen[len(seen)/2], seen[len(seen)*99/100], seen[len(seen)-1]
	fmt.Fprintf(os.Stderr, "%d leads, %.0f/s; answered p50 %s p99 %s; visible p50 %s p99 %s max %s; missing %d; CPU a lead: product %s, all of this run %s; others used %.2f cores\n", o.sent, o.perSecond(),
		ms(o.a50), ms(o.a99), ms(o.v50), ms(o.v99), ms(o.vMax), o.missing, ms(o.cpu.product/time.Duration(o.sent)), ms(o.cpu.ours/time.Duration(o.sent)), o.cpu.others.Seconds()/o.cpu.wall.Seconds())
	return nil
}

func ms(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
}
