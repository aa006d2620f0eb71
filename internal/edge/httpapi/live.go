package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/platform/access"
)

// LiveAPI tells the interface of changed rows as server-sent events:
//
//	GET /api/live?tables=lead,task
//
//	event: hello    data: {}                                   the stream is open
//	event: change   data: {"table","id","version","op"}        a row that the person may read has changed
//	event: resync   data: {}                                   changes were lost: read again what is shown
//
// A comment each 15 s keeps the connection open. The stream ends when the
// session or the token does, and when the server stops.
type LiveAPI struct {
	Hub   *live.Hub
	Auth  Authenticator
	Clock clock.Clock
}

const (
	liveBeat  = 15 * time.Second
	liveBatch = 100 * time.Millisecond // the least time between two batches of one stream
	liveWrite = 10 * time.Second       // how long a client may take to accept what is sent
)

// Register adds the route.
func (a *LiveAPI) Register(mux *http.ServeMux) { mux.HandleFunc("GET /api/live", answering(a.stream)) }

func (a *LiveAPI) stream(w http.ResponseWriter, r *http.Request) error {
	if access.From(r.Context()).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	sub, err := a.Hub.Subscribe(r.Context(), strings.FieldsFunc(r.URL.Query().Get("tables"), func(c rune) bool { return c == ',' }))
	if err != nil {
		return err
	}
	defer sub.Close()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // asks proxies not to hold events back
	s := &eventStream{w: w, to: http.NewResponseController(w)}
	defer s.to.SetWriteDeadline(time.Time{}) // the connection may serve another request
	beat := a.Clock.After(liveBeat)
	s.event("hello", struct{}{})
	if s.flush() == nil {
		a.run(r, sub, s, beat)
	}
	return nil
}

// run sends until the client, the session or the server ends.
func (a *LiveAPI) run(r *http.Request, sub *live.Subscription, s *eventStream, beat <-chan time.Time) {
	ctx, who := r.Context(), signedInOf(r.Context())
	ready := sub.Ready()
	var pause <-chan time.Time // after a batch the next one waits for this
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.Done():
			return
		case <-pause:
			pause, ready = nil, sub.Ready()
			continue
		case <-beat:
			if who.still(ctx, a.Auth) != nil {
				return
			}
			beat = a.Clock.After(liveBeat)
			s.comment()
		case <-ready:
			hints, resync := sub.Take(ctx)
			if resync {
				s.event("resync", struct{}{})
			}
			for _, hint := range hints {
				s.event("change", hint)
			}
			pause, ready = a.Clock.After(liveBatch), nil
		}
		if s.flush() != nil {
			return
		}
	}
}

// eventStream writes server-sent events; they go out with flush.
type eventStream struct {
	w   http.ResponseWriter
	to  *http.ResponseController
	buf []byte
}

func (s *eventStream) event(name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		return // a hint of texts and numbers always has a JSON form
	}
	s.buf = append(s.buf, "event: "+name+"\ndata: "...)
	s.buf = append(s.buf, text...)
	s.buf = append(s.buf, "\n\n"...)
}

func (s *eventStream) comment() { s.buf = append(s.buf, ":\n\n"...) }

// flush sends what has gathered. A client that does not take it in time is
// given up: its screen connects again and reads everything.
func (s *eventStream) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	// A socket's deadline is the machine's time, whatever clock the rest goes by.
	// Where none can be set, the server's own limits hold.
	_ = s.to.SetWriteDeadline(clock.System{}.Now().Add(liveWrite))
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	if err != nil {
		return err
	}
	return s.to.Flush()
}
