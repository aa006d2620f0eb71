package httpapi

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// What stands in the log of a request that failed: the values of keys do not,
// and only what is our fault is an error.
func TestFailuresInTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind errs.Kind
		want string
	}{{errs.Internal, "level=ERROR"}, {errs.Unavailable, "level=DEBUG"}, {errs.Invalid, ""}, {errs.Forbidden, ""}, {errs.Unsupported, ""}} {
		var log bytes.Buffer
		r := httptest.NewRequest("GET", "/api/data/v9.2/contacts(emailaddress1='ada%40example.com')/fullname", nil)
		e := errs.New(c.kind, "x.code", "words")
		logFailure(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), r, e, e)
		text := log.String()
		if (c.want == "") != (text == "") || !strings.Contains(text, c.want) || strings.Contains(text, "ada") || text != "" && !strings.Contains(text, "/fullname") {
			t.Errorf("kind %v: %s", c.kind, text)
		}
	}
}
