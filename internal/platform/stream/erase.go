package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// Erased names an event that was taken out of a topic.
type Erased struct{ Source, ID string }

// Erase takes events out of a topic for which match says so. The pack that holds
// one is overwritten on disk; what else it held is stored anew before, so those
// events come again under a new sequence number, and consumers know them by
// source and id. What was trimmed before is not in the topic any more; its bytes
// may lie on the disk until the topic is empty once or its file is full: see Rest.
func (s *Stream) Erase(ctx context.Context, name string, match func(cloudevents.Event) bool) (out []Erased, err error) {
	t, err := s.topic(ctx, name)
	if err != nil {
		return nil, err
	}
	packs, err := s.packsWith(ctx, name, match)
	if err != nil {
		return nil, err
	}
	for _, pack := range packs {
		msg, err := t.log.GetMsg(ctx, pack)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // trimmed since
		}
		if err != nil {
			return out, errDown(err)
		}
		u, err := newUnpacker(name, pack, msg.Time.UTC(), msg.Data, t.zr)
		if err != nil {
			return out, err
		}
		var others []cloudevents.Event
		for u.more() {
			entry, err := u.next()
			if err != nil {
				return out, err
			}
			if match(entry.Event) {
				out = append(out, Erased{entry.Event.Source, entry.Event.ID})
			} else {
				others = append(others, entry.Event)
			}
		}
		if err := s.Publish(ctx, name, others...); err != nil {
			return out, err
		}
		if err := t.log.SecureDeleteMsg(ctx, pack); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return out, errDown(err)
		}
	}
	return out, nil
}

// packsWith finds the packs that hold an event which match says so of.
func (s *Stream) packsWith(ctx context.Context, name string, match func(cloudevents.Event) bool) ([]uint64, error) {
	st, err := s.State(ctx, name)
	if err != nil || st.Count == 0 {
		return nil, err
	}
	r, err := s.NewReader(ctx, name, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out []uint64
	for {
		entries, err := r.Next(ctx, 1000, 5*time.Second)
		for _, e := range entries {
			if pack, _ := packOf(e.Seq); match(e.Event) && (len(out) == 0 || out[len(out)-1] != pack) {
				out = append(out, pack)
			}
			if e.Seq >= st.Last {
				return out, nil
			}
		}
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 { // trimmed meanwhile
			return out, nil
		}
	}
}

// Rest tells whether the topic's files may hold bytes of events that were
// trimmed: so it is until all that the topic holds was trimmed at one time.
func (s *Stream) Rest(ctx context.Context, name string) (bool, error) {
	st, err := s.State(ctx, name)
	return st.Count > 0, err
}

// Find gives the events of a topic for which match says so, as far as they have
// not been trimmed.
func (s *Stream) Find(ctx context.Context, name string, match func(cloudevents.Event) bool) (out []cloudevents.Event, err error) {
	_, err = s.packsWith(ctx, name, func(e cloudevents.Event) bool {
		found := match(e)
		if found {
			out = append(out, e)
		}
		return found
	})
	return out, err
}
