package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// MiddlewareOptions are what stands around every handler.
type MiddlewareOptions struct {
	Auth       Authenticator         // who asks; nil lets everybody in as nobody
	Registerer prometheus.Registerer // nil keeps no metrics
	Logger     *slog.Logger          // nil means slog.Default()
	Clock      clock.Clock
	Proxies    []netip.Prefix // whose X-Forwarded-For is believed
}

// Middleware stands around every handler: request ids, traces, metrics, the
// access log, security headers, panics, and who asks.
type Middleware struct {
	o        MiddlewareOptions
	duration *prometheus.HistogramVec
}

// NewMiddleware makes it and registers its metrics.
func NewMiddleware(o MiddlewareOptions) *Middleware {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	m := &Middleware{o: o, duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "rapport_http_request_duration_seconds", Help: "Time to answer a request, by route, method and status; of an event stream, time to its first byte.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "method", "code"})}
	if o.Registerer != nil {
		o.Registerer.MustRegister(m.duration)
	}
	return m
}

// Wrap puts the middleware around a mux.
func (m *Middleware) Wrap(mux http.Handler) http.Handler {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux names the route in the request it is given, which is a copy of
		// the one that came in.
		defer func() { visitOf(r.Context()).route = r.Pattern }()
		mux.ServeHTTP(w, r)
	})
	if m.o.Auth == nil {
		return m.observe(inner)
	}
	return m.observe(Authenticate(m.o.Auth, m.o.Proxies, inner))
}

// visit is what the middleware notes of one request.
type visit struct {
	id    string
	route string
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// RequestID gives the id under which the request stands in the log; "" outside one.
func RequestID(ctx context.Context) string { return visitOf(ctx).id }

func (m *Middleware) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := m.o.Clock.Now()
		v := &visit{id: id.New().String()}
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := otel.Tracer("github.com/rapport-platform/rapport/internal/edge/httpapi").Start(ctx, methodLabel(r.Method), trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
		out := &answer{ResponseWriter: w, clock: m.o.Clock}
		securityHeaders(out.Header(), r)
		out.Header().Set("X-Request-Id", v.id)
		aborted := m.recovered(out, r, next)
		took := m.finish(out, r, v, span, began)
		m.log(out, r, v, took)
		if aborted {
			panic(http.ErrAbortHandler) // the server then closes the connection, so that half an answer is not taken for a whole one
		}
	})
}

// recovered runs the handler. A panic is logged and answered with 500; where
// the answer has begun already, aborted says that it must be broken off.
func (m *Middleware) recovered(w *answer, r *http.Request, next http.Handler) (aborted bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			aborted = true
			return
		}
		m.o.Logger.ErrorContext(r.Context(), "a handler panicked", "request", visitOf(r.Context()).id, "method", methodLabel(r.Method), "path", quietPath(r.URL.Path),
			"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if w.status != 0 {
			aborted = true
			return
		}
		WriteError(w, r, errs.New(errs.Internal, "internal", "a handler panicked"))
	}()
	next.ServeHTTP(w, r)
	return false
}

// finish notes the outcome in metrics and trace.
func (m *Middleware) finish(w *answer, r *http.Request, v *visit, span trace.Span, began time.Time) time.Duration {
	if w.status == 0 {
		w.status, w.at = http.StatusOK, m.o.Clock.Now() // nothing was written: the server sends 200
	}
	took := m.o.Clock.Now().Sub(began)
	measured := took
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		measured = w.at.Sub(began)
	}
	route := routeLabel(v.route)
	m.duration.WithLabelValues(route, methodLabel(r.Method), strconv.Itoa(w.status)).Observe(measured.Seconds())
	span.SetName(methodLabel(r.Method) + " " + route)
	span.SetAttributes(attribute.String("http.request.method", methodLabel(r.Method)), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", w.status), attribute.String("rapport.request_id", v.id))
	if w.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	return took
}

// log writes the access log: no query, no header and no quoted part of the
// path, as these may hold secrets or personal data.
func (m *Middleware) log(w *answer, r *http.Request, v *visit, took time.Duration) {
	level := slog.LevelInfo
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		level = slog.LevelDebug // asked every few seconds
	}
	if !m.o.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{slog.String("request", v.id), slog.String("method", methodLabel(r.Method)), slog.String("path", quietPath(r.URL.Path)),
		slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.Duration("took", took)}
	if sc := trace.SpanContextFromContext(r.Context()); sc.HasTraceID() {
		attrs = append(attrs, slog.String("trace", sc.TraceID().String()))
	}
	m.o.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// quietPath leaves out what stands in quotes, which are values of alternate
// keys such as e-mail addresses, and cuts long paths.
func quietPath(path string) string {
	const longest = 200
	var b strings.Builder
	quoted := false
	for _, c := range path {
		if c == '\'' {
			quoted = !quoted
		} else if quoted {
			continue
		}
		if b.Len() >= longest {
			b.WriteString("…")
			break
		}
		b.WriteRune(c)
	}
	return b.String()
}

// methodLabel keeps the number of label values bounded: a client may send any word.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// routeLabel gives the mux's pattern without its method.
func routeLabel(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" {
		return "none"
	}
	return pattern
}

func securityHeaders(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if secure(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// secure tells whether the client's connection is encrypted, up to us or to
// the proxy in front. A client that pretends so harms itself alone: its own
// browser then keeps or drops its own cookie.
func secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// answer notes status and size of what is written.
type answer struct {
	http.ResponseWriter
	clock  clock.Clock
	status int       // 0 until the header is written
	at     time.Time // when it was
	bytes  int64
}

// WriteHeader notes the first final status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status, a.at = status, a.clock.Now()
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes the size.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status, a.at = http.StatusOK, a.clock.Now()
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
