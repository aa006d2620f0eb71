package stream

import (
	"context"
	"errors"
	"slices"
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
	turn    chan turn // takes exactly one
}

// turn is what a waiting call is told: its outcome, or to write the next group.
type turn struct {
	lead bool
	err  error
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
	r := &request{payload: s.buffer(), count: len(events), turn: make(chan turn, 1)}
	scratch := s.buffer()
	*r.payload, *scratch = appendFrames(append((*r.payload)[:0], packPlain), traceParent(ctx), events, *scratch)
	s.bufs.Put(scratch)
	switch lead, err := t.enter(r); {
	case err != nil:
		return err
	case lead:
		return s.lead(t)
	}
	select {
	case turn := <-r.turn:
		if turn.lead {
			return s.lead(t)
		}
		return turn.err
	case <-ctx.Done():
		s.leave(t, r)
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

// enter puts a call into the queue. The first one leads: it writes for all that
// wait. So a call that comes alone is written at once by its own goroutine,
// and while one group is being flushed the next gathers by itself.
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

// lead writes one group, the caller's own call first in it, tells the others
// the outcome and leaves the lead to the first of those that have come since.
func (s *Stream) lead(t *topic) error {
	group := t.group()
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
	t.pass()
	for _, r := range group[1:] {
		r.turn <- turn{err: err}
	}
	return err
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
	group := append([]*request(nil), t.queue[:n]...)
	t.queue = append(t.queue[:0], t.queue[n:]...)
	return group
}

// pass leaves the lead to the first call that waits.
func (t *topic) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) > 0 {
		t.queue[0].turn <- turn{lead: true}
		return
	}
	t.led = false
	if t.closed {
		close(t.idle)
	}
}

// leave takes a call whose caller has gone off the queue. One that is being
// written stays, and one that has just been given the lead passes it on.
func (s *Stream) leave(t *topic, r *request) {
	t.mu.Lock()
	at := slices.Index(t.queue, r)
	if at >= 0 {
		t.queue = slices.Delete(t.queue, at, at+1)
		s.bufs.Put(r.payload)
	}
	t.mu.Unlock()
	if at < 0 {
		return
	}
	select {
	case <-r.turn: // it can only be the lead, for it was still in the queue
		t.pass()
	default:
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
