package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
)

// The program is killed again and again while leads arrive. Afterwards every
// address has exactly one of everything (EVT-3, EVT-5, FLO-3, FLO-5).
func TestKilledWhileLeadsArrive(t *testing.T) {
	t.Parallel()
	leads, again, kills := 400, 80, 5
	if soak() {
		leads, again, kills = 10_000, 2_000, 25
	}
	engines := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return dbtest.SQLite(t, dbtest.Empty) },
		"postgres": func(t *testing.T) string { return dbtest.Postgres(t, dbtest.Empty) },
	}
	for name, database := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			p := launch(t, url)
			p.start()
			p.ready("records")
			key := p.command("key", "create", "--topic", "leads")
			seedQueues(t, p)

			p.storm(key, kills, func(n int) []map[string]any {
				return batch(n*20, min(n*20+20, leads), func(i int) (string, int) { return fmt.Sprintf("first-%d", i), i })
			}, (leads+19)/20)
			drained(t, p, url, "SELECT COUNT(*) FROM lead", leads)
			checkOnce(t, url, leads)

			// The same events once more: no effect. The same people by new events: one response each.
			p.storm(key, max(1, kills/5), func(n int) []map[string]any {
				same := batch(n*20, min(n*20+20, again), func(i int) (string, int) { return fmt.Sprintf("first-%d", i), i })
				return append(same, batch(n*20, min(n*20+20, again), func(i int) (string, int) { return fmt.Sprintf("second-%d", i), i })...)
			}, (again+19)/20)
			drained(t, p, url, "SELECT COUNT(*) FROM campaignresponse", again)
			checkOnce(t, url, leads)
			if got := number(t, url, "SELECT COUNT(*) FROM (SELECT regardingobjectid FROM campaignresponse GROUP BY regardingobjectid HAVING COUNT(*) = 1) x"); got != again {
				t.Errorf("%d leads with one response, want %d", got, again)
			}
		})
	}
}

func batch(from, to int, name func(i int) (string, int)) []map[string]any {
	var out []map[string]any
	for i := from; i < to; i++ {
		id, n := name(i)
		out = append(out, lead(id, n))
	}
	return out
}

// storm publishes batches from four clients while the program is killed and started.
func (p *process) storm(key string, kills int, make func(n int) []map[string]any, batches int) {
	p.t.Helper()
	var wg sync.WaitGroup
	next := new(counter)
	stop := context.WithoutCancel(p.t.Context())
	stop, cancel := context.WithCancel(stop)
	for range 4 {
		wg.Go(func() {
			for n := next.take(); n < batches; n = next.take() {
				p.publish(key, make(n))
			}
		})
	}
	killed := 0
	for killed < kills {
		select {
		case <-time.After(time.Duration(50+rand.IntN(900)) * time.Millisecond):
		case <-stop.Done():
		}
		p.kill()
		p.start()
		killed++
	}
	wg.Wait()
	cancel()
	p.ready("records")
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n - 1
}

// drained waits until a count has reached its end, and then that it stays.
func drained(t *testing.T, p *process, url, question string, want int) {
	t.Helper()
	p.until(fmt.Sprintf("%s = %d", question, want), func() bool { return number(t, url, question) >= want })
	before := number(t, url, "SELECT COUNT(*) FROM changelog")
	p.until("everything is worked off", func() bool {
		time.Sleep(700 * time.Millisecond) // longer than any pause between reading and writing
		now := number(t, url, "SELECT COUNT(*) FROM changelog")
		same := now == before
		before = now
		return same
	})
}

// checkOnce looks for anything that is missing or doubled, straight in the database.
func checkOnce(t *testing.T, url string, leads int) {
	t.Helper()
	for what, question := range map[string]string{
		"leads":                       "SELECT COUNT(*) FROM lead",
		"addresses with one lead":     "SELECT COUNT(*) FROM (SELECT rpt_matchkey FROM lead GROUP BY rpt_matchkey HAVING COUNT(*) = 1) x",
		"leads with one queue item":   "SELECT COUNT(*) FROM (SELECT objectid FROM queueitem GROUP BY objectid HAVING COUNT(*) = 1) x",
		"leads with one notification": "SELECT COUNT(*) FROM (SELECT rpt_regardingid FROM appnotification GROUP BY rpt_regardingid HAVING COUNT(*) = 1) x",
		"leads with one creation":     "SELECT COUNT(*) FROM (SELECT recordid FROM changelog WHERE tablename = 'lead' AND op = 1 GROUP BY recordid HAVING COUNT(*) = 1) x",
		"leads with one assignment":   `SELECT COUNT(*) FROM (SELECT recordid FROM changelog WHERE tablename = 'lead' AND op = 2 AND after LIKE '%"ownerid"%' GROUP BY recordid HAVING COUNT(*) = 1) x`,
	} {
		if got := number(t, url, question); got != leads {
			t.Errorf("%s: %d, want %d", what, got, leads)
			t.Log(odd(t, url))
		}
	}
	for what, question := range map[string]string{
		"events in quarantine": "SELECT COUNT(*) FROM rpt_quarantine",
		"dead letters":         "SELECT COUNT(*) FROM rpt_deadletter",
		"failed runs":          "SELECT COUNT(*) FROM rpt_flowrun WHERE rpt_status <> 1",
	} {
		if got := number(t, url, question); got != 0 {
			t.Errorf("%s: %d, want none", what, got)
		}
	}
}

// odd names the notifications of leads that do not have exactly one, by kind.
func odd(t *testing.T, url string) string {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url, Readers: 1})
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), `SELECT l.emailaddress1, COALESCE(n.rpt_kind, 'none'), COALESCE(n.title, '') FROM lead l LEFT JOIN appnotification n ON n.rpt_regardingid = l.leadid
		WHERE l.leadid IN (SELECT l.leadid FROM lead l LEFT JOIN appnotification n ON n.rpt_regardingid = l.leadid GROUP BY l.leadid HAVING COUNT(n.appnotificationid) <> 1)`)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	out := "notifications of leads without exactly one:"
	for rows.Next() {
		var address, kind, title string
		if err := rows.Scan(&address, &kind, &title); err != nil {
			return err.Error()
		}
		out += fmt.Sprintf("\n  %s: %s %q", address, kind, title)
	}
	return out
}

func number(t *testing.T, url, question string) (n int) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url, Readers: 1})
	if err != nil {
		return -1 // the database is being stopped and started: asked again
	}
	defer db.Close()
	if _, err := db.QueryRow(t.Context(), question, nil, &n); err != nil {
		return -1
	}
	return n
}
