package stream

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// topic is one log of JetStream and the calls of Publish that wait for it.
type topic struct {
	*session
	name string
	log  jetstream.Stream
	last atomic.Pointer[written] // the newest pack this process knows of

	mu     sync.Mutex
	queue  []*request
	led    bool // somebody writes
	closed bool
	idle   chan struct{} // closed when the last call of a closed topic is done
}

// written is a pack and the number of its events.
type written struct {
	pack  uint64
	count int
}

// State is what a topic holds.
type State struct {
	First uint64 // sequence number of the oldest entry; 0 when there is none
	Last  uint64 // that of the newest ever stored, or just above if all are trimmed; 0 when there never was one
	Count uint64 // entries
	Bytes uint64 // on disk
}

var topicName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,49}$`)

// EnsureTopic makes a topic, or brings an existing one in line with the
// options. A name has 1 to 50 lower-case letters, digits and hyphens.
func (s *Stream) EnsureTopic(ctx context.Context, name string) error {
	if !topicName.MatchString(name) {
		return errs.New(errs.Invalid, "stream.topic_name", "a topic's name has 1 to 50 lower-case letters, digits and hyphens and begins with a letter")
	}
	n, err := s.session()
	if err != nil {
		return err
	}
	log, err := n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        namePrefix + name,
		Description: "Events of topic " + name,
		Subjects:    []string{subjectPrefix + name + ".*"},
		Retention:   jetstream.LimitsPolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    s.opts.MaxBytes,
		MaxMsgs:     -1,
		MaxMsgSize:  -1,
		Replicas:    s.opts.Replicas,
		AllowDirect: true,
	})
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "stream.unavailable", "topic %s can't be opened", name)
	}
	_, err = s.adopt(n, name, log)
	return err
}

// adopt makes a topic known to this process, once.
func (s *Stream) adopt(n *session, name string, log jetstream.Stream) (*topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != n {
		return nil, errDown(errors.New("the stream is stopped"))
	}
	if t := n.topics[name]; t != nil {
		return t, nil
	}
	t := &topic{session: n, name: name, log: log, idle: make(chan struct{})}
	n.topics[name] = t
	return t, nil
}

// topic finds a topic, also one that another node has made since.
func (s *Stream) topic(ctx context.Context, name string) (*topic, error) {
	s.mu.RLock()
	n := s.open
	if n != nil {
		if t := n.topics[name]; t != nil {
			s.mu.RUnlock()
			return t, nil
		}
	}
	s.mu.RUnlock()
	if n == nil {
		return nil, errDown(errors.New("the stream is not started"))
	}
	if !topicName.MatchString(name) {
		return nil, errNoTopic(nil)
	}
	log, err := n.js.Stream(ctx, namePrefix+name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, errNoTopic(err)
	}
	if err != nil {
		return nil, errDown(err)
	}
	return s.adopt(n, name, log)
}

// Get gives one entry by its sequence number.
func (s *Stream) Get(ctx context.Context, name string, seq uint64) (Entry, error) {
	t, err := s.topic(ctx, name)
	if err != nil {
		return Entry{}, err
	}
	missing := errs.New(errs.NotFound, "stream.entry_unknown", "there is no such entry in the topic")
	pack, index := packOf(seq)
	if pack == 0 {
		return Entry{}, missing
	}
	msg, err := t.log.GetMsg(ctx, pack)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Entry{}, missing
	}
	if err != nil {
		return Entry{}, errDown(err)
	}
	u, err := newUnpacker(name, pack, msg.Time.UTC(), msg.Data, t.zr)
	if err != nil {
		return Entry{}, err
	}
	for ; u.more() && u.index < index; err = u.skip() {
		if err != nil {
			return Entry{}, err
		}
	}
	if !u.more() {
		return Entry{}, missing
	}
	return u.next()
}

// Trim gives the room of entries up to and including a sequence number back.
// What was committed in one write goes in one piece: entries that share a pack
// with a later one stay readable until that one is trimmed too.
func (s *Stream) Trim(ctx context.Context, name string, through uint64) error {
	t, err := s.topic(ctx, name)
	if err != nil {
		return err
	}
	pack, index := packOf(through)
	if pack == 0 {
		return nil
	}
	keep := pack // the oldest pack that must stay
	if index == maxPackCount-1 {
		keep++
	} else if msg, err := t.log.GetMsg(ctx, pack); err == nil {
		if count := countIn(msg.Subject); count > 0 && index == count-1 {
			keep++
		}
	} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return errDown(err)
	}
	if err := t.log.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return errDown(err)
	}
	return nil
}

// State tells what a topic holds. It costs one question to JetStream.
func (s *Stream) State(ctx context.Context, name string) (State, error) {
	t, err := s.topic(ctx, name)
	if err != nil {
		return State{}, err
	}
	info, err := t.log.Info(ctx, jetstream.WithSubjectFilter(subjectPrefix+name+".*"))
	if err != nil {
		return State{}, errDown(err)
	}
	st := State{Bytes: info.State.Bytes}
	for subject, packs := range info.State.Subjects {
		st.Count += packs * uint64(countIn(subject))
	}
	if info.State.LastSeq == 0 {
		return st, nil
	}
	st.Last = seqOf(info.State.LastSeq, maxPackCount-1)
	if info.State.Msgs == 0 {
		return st, nil
	}
	st.First = seqOf(info.State.FirstSeq, 0)
	known := t.last.Load()
	if known == nil || known.pack != info.State.LastSeq {
		msg, err := t.log.GetMsg(ctx, info.State.LastSeq)
		if errors.Is(err, jetstream.ErrMsgNotFound) { // it was erased: the newest that is there counts
			msg, err = t.log.GetLastMsgForSubject(ctx, subjectPrefix+name+".*")
		}
		if err != nil {
			return st, nil // trimmed in between: the bound above still holds
		}
		known = &written{msg.Sequence, countIn(msg.Subject)}
		t.last.Store(known)
	}
	if known.count > 0 {
		st.Last = seqOf(known.pack, known.count-1)
	}
	return st, nil
}
