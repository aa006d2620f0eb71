package product

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/rapport-platform/rapport"
	"github.com/rapport-platform/rapport/internal/test/testenv"
)

type lakeTable struct {
	Name                   string
	Rows, Version, Through int64
	Files                  int
	Lag                    float64 `json:"lagSeconds"`
	Updated                *time.Time
	Error                  string
}

func (w *world) lakeTables() map[string]lakeTable {
	w.t.Helper()
	var out struct{ Tables []lakeTable }
	if status := w.Call(w.admin, http.MethodGet, "/api/lake/tables", nil, &out); status != http.StatusOK {
		w.t.Fatalf("the lake's tables: %d", status)
	}
	tables := map[string]lakeTable{}
	for _, t := range out.Tables {
		if t.Error != "" {
			w.t.Errorf("%s: %s", t.Name, t.Error)
		}
		tables[t.Name] = t
	}
	return tables
}

// What is published and what becomes of it are in the lake; administrators see
// its state and others don't.
func TestLake(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for i := range 5 {
			w.mustPublish(fmt.Sprint("lake ", i), object{"lastname": fmt.Sprint("Laker ", i), "emailaddress1": fmt.Sprintf("laker%d@example.org", i), "companyname": "Lake Ltd", "subject": "interest"})
		}
		w.leads("companyname eq 'Lake Ltd'", 5)
		w.Until("leads and events in the lake", func() bool {
			tables := w.lakeTables()
			return tables["changes/lead"].Rows >= 5 && tables["events/leads"].Rows == 5 && tables["arrivals/lead"].Rows == 5
		})
		w.Until("users in the lake", func() bool {
			i := w.lakeTables()["changes/systemuser"]
			return i.Rows >= 2 && i.Updated != nil && i.Through > 0
		})
		if status := w.Call("", http.MethodGet, "/api/lake/tables", nil, nil); status != http.StatusUnauthorized {
			t.Errorf("without signing in: %d", status)
		}
		before := w.lakeTables()
		w.Restart()
		w.mustPublish("lake 5", object{"lastname": "Laker 5", "emailaddress1": "laker5@example.org", "companyname": "Lake Ltd", "subject": "interest"})
		w.leads("companyname eq 'Lake Ltd'", 6)
		w.Until("the sixth in the lake", func() bool { return w.lakeTables()["events/leads"].Rows == 6 })
		w.Until("the sixth record in the lake", func() bool {
			return w.lakeTables()["changes/lead"].Rows > before["changes/lead"].Rows
		})
	})
}

func TestLakeSwitchedOff(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{Edit: func(o *rapport.Options) { o.Lake = "off" }})
	if status := e.Call(e.Token("admin"), http.MethodGet, "/api/lake/tables", nil, nil); status != http.StatusServiceUnavailable {
		t.Errorf("the state of a lake that is off: %d", status)
	}
}
