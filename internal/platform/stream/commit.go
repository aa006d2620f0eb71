package stream

import (
	"context"
	"errors"
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

// request is one call of Publish that waits for the committer.
type request struct {
	frames *[]byte
	count  int
	done   chan error // takes exactly one
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
	r := &request{frames: s.buffer(), count: len(events), done: make(chan error, 1)}
	scratch := s.buffer()
	*r.frames, *scratch = appendFrames((*r.frames)[:0], traceParent(ctx), events, *scratch)
	s.bufs.Put(scratch)
	select {
	case t.requests <- r:
	case <-t.done:
		return errDown(errors.New("the stream is stopped"))
	case <-ctx.Done():
		return errDown(ctx.Err())
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return errDown(ctx.Err())
	case <-t.done:
	}
	// The committer may have answered before it ended.
	select {
	case err := <-r.done:
		return err
	default:
		return errDown(errors.New("the stream is stopped"))
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

// commit writes what the callers of Publish bring until the service ends. It
// takes all that waits at this moment as one group and never waits for more:
// while a group is being flushed the next one gathers by itself.
func (s *Stream) commit(t *topic) {
	defer close(t.done)
	var group []*request
	var carried *request // did not fit into the group before
	payload := make([]byte, 0, 64<<10)
	limit := min(groupBytes, t.packLimit()-1)
	for {
		first := carried
		carried = nil
		if first == nil {
			select {
			case first = <-t.requests:
			case <-t.ctx.Done():
				return
			}
		}
		group = append(group[:0], first)
		count, size := first.count, len(*first.frames)
	gather:
		for size < limit {
			select {
			case r := <-t.requests:
				if count+r.count > maxPackCount || size+len(*r.frames) > limit {
					carried = r
					break gather
				}
				group = append(group, r)
				count += r.count
				size += len(*r.frames)
			default:
				break gather
			}
		}
		payload = append(payload[:0], packPlain)
		for _, r := range group {
			payload = append(payload, *r.frames...)
			s.bufs.Put(r.frames)
			r.frames = nil
		}
		err := s.write(t, payload, count)
		s.tally(err, count, len(payload))
		for _, r := range group {
			r.done <- err
		}
		clear(group)
		if t.ctx.Err() != nil {
			return
		}
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
