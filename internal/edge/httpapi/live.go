package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// LiveAPI tells the interface of changed rows as server-sent events:
//
//	GET /api/live?tables=lead,task
//	GET /api/live?tables=lead,task&viewing=lead/{id}
//
//	event: hello    data: {}                                   the stream is open
//	event: change   data: {"table","id","version","op"}        a row that the person may read has changed
//	event: presence data: {"table","id","people":[{"id","name"}]}  others who have the record of viewing=… on their screen
//	event: resync   data: {}                                   changes were lost: read again what is shown
//
// A comment each 15 s keeps the connection open. The stream ends when the
// session or the token does, and when the server stops.
type LiveAPI struct {
	Hub   *live.Hub
	Auth  Authenticator
	Clock clock.Clock
	Users record.Reader // names of those who view a record
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
	if err := view(r, sub); err != nil {
		return err
	}
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
			if users, moved := sub.Viewers(); moved {
				s.event("presence", a.presence(r, users))
			}
			pause, ready = a.Clock.After(liveBatch), nil
		}
		if s.flush() != nil {
			return
		}
	}
}

// view tells the hub which record is on the screen. One that is gone or hidden
// is no reason to do without live updates.
func view(r *http.Request, sub *live.Subscription) error {
	table, key, ok := strings.Cut(r.URL.Query().Get("viewing"), "/")
	if !ok {
		return nil
	}
	record, err := id.Parse(key)
	if err != nil {
		return err
	}
	if err := sub.View(r.Context(), table, record); !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Forbidden) {
		return err
	}
	return nil
}

type livePresence struct {
	Table  string       `json:"table"`
	ID     string       `json:"id"`
	People []livePerson `json:"people"`
}

type livePerson struct {
	ID   id.ID  `json:"id"`
	Name string `json:"name"`
}

func (a *LiveAPI) presence(r *http.Request, users []id.ID) livePresence {
	table, key, _ := strings.Cut(r.URL.Query().Get("viewing"), "/")
	out := livePresence{Table: table, ID: key, People: []livePerson{}}
	for _, user := range users {
		// Who can't be named has been deleted: nobody to be told of.
		if row, err := self(r.Context(), a.Users, user, "fullname"); err == nil {
			out.People = append(out.People, livePerson{user, row.Text("fullname")})
		}
	}
	return out
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
