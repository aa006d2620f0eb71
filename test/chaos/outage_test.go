package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/pgserver"
)

func outage() time.Duration {
	if soak() {
		return 60 * time.Second
	}
	return 4 * time.Second
}

// PostgreSQL is pulled away while forms are sent, the program is restarted
// without it, and put back: every visitor was answered, nothing is lost (NFR-1, POR-3).
func TestPostgresStopped(t *testing.T) {
	t.Parallel()
	server, err := pgserver.New(t.Context(), t.TempDir())
	if err == pgserver.ErrMissing {
		t.Skip("skipped on PostgreSQL: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	server.Durable = true
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	p := launch(t, server.URL("postgres"))
	p.start()
	p.ready("records")
	seedQueues(t, p)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	sent := p.visitors(t, 0, outage()/2)
	p.kill()
	p.start()
	p.ready("intake")
	if status, _, err := p.do(http.MethodGet, "/readyz?part=records", nil, nil); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("records say %d %v while the database is away", status, err)
	}
	sent += p.visitors(t, sent, outage()/2)
	if err := server.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	p.ready("records")
	drained(t, p, server.URL("postgres"), "SELECT COUNT(*) FROM lead", sent)
	checkOnce(t, server.URL("postgres"), sent)
}

// Another program locks the SQLite file.
func TestSQLiteLocked(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLite(t, dbtest.Empty)
	p := launch(t, url)
	p.start()
	p.ready("records")
	seedQueues(t, p)
	other, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	held, release, freed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		freed <- other.Write(context.WithoutCancel(t.Context()), func(*sqldb.Tx) error { close(held); <-release; return nil })
	}()
	<-held
	sent := p.visitors(t, 0, outage())
	close(release)
	if err := <-freed; err != nil {
		t.Fatal(err)
	}
	drained(t, p, url, "SELECT COUNT(*) FROM lead", sent)
	checkOnce(t, url, sent)
}

// visitors sends forms for a while, each of another person, and gives how many
// were answered. Every one must be.
func (p *process) visitors(t *testing.T, from int, d time.Duration) int {
	t.Helper()
	var took []time.Duration
	n := 0
	for end := time.Now().Add(d); time.Now().Before(end); n++ {
		body, err := json.Marshal(map[string]any{"firstname": "Visitor", "lastname": fmt.Sprintf("Number %d", from+n), "emailaddress1": fmt.Sprintf("visitor%d@example.com", from+n),
			"address1_city": "Hamburg", "address1_country": "DE", "address1_postalcode": "20095", "rpt_productinterest": "HOME", "budgetamount": 20000, "rpt_consent": true})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		status, text, err := p.do(http.MethodPost, "/f/contact", http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "X-Forwarded-For": {fmt.Sprintf("10.0.%d.%d", n/200%200, n%200+1)}}, body)
		took = append(took, time.Since(began))
		if err != nil || status != http.StatusAccepted {
			t.Fatalf("visitor %d was answered %d %s %v", from+n, status, text, err)
		}
		time.Sleep(25 * time.Millisecond) // a steady trickle, about 40 a second at most
	}
	slices.Sort(took)
	t.Logf("%d forms answered while the database was away; p50 %v, p99 %v, worst %v", n, took[n/2], took[n*99/100], took[n-1])
	return n
}
