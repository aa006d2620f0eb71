package chaos

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// One lead can be followed in one trace from the form to the record, by any
// collector that speaks OTLP (NFR-3 in its first cut).
func TestTraceFollowsALead(t *testing.T) {
	t.Parallel()
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	var mu sync.Mutex
	seen := map[string]bool{}
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var batch collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &batch)
		}
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range batch.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					if hex.EncodeToString(s.TraceId) == trace {
						seen[s.Name] = true
					}
				}
			}
		}
	}))
	defer sink.Close()
	p := launch(t, dbtest.SQLite(t, dbtest.Empty))
	p.env = append(p.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+sink.URL, "OTEL_BSP_SCHEDULE_DELAY=100")
	p.start()
	p.ready("records")
	header := http.Header{"Content-Type": {"application/json"}, "Traceparent": {"00-" + trace + "-00f067aa0ba902b7-01"}}
	status, text, err := p.do(http.MethodPost, "/f/contact", header, []byte(`{"firstname":"Tess","lastname":"Trace","emailaddress1":"tess@example.com","address1_city":"Hamburg","address1_postalcode":"20095","address1_country":"DE","rpt_productinterest":"HOME","budgetamount":1000,"rpt_consent":true}`))
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("the form answers %d %s %v", status, text, err)
	}
	p.until("the spans of form, intake, flow and record", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen["POST /f/{form}"] && seen["consume intake"] && seen["flow lead-upsert"] && seen["create lead"]
	})
	if t.Failed() {
		t.Log(fmt.Sprint(seen))
	}
}
