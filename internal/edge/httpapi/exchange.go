package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// exchangeMost bounds the body of one call of the web hook.
const exchangeMost = 1 << 20

// ExchangeAPI takes the events of counterparts with which cases are exchanged:
//
//	POST /api/exchange/{counterpart}/events   as docs/schemas/case-exchange.yaml says
//
// There is no sign-in: the signature stands in its place.
type ExchangeAPI struct {
	Receive func(ctx context.Context, counterpart, signature string, body []byte) error
}

// Register adds the route.
func (a *ExchangeAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/exchange/{counterpart}/events", a.receive)
}

func (a *ExchangeAPI) receive(w http.ResponseWriter, r *http.Request) {
	signature := r.Header.Get("X-Exchange-Signature")
	if signature == "" { // nothing is read for those who don't even try
		w.Header().Set("Connection", "close")
		writeProblem(w, r, errs.New(errs.Unauthenticated, "exchange.signature", "the signature is missing"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exchangeMost))
	if tooBig, is := errors.AsType[*http.MaxBytesError](err); is {
		err = errs.New(errs.TooLarge, "exchange.too_large", "the body is larger than %d bytes", tooBig.Limit)
	} else if err != nil {
		err = errs.New(errs.Invalid, "exchange.unreadable", "the body could not be read to its end")
	}
	if err == nil {
		err = a.Receive(r.Context(), r.PathValue("counterpart"), signature, body)
	}
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// writeProblem answers with an error as RFC 9457 has it.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	e := publicError(err)
	status := statusOf(e)
	logFailure(slog.Default(), r, e, err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	// When the sender has gone nobody is left to tell.
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": e.Message, "status": status, "code": e.Code})
}
