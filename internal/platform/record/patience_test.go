package record_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// A query that multiplies rows without end is given up on both databases, and
// leaves the connection in order.
func TestAQueryThatTakesTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	catalog := fixture.Catalog(t)
	eachOf(t, catalog, func(t *testing.T, e *env) {
		err := e.store.Write(system(t.Context()), func(tx *record.Tx) error {
			for i := range 150 {
				if _, err := tx.Create(system(t.Context()), "account", record.Row{"name": fmt.Sprint(i), "ownerid": access.SystemUser, "owneridtype": "systemuser"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		control := &access.Control{Current: func() *access.Snapshot { return e.snap }, Catalog: func() *metadata.Catalog { return catalog }}
		hasty := record.New(record.Options{DB: e.db, Catalog: control.Catalog, Access: control, Log: e.log, Clock: e.clock, Patience: 300 * time.Millisecond})
		endless := query.Query{Table: "account", Select: []string{"name"}, Limit: 10, Order: []query.Order{{Link: "l5", Column: "name", Desc: true}}}
		for i := range 6 {
			endless.Links = append(endless.Links, query.Link{Alias: fmt.Sprint("l", i), Table: "account", From: "statecode", To: "statecode"})
		}
		if _, err := hasty.Find(system(t.Context()), endless); !errors.Is(err, record.ErrTookTooLong) {
			t.Errorf("got %v", err)
		}
		for range 10 { // whichever connection it was
			if page, err := e.store.Find(system(t.Context()), query.Query{Table: "account", Select: []string{"name"}, Limit: 5}); err != nil || len(page.Rows) != 5 {
				t.Fatalf("afterwards: %d rows, %v", len(page.Rows), err)
			}
		}
	})
}
