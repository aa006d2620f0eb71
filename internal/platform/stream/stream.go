package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// Options say where the log is kept. The zero value of a field means its default.
type Options struct {
	Dir      string       // folder of the embedded server; needed unless URL is set
	URL      string       // an external NATS server, or several with commas between; empty means embedded
	Clock    clock.Clock  // default: the machine's
	Logger   *slog.Logger // default: slog's
	MaxBytes int64        // what one topic may take on disk; default 4 GiB
	Replicas int          // copies on an external cluster; default 3 there, always 1 when embedded
}

// Entry is one event as it lies in the log.
type Entry struct {
	Seq         uint64 // position in the topic: unique, growing, not dense
	Topic       string
	Stored      time.Time // when the log took it, UTC
	Event       cloudevents.Event
	TraceParent string // W3C traceparent of the publisher's span; empty if there was none
}

// Stats counts what a Stream has done since it started.
type Stats struct {
	Events  uint64 // stored
	Commits uint64 // writes they took: each is one fsync
	Bytes   uint64 // payload written
	Refused uint64 // events refused because the topic or disk is full
	Failed  uint64 // events that were not acknowledged for any other reason
}

// Stream is the log. It is a lifecycle.Service; all methods may be called by
// many goroutines.
type Stream struct {
	opts     Options
	diskFree func(dir string) (bytes uint64, known bool)

	mu   sync.RWMutex
	open *session // nil unless started

	bufs sync.Pool // *[]byte

	events, commits, bytes, refused, failed atomic.Uint64
}

// session is what lives from a Start to its Stop.
type session struct {
	ctx    context.Context // ends with Stop
	cancel context.CancelFunc
	server *server.Server // nil when external
	lock   *dirLock
	nc     *nats.Conn
	js     jetstream.JetStream
	zw     *zstd.Encoder
	zr     *zstd.Decoder
	topics map[string]*topic // guarded by Stream.mu
}

const (
	subjectPrefix   = "rapport.topic."
	namePrefix      = "RAPPORT_"
	defaultMaxBytes = 4 << 30
	// maxPack bounds a message of the embedded server. A request of 1 MB grows
	// at most by a half when kept, by base64 or by members an Event Grid event lacks.
	maxPack = 4 << 20
)

// New gives a stream that does nothing until it is started.
func New(o Options) *Stream {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	switch {
	case o.URL == "":
		o.Replicas = 1
	case o.Replicas <= 0:
		o.Replicas = 3
	}
	return &Stream{opts: o, diskFree: diskfile.Free}
}

// Start opens the log, or connects to it, and returns once it can be used.
func (s *Stream) Start(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return errors.New("the stream is already started")
	}
	n := &session{topics: map[string]*topic{}}
	n.ctx, n.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			n.release()
		}
	}()
	if n.zw, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)); err != nil {
		return err
	}
	if n.zr, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(4*maxPack)); err != nil {
		return err
	}
	if s.opts.URL == "" {
		if err := n.serve(ctx, s.opts); err != nil {
			return fmt.Errorf("event stream in %s: %w", s.opts.Dir, err)
		}
	}
	if err := n.connect(s.opts); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	s.open = n
	return nil
}

// Stop lets the writes under way finish, then closes the log.
func (s *Stream) Stop(ctx context.Context) error {
	s.mu.Lock()
	n := s.open
	s.open = nil
	s.mu.Unlock()
	if n == nil {
		return nil
	}
	n.cancel()
	var err error
	for _, t := range n.topics { // nobody adds to it any more
		err = errors.Join(err, t.close(ctx))
	}
	n.release()
	return err
}

// release closes whatever Start has opened.
func (n *session) release() {
	n.cancel()
	if n.nc != nil {
		n.nc.Close()
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	if n.lock != nil {
		n.lock.release()
	}
	if n.zw != nil {
		n.zw.Close()
	}
	if n.zr != nil {
		n.zr.Close()
	}
}

// session gives what is open now.
func (s *Stream) session() (*session, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.open == nil {
		return nil, errDown(errors.New("the stream is not started"))
	}
	return s.open, nil
}

// Ready tells why events can't be taken now; nil when, as far as is known, they can.
func (s *Stream) Ready() error {
	n, err := s.session()
	switch {
	case err != nil:
		return err
	case !n.nc.IsConnected():
		return errDown(errors.New("no connection to NATS"))
	case n.server != nil && !n.server.JetStreamEnabled():
		return errDown(errors.New("JetStream has switched itself off"))
	}
	return s.checkDisk()
}

// Capacity is what one topic may take on disk, in bytes; a topic that is full
// refuses events.
func (s *Stream) Capacity() int64 { return s.opts.MaxBytes }

// Durability says what an acknowledgement promises, for the line at start-up.
func (s *Stream) Durability() string {
	switch {
	case s.opts.URL == "":
		return "each acknowledgement is fsynced on this node"
	case s.opts.Replicas > 1:
		return fmt.Sprintf("quorum of %d replicas", s.opts.Replicas)
	}
	return "one replica on an external NATS server, flushed as that server is configured (sync_interval: always)"
}

// Stats gives the counts since the stream was made.
func (s *Stream) Stats() Stats {
	return Stats{Events: s.events.Load(), Commits: s.commits.Load(), Bytes: s.bytes.Load(), Refused: s.refused.Load(), Failed: s.failed.Load()}
}
