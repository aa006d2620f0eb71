package stream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// groupBytes is where a pack stops taking further calls. A single call may be larger.
const groupBytes = 1 << 20

// request is one call of Publish.
type request struct {
	payload *[]byte // room for the pack's version, then the frames of the call
	count   int
	done    chan error // takes exactly one
}

// Publish stores events in a topic and returns once all of them are on disk;
// after an error none of them will be seen, unless the error came from a lost
// connection or a time-out, when they may have been stored: sending them again
// under the same ids is right in every case. A full topic or disk gives
// errs.Unavailable with RetryAfter. The trace of ctx travels with the events.
func (s *Stream) Publish(ctx context.Context, name string, events ...cloudevents.Event) error {
	if len(events) == 0 {
		return nil
	}
	if len(events) > maxPackCount {
		return errs.New(errs.TooLarge, "stream.too_many", "more than %d events can't be stored at once", maxPackCount)
	}
	t, err := s.topic(ctx, name)
	if err != nil {
		return err
	}
	r := &request{payload: s.buffer(), count: len(events), done: make(chan error, 1)}
	*r.payload = appendFrames(append((*r.payload)[:0], packPlain), traceParent(ctx), events)
	switch lead, err := t.enter(r); {
	case err != nil:
		return err
	case lead:
		s.writeGroup(t)
		if t.more() {
			go s.writeRest(t)
		}
		return <-r.done
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		t.leave(r, &s.bufs)
		return errDown(ctx.Err())
	}
}

func (s *Stream) buffer() *[]byte {
	if b, ok := s.bufs.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 4096)
	return &b
}

// traceParent gives the W3C header of the span in ctx.
func traceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// enter puts a call into the queue. One that comes alone leads: it writes by
// itself at once, with no goroutine in between. Those that come while it does
// gather by themselves and are written together by writeRest.
func (t *topic) enter(r *request) (lead bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false, errDown(errors.New("the stream is stopped"))
	}
	t.queue = append(t.queue, r)
	lead = !t.led
	t.led = true
	return lead, nil
}

// writeRest writes what waits, group after group, until nothing does. It is one
// goroutine for a whole rush: handing the lead from caller to caller would
// leave the disk idle while the next one waits for a core.
func (s *Stream) writeRest(t *topic) {
	for {
		s.writeGroup(t)
		if !t.more() {
			return
		}
	}
}

// writeGroup writes as many of the waiting calls as fit into one pack and tells each the outcome.
func (s *Stream) writeGroup(t *topic) {
	group := t.group()
	if len(group) == 0 {
		return
	}
	payload := group[0].payload
	count := group[0].count
	for _, r := range group[1:] {
		*payload = append(*payload, (*r.payload)[1:]...)
		count += r.count
		s.bufs.Put(r.payload)
	}
	err := s.write(t, *payload, count)
	s.tally(err, count, len(*payload))
	s.bufs.Put(payload)
	for _, r := range group {
		r.done <- err
	}
}

// group takes the calls of the next write off the queue.
func (t *topic) group() []*request {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := min(groupBytes, t.packLimit())
	count, size, n := 0, 0, 0
	for _, r := range t.queue {
		if count += r.count; n > 0 && (count > maxPackCount || size+len(*r.payload) > limit) {
			break
		}
		size += len(*r.payload)
		n++
	}
	group := slices.Clone(t.queue[:n])
	t.queue = slices.Delete(t.queue, 0, n)
	return group
}

// more tells whether calls wait; if not, whoever comes next leads.
func (t *topic) more() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) > 0 {
		return true
	}
	t.led = false
	if t.closed {
		close(t.idle)
	}
	return false
}

// leave takes a call whose caller has gone off the queue; one that is being written stays.
func (t *topic) leave(r *request, bufs *sync.Pool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := slices.Index(t.queue, r); at >= 0 {
		t.queue = slices.Delete(t.queue, at, at+1)
		bufs.Put(r.payload)
	}
}

// close refuses further calls and waits for those that are in.
func (t *topic) close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	led := t.led
	t.mu.Unlock()
	if !led {
		return nil
	}
	select {
	case <-t.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write stores one pack and waits until it is on disk.
func (s *Stream) write(t *topic, payload []byte, count int) error {
	if err := s.checkDisk(); err != nil {
		return err
	}
	if limit := t.packLimit(); len(payload) > limit {
		payload = t.zw.EncodeAll(payload[1:], []byte{packCompressed})
		if len(payload) > limit {
			return errs.New(errs.TooLarge, "stream.too_large", "the events are larger than the NATS server's max_payload allows")
		}
	}
	// Stop lets a write that has begun come to its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), askTimeout)
	defer cancel()
	ack, err := t.js.PublishMsg(ctx, &nats.Msg{Subject: subjectFor(t.name, count), Data: payload},
		jetstream.WithRetryAttempts(4), jetstream.WithRetryWait(100*time.Millisecond))
	if err != nil {
		return storeError(err)
	}
	t.last.Store(&written{ack.Sequence, count})
	return nil
}

// tally counts what became of a group.
func (s *Stream) tally(err error, count, size int) {
	switch {
	case err == nil:
		s.commits.Add(1)
		s.events.Add(uint64(count))
		s.bytes.Add(uint64(size))
	case errs.CodeOf(err) == "stream.full":
		s.refused.Add(uint64(count))
	default:
		s.failed.Add(uint64(count))
	}
}
