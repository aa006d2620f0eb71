package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/export"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// brittle is an exporter that fails once some bytes have left.
type brittle struct {
	before int
	asked  export.Request
}

func (b *brittle) Export(_ context.Context, r export.Request, to io.Writer) (int64, error) {
	b.asked = r
	if b.before > 0 {
		if _, err := io.WriteString(to, strings.Repeat("x", b.before)); err != nil {
			return 0, err
		}
	}
	return 0, errs.New(errs.Unavailable, "disk.full", "the disk of the server is full")
}

// An export that fails before anything has left is an error as any other; later
// the answer breaks off, so that no client takes half a file for a whole one.
func TestHalfAnExportIsNoAnswer(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	clk := clock.NewFake(start)
	user := id.New()
	b := &brittle{}
	control := &access.Control{Current: func() *access.Snapshot { return &access.Snapshot{} }, Catalog: func() *metadata.Catalog { return catalog }}
	mux := http.NewServeMux()
	(&httpapi.ExportsAPI{OData: &httpapi.ODataAPI{Principals: control, Catalog: control.Catalog, Clock: clk}, Exports: b}).Register(mux)
	within := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Kind: access.User, ID: user})))
	})
	server := httptest.NewServer(httpapi.NewMiddleware(httpapi.MiddlewareOptions{Clock: clk}).Wrap(within))
	defer server.Close()
	get := func() (int, string, error) {
		res, err := http.Get(server.URL + "/api/exports/lead?format=csv&$select=subject")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.StatusCode, string(body), err
	}
	if status, body, err := get(); status != http.StatusServiceUnavailable || err != nil || !strings.Contains(body, "disk.full") && !strings.Contains(body, "disk of the server") {
		t.Error(status, body, err)
	}
	b.before = 3 << 20
	if status, body, err := get(); status != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("half a file is taken for a whole one:", status, len(body), err)
	}
	// A saved view is written as its list shows it.
	b.before = 0
	ask := func(columns string) int {
		fetch := url.QueryEscape(`<fetch><entity name="lead"><attribute name="subject"/><attribute name="lastname"/></entity></fetch>`)
		res, err := http.Get(server.URL + "/api/exports/lead?format=csv&language=de&columns=" + columns + "&fetchXml=" + fetch)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	if status := ask("fullname,subject"); status != http.StatusServiceUnavailable || b.asked.Language != "de" || !slices.Equal(b.asked.View.Columns, []string{"fullname", "subject"}) || !slices.Contains(b.asked.Query.Select, "fullname") {
		t.Errorf("%d %+v", status, b.asked.View)
	}
	if status := ask("nosuch"); status != http.StatusBadRequest {
		t.Error(status)
	}
}
