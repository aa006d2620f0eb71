package httpapi

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// EventsAPI takes events from publishers:
//
//	POST    /api/events/{topic}   CloudEvents (structured, batched, binary) or the Event Grid schema
//	OPTIONS /api/events/{topic}   the abuse-protection handshake of CloudEvents' web hooks
//
// The key stands in the header aeg-sas-key or as a bearer token. The answer is
// 200 without a body once all events are on disk; the Event Grid SDK takes any
// other 2xx for a failure. A query, such as ?api-version=, is passed over.
type EventsAPI struct {
	Publisher portal.Publisher
	Keys      portal.Keys

	bodies sync.Pool // *bytes.Buffer
}

var (
	errEventsKey      = errs.New(errs.Unauthenticated, "event.key", "the key is missing, wrong or not for this topic; send it as aeg-sas-key or as a bearer token")
	errEventsSize     = errs.New(errs.TooLarge, "event.too_large", "the event or batch is larger than 1 MB")
	errEventsBody     = errs.New(errs.Invalid, "event.unreadable", "the request's body could not be read to its end")
	errEventsEncoding = errs.New(errs.Unsupported, "event.content_encoding", "compressed requests are not taken")
)

// Register adds the routes.
func (a *EventsAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/events/{topic}", a.publish)
	mux.HandleFunc("OPTIONS /api/events/{topic}", a.handshake)
}

// publish answers POST /api/events/{topic}. The key is looked at before
// anything of the body is read.
func (a *EventsAPI) publish(w http.ResponseWriter, r *http.Request) {
	topic := r.PathValue("topic")
	secret := publishingKey(r.Header)
	allowed, err := false, error(nil)
	if secret != "" {
		allowed, err = a.Keys.Allowed(r.Context(), topic, secret)
	}
	if err != nil {
		writePortalError(w, r, err) // refused for now, not for good: the publisher tries again
		return
	}
	if !allowed {
		w.Header().Set("WWW-Authenticate", `Bearer realm="events"`)
		writePortalError(w, r, errEventsKey)
		return
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		writePortalError(w, r, errEventsEncoding)
		return
	}
	// The publisher keeps nothing of the events, so the body's memory is used again.
	buffer, ok := a.bodies.Get().(*bytes.Buffer)
	if !ok {
		buffer = new(bytes.Buffer)
	}
	defer a.bodies.Put(buffer)
	body, err := readEvents(w, r, buffer)
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	events, err := cloudevents.FromHTTP(r.Header, body, "/topics/"+topic)
	if err != nil {
		writePortalError(w, r, err)
		return
	}
	ctx := r.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() && r.Header.Get("Traceparent") != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	if err := a.Publisher.Publish(ctx, topic, events...); err != nil {
		writePortalError(w, r, err)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// readEvents reads the body in one piece, at most what a batch may have.
func readEvents(w http.ResponseWriter, r *http.Request, into *bytes.Buffer) ([]byte, error) {
	if r.ContentLength > cloudevents.MaxBytes {
		// Nothing is read of it, so the connection can't be used again.
		w.Header().Set("Connection", "close")
		return nil, errEventsSize
	}
	into.Reset()
	if r.ContentLength > 0 {
		into.Grow(int(r.ContentLength) + bytes.MinRead) // with the room that ReadFrom wants at the end
	}
	_, err := into.ReadFrom(http.MaxBytesReader(w, r.Body, cloudevents.MaxBytes))
	if err == nil {
		return into.Bytes(), nil
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errEventsSize
	}
	return nil, errEventsBody
}

// publishingKey finds the key where publishers put it.
func publishingKey(h http.Header) string {
	if key := h.Get("Aeg-Sas-Key"); key != "" {
		return key
	}
	scheme, key, _ := strings.Cut(h.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "SharedAccessKey") {
		return strings.TrimSpace(key)
	}
	return ""
}

// handshake answers a sender that asks whether it may send here. The key
// decides that with each event, so any sender may ask.
func (a *EventsAPI) handshake(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", "POST, OPTIONS")
	if origin := r.Header.Get("Webhook-Request-Origin"); origin != "" && len(origin) <= 255 {
		h.Set("Webhook-Allowed-Origin", "*")
		if r.Header.Get("Webhook-Request-Rate") != "" {
			h.Set("Webhook-Allowed-Rate", "*")
		}
	}
	w.WriteHeader(http.StatusOK)
}
