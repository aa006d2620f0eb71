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

// portalErrorOf gives the error as one with a kind; what has none is our fault,
// goes to the log, and leaves without detail.
func portalErrorOf(err error) *errs.Error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return errs.Wrap(err, errs.Internal, "internal", "something went wrong on our side")
}

// portalStatus maps a kind to a status. Complaints about fields are 422, a
// request that can't be read at all is 400.
func portalStatus(e *errs.Error) int {
	switch e.Kind {
	case errs.Invalid:
		if e.Code == "portal.form_invalid" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusBadRequest
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.Precondition:
		return http.StatusPreconditionFailed
	case errs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.TooMany:
		return http.StatusTooManyRequests
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Unsupported:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusInternalServerError
}

// writePortalError answers {"error":{"code","message","fields"}}.
func writePortalError(w http.ResponseWriter, err error) {
	e := portalErrorOf(err)
	status := portalStatus(e)
	if status >= 500 {
		slog.Error("request failed", "code", e.Code, "error", err)
	}
	setRetryAfter(w, e)
	body := map[string]any{"code": e.Code, "message": e.Message}
	if len(e.Fields) > 0 {
		body["fields"] = e.Fields
	}
	writePortalJSON(w, status, map[string]any{"error": body})
}

func writePortalJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the sender has gone: nobody is left to tell
}

// setRetryAfter says in whole seconds when to come back.
func setRetryAfter(w http.ResponseWriter, e *errs.Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
	}
}
