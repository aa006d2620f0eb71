package event

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// Stream gives a topic of the event stream as a log.
func Stream(s *stream.Stream, topic string) Log { return streamLog{s, topic} }

type streamLog struct {
	s     *stream.Stream
	topic string
}

func (l streamLog) Topic() string { return l.topic }

func (l streamLog) Open(ctx context.Context, after uint64) (Reader, error) {
	r, err := l.s.NewReader(ctx, l.topic, after)
	if err != nil {
		return nil, err
	}
	return streamReader{r}, nil
}

func (l streamLog) Get(ctx context.Context, seq uint64) (Event, error) {
	e, err := l.s.Get(ctx, l.topic, seq)
	if err != nil {
		return Event{}, err
	}
	return fromEntry(e), nil
}

func (l streamLog) Last(ctx context.Context) (uint64, error) {
	st, err := l.s.State(ctx, l.topic)
	return st.Last, err
}

// Empty tells whether the topic holds nothing: then Last is a bound that no
// reader will get to.
func (l streamLog) Empty(ctx context.Context) (bool, error) {
	st, err := l.s.State(ctx, l.topic)
	return st.Count == 0, err
}

type streamReader struct{ *stream.Reader }

func (r streamReader) Next(ctx context.Context, max int, wait time.Duration) ([]Event, error) {
	entries, err := r.Reader.Next(ctx, max, wait)
	out := make([]Event, len(entries))
	for i, e := range entries {
		out[i] = fromEntry(e)
	}
	return out, err
}

func fromEntry(e stream.Entry) Event {
	cloud := e.Event
	return Event{Topic: e.Topic, Seq: e.Seq, Source: cloud.Source, ID: cloud.ID, At: e.Stored, Trace: e.TraceParent, Cloud: &cloud}
}

// Changes gives the change log as a log.
func Changes(l *changelog.Log) Log { return changeLog{l} }

type changeLog struct{ l *changelog.Log }

func (c changeLog) Topic() string { return "changes" }

func (c changeLog) Open(_ context.Context, after uint64) (Reader, error) {
	return &changeReader{l: c.l, seq: int64(after)}, nil
}

func (c changeLog) Get(ctx context.Context, seq uint64) (Event, error) {
	changes, err := c.l.After(ctx, int64(seq)-1, 1)
	if err != nil {
		return Event{}, err
	}
	if len(changes) == 0 || changes[0].Seq != int64(seq) {
		return Event{}, errs.New(errs.NotFound, "event.gone", "the event is no longer kept")
	}
	return fromChange(&changes[0]), nil
}

func (c changeLog) Last(ctx context.Context) (uint64, error) {
	seq, err := c.l.Last(ctx)
	return uint64(seq), err
}

type changeReader struct {
	l   *changelog.Log
	seq int64
}

func (r *changeReader) Next(ctx context.Context, max int, wait time.Duration) ([]Event, error) {
	grown := r.l.Tailer().Updated() // taken before looking, so that nothing slips between
	changes, err := r.l.Tailer().After(ctx, r.seq, max)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		select {
		case <-grown:
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if changes, err = r.l.Tailer().After(ctx, r.seq, max); err != nil {
			return nil, err
		}
	}
	out := make([]Event, len(changes))
	for i := range changes {
		out[i] = fromChange(&changes[i])
		r.seq = changes[i].Seq
	}
	return out, nil
}

func (r *changeReader) Close() {}

// fromChange gives a change, which is not copied: changes are shared by all who
// follow the log, and nobody alters them.
func fromChange(c *changelog.Change) Event {
	return Event{Topic: "changes", Seq: uint64(c.Seq), Source: c.Table, ID: c.Record.String() + "@" + itoa(c.Version), At: c.At, Change: c}
}
