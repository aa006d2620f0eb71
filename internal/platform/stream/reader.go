package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rapport-platform/rapport/internal/ground/clock"
)

// Reader gives the entries of a topic in order. It keeps a few packs at hand
// ahead of its caller. A Reader belongs to one goroutine; any number of Readers
// may read the same topic, each at its own pace.
type Reader struct {
	topic   *topic
	clock   clock.Clock
	after   uint64
	packs   chan jetstream.Msg
	stop    chan struct{}
	once    sync.Once
	consume jetstream.ConsumeContext
	current *unpacker
}

const (
	aheadPacks = 64      // asked of the server at a time
	aheadBytes = 8 << 20 // and no more than this
)

// NewReader opens a reader of the entries with a sequence number above after;
// 0 begins with the oldest. ctx is for the opening only; Close ends the reader.
func (s *Stream) NewReader(ctx context.Context, name string, after uint64) (*Reader, error) {
	t, err := s.topic(ctx, name)
	if err != nil {
		return nil, err
	}
	pack, _ := packOf(after)
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	if pack > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, pack
	}
	consumer, err := t.log.OrderedConsumer(ctx, cfg)
	if err != nil {
		return nil, errDown(err)
	}
	r := &Reader{topic: t, clock: s.opts.Clock, after: after, packs: make(chan jetstream.Msg), stop: make(chan struct{})}
	r.consume, err = consumer.Consume(func(m jetstream.Msg) {
		select {
		case r.packs <- m: // the server sends no more than asked for while this waits
		case <-r.stop:
		}
	}, jetstream.PullMaxMessagesWithBytesLimit(aheadPacks, aheadBytes),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			if !errors.Is(err, jetstream.ErrNoHeartbeat) {
				s.opts.Logger.Debug("reader of a topic was interrupted and goes on", "topic", name, "error", err)
			}
		}))
	if err != nil {
		return nil, errDown(err)
	}
	return r, nil
}

// Next gives up to max entries. If there are none it waits for the first, but
// no longer than wait, and then gives none and no error. An entry that can't be
// read gives errs.Internal with the code "stream.corrupt" once; the call after
// that goes on behind it.
func (r *Reader) Next(ctx context.Context, max int, wait time.Duration) ([]Entry, error) {
	var entries []Entry
	var timeout <-chan time.Time
	for len(entries) < max {
		if r.current == nil || !r.current.more() {
			msg, err := r.pack(ctx, len(entries) == 0, wait, &timeout)
			if err != nil || msg == nil {
				return entries, err
			}
			if err := r.open(msg); err != nil {
				return entries, err
			}
			continue
		}
		entry, err := r.current.next()
		if err != nil {
			return entries, err
		}
		if entries == nil {
			entries = make([]Entry, 0, min(max, 256))
		}
		entries = append(entries, entry)
		r.after = entry.Seq
	}
	return entries, nil
}

// pack gives the next message; nil when there is none in time.
func (r *Reader) pack(ctx context.Context, first bool, wait time.Duration, timeout *<-chan time.Time) (jetstream.Msg, error) {
	if !first || wait <= 0 {
		select {
		case m := <-r.packs:
			return m, nil
		default:
			return nil, nil
		}
	}
	if *timeout == nil {
		*timeout = r.clock.After(wait)
	}
	select {
	case m := <-r.packs:
		return m, nil
	case <-*timeout:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.stop:
		return nil, errDown(errors.New("the reader is closed"))
	case <-r.topic.ctx.Done():
		return nil, errDown(errors.New("the stream is stopped"))
	}
}

// open makes a pack the current one and passes over what lies before the reader's position.
func (r *Reader) open(msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return errDown(err)
	}
	pack := meta.Sequence.Stream
	u, err := newUnpacker(r.topic.name, pack, meta.Timestamp.UTC(), msg.Data(), r.topic.zr)
	if err != nil {
		return err
	}
	for u.more() && seqOf(pack, u.index) <= r.after {
		if err := u.skip(); err != nil {
			return err
		}
	}
	r.current = u
	return nil
}

// Close ends the reader and lets go of what it holds. It may be called twice.
func (r *Reader) Close() {
	r.once.Do(func() {
		close(r.stop)
		r.consume.Stop()
	})
}
