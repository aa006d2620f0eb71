package httpapi

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// WriteError answers with an error in the shape of Dataverse, with our own
// stable code and the complaints about single fields beside it. It is the one
// place that turns kinds of errors into statuses. What is internal is logged
// and not sent.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := publicError(err)
	status := statusOf(e)
	logFailure(slog.Default(), r, e, err)
	h := w.Header()
	h.Set("Content-Type", "application/json; odata.metadata=minimal")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		base := (&ODataAPI{}).base(r)
		h.Set("WWW-Authenticate", `Bearer realm="rapport", authorization_uri="`+base+`/oauth2/v2.0/authorize", resource_id="`+base+`/"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
	}
	w.WriteHeader(status)
	body := errorBody{Code: dataverseCode(e), Message: e.Message, Ours: e.Code, Fields: e.Fields}
	// When the sender has gone nobody is left to tell.
	_ = json.NewEncoder(w).Encode(map[string]errorBody{"error": body})
}

// logFailure notes what is our fault as an error. That something is away is
// expected at times, is logged by what watches over it, and hits many requests
// at once.
func logFailure(to *slog.Logger, r *http.Request, e *errs.Error, err error) {
	level := slog.LevelError
	switch e.Kind {
	case errs.Internal:
		if r.Context().Err() != nil {
			level = slog.LevelDebug // the client has gone, and with it what was done for it
		}
	case errs.Unavailable:
		level = slog.LevelDebug
	default:
		return
	}
	to.Log(r.Context(), level, "request failed", "request", RequestID(r.Context()), "method", methodLabel(r.Method), "path", quietPath(r.URL.Path), "code", e.Code, "error", err)
}

type errorBody struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Ours    string       `json:"@rapport.code"`
	Fields  []errs.Field `json:"@rapport.fields,omitempty"`
}

// publicError gives what may be sent: errors of no kind and internal ones
// become one that says nothing.
func publicError(err error) *errs.Error {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind != errs.Internal {
		return e
	}
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errs.New(errs.TooLarge, "http.too_large", "the body is larger than %d bytes", tooBig.Limit)
	}
	return errs.New(errs.Internal, "internal", "something went wrong on our side; the log holds the details")
}

var kindStatus = map[errs.Kind]int{
	errs.Internal: http.StatusInternalServerError, errs.Invalid: http.StatusBadRequest, errs.Unauthenticated: http.StatusUnauthorized,
	errs.Forbidden: http.StatusForbidden, errs.NotFound: http.StatusNotFound, errs.Conflict: http.StatusConflict,
	errs.Precondition: http.StatusPreconditionFailed, errs.TooLarge: http.StatusRequestEntityTooLarge, errs.TooMany: http.StatusTooManyRequests,
	errs.Unavailable: http.StatusServiceUnavailable, errs.Unsupported: http.StatusNotImplemented,
}

// codeStatus holds the few codes whose status is not that of their kind.
var codeStatus = map[string]int{
	"record.duplicate_key": http.StatusPreconditionFailed, // as Dataverse answers
	"duplicate.found":      http.StatusPreconditionFailed,
	"sqldb.unique":         http.StatusPreconditionFailed,
	"http.method":          http.StatusMethodNotAllowed,
	"query.timeout":        http.StatusRequestTimeout, // not 503: trying again at once would only make it worse
	"http.content_type":    http.StatusUnsupportedMediaType,
}

func statusOf(e *errs.Error) int {
	if s, ok := codeStatus[e.Code]; ok {
		return s
	}
	return kindStatus[e.Kind]
}

// dataverseCodes are the numbers that Dataverse's clients know.
var dataverseCodes = map[string]string{
	"record.not_found":       "0x80040217",
	"access.privilege":       "0x80040220",
	"access.record":          "0x80048306",
	"record.duplicate_key":   "0x80040237",
	"sqldb.unique":           "0x80040237",
	"record.exists":          "0x80040237",
	"record.version":         "0x80060882",
	"duplicate.found":        "0x80040333",
	"businessrule.refused":   "0x80040265",
	"process.gate":           "0x80040265",
	"limit.requests":         "0x80072322",
	"limit.time":             "0x80072321",
	"limit.concurrent":       "0x80072326",
	"column.too_long":        "0x80044331",
	"query.unknown_column":   "0x80060888",
	"query.unknown_relation": "0x80060888",
	"odata.syntax":           "0x80060888",
	"odata.unknown_resource": "0x8006088a",
	"odata.option":           "0x80060888",
}

// kindCodes stand in where the code has no number of its own.
var kindCodes = map[errs.Kind]string{
	errs.Internal: "0x80040216", errs.Invalid: "0x80040203", errs.Unauthenticated: "0x80048d1a", errs.Forbidden: "0x80040220", errs.NotFound: "0x80040217",
	errs.Conflict: "0x80040237", errs.Precondition: "0x80060882", errs.TooLarge: "0x80044331", errs.TooMany: "0x80072322", errs.Unavailable: "0x80040216", errs.Unsupported: "0x80060888",
}

func dataverseCode(e *errs.Error) string {
	if c, ok := dataverseCodes[e.Code]; ok {
		return c
	}
	return kindCodes[e.Kind]
}
