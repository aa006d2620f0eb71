package httpapi

import (
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// portalStatus gives the status of an error. Complaints about fields are 422, a
// request that can't be read at all is 400, a body of another kind is 415.
func portalStatus(e *errs.Error) int {
	switch {
	case e.Code == "portal.form_invalid":
		return http.StatusUnprocessableEntity
	case e.Code == portal.CodeClosed:
		return http.StatusGone
	case e.Kind == errs.Unsupported:
		return http.StatusUnsupportedMediaType
	}
	return statusOf(e)
}

// writePortalError answers {"error":{"code","message","fields"}}.
func writePortalError(w http.ResponseWriter, r *http.Request, err error) {
	e := publicError(err)
	status := portalStatus(e)
	if status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "code", e.Code, "error", err)
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
