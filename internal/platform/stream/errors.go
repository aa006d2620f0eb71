package stream

import (
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// How long a publisher is asked to stay away.
const (
	retryWhenFull = 5 * time.Second
	retryWhenDown = time.Second
)

// Codes of JetStream's own errors that mean "no room".
const (
	codeInsufficientResources = 10023
	codeStorageExceeded       = 10047
)

func errFull(cause error) error {
	return &errs.Error{Kind: errs.Unavailable, Code: "stream.full", Message: "the topic is full; nothing was stored", RetryAfter: retryWhenFull, Cause: cause}
}

func errDown(cause error) error {
	return &errs.Error{Kind: errs.Unavailable, Code: "stream.unavailable", Message: "the event stream can't take events now", RetryAfter: retryWhenDown, Cause: cause}
}

func errNoTopic(cause error) error {
	return errs.Wrap(cause, errs.NotFound, "stream.topic_unknown", "there is no such topic")
}

// storeError gives the error for a write that JetStream did not acknowledge.
func storeError(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		if api.ErrorCode == codeInsufficientResources || api.ErrorCode == codeStorageExceeded || strings.Contains(api.Description, "maximum bytes exceeded") {
			return errFull(err)
		}
	}
	return errDown(err)
}
