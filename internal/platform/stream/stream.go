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
// many goroutines between Start and Stop.
type Stream struct {
	opts Options

	server *server.Server // nil when external
	lock   *dirLock
	nc     *nats.Conn
	js     jetstream.JetStream

	mu      sync.RWMutex
	topics  map[string]*topic
	ctx     context.Context // of the service; ends with Stop
	cancel  context.CancelFunc
	running bool

	zw   *zstd.Encoder
	zr   *zstd.Decoder
	bufs sync.Pool // *[]byte

	events, commits, bytes, refused, failed atomic.Uint64
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
	return &Stream{opts: o, topics: map[string]*topic{}}
}

// Start opens the log, or connects to it, and returns once it can be used.
func (s *Stream) Start(ctx context.Context) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return errors.New("the stream is already started")
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.zw, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)); err != nil {
		return err
	}
	if s.zr, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*maxPack)); err != nil {
		return err
	}
	if s.opts.URL == "" {
		if err := s.startServer(ctx); err != nil {
			return fmt.Errorf("event stream in %s: %w", s.opts.Dir, err)
		}
	}
	if err := s.connect(); err != nil {
		return fmt.Errorf("event stream: %w", err)
	}
	s.running = true
	return nil
}

// Stop lets the writes under way finish, then closes the log.
func (s *Stream) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return nil
	}
	s.running = false
	s.cancel()
	var err error
	for _, t := range s.topics {
		select {
		case <-t.done:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	clear(s.topics)
	s.release()
	return err
}

// release closes whatever Start has opened.
func (s *Stream) release() {
	s.cancel()
	if s.nc != nil {
		s.nc.Close()
		s.nc, s.js = nil, nil
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
		s.server = nil
	}
	if s.lock != nil {
		s.lock.release()
		s.lock = nil
	}
	if s.zw != nil {
		s.zw.Close()
		s.zw = nil
	}
	if s.zr != nil {
		s.zr.Close()
		s.zr = nil
	}
}

// Ready tells why events can't be taken now; nil when, as far as is known, they can.
func (s *Stream) Ready() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case !s.running:
		return errDown(errors.New("the stream is not started"))
	case !s.nc.IsConnected():
		return errDown(errors.New("no connection to NATS"))
	case s.server != nil && !s.server.JetStreamEnabled():
		return errDown(errors.New("JetStream has switched itself off"))
	}
	return s.checkDisk()
}

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
