package export

import (
	"context"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Table is where exports are told of.
const Table = "rpt_exportlog"

// Notice is what somebody is told of an export that failed.
type Notice struct {
	Title, Body metadata.Label
	Export      id.ID // row of Table
}

// mostReason is how much of a reason somebody is told, in characters.
const mostReason = 1000

// tell lets whoever asked for an export know that it failed. Whoever fetches a
// file for long is not at the screen any more when it breaks off.
func (e *Exporter) tell(ctx context.Context, tx *record.Tx, row record.Row) error {
	who := row.ID("ownerid")
	if e.Tell == nil || who == access.SystemUser {
		return nil
	}
	name, why := row.Text("rpt_name"), strings.TrimRight(row.Text("rpt_error"), ".")
	if r := []rune(why); len(r) > mostReason {
		why = string(r[:mostReason]) + "…"
	}
	return e.Tell(ctx, tx, who, Notice{Export: row.ID("rpt_exportlogid"),
		Title: metadata.Label{"en": "Export failed: " + name, "de": "Export fehlgeschlagen: " + name},
		Body: metadata.Label{
			"en": "Reason: " + why + ". If a file has arrived, it is not whole: delete it. Export once more, and with fewer rows if it fails again.",
			"de": "Grund: " + why + ". Falls eine Datei angekommen ist, ist sie unvollständig: löschen. Noch einmal exportieren, und mit weniger Zeilen, falls es wieder scheitert."}})
}

// abandoned is after how long an export that has not ended has no process any
// more that is at it: its moment lasts a quarter of an hour, the rest is for slow lines.
const abandoned = 6 * time.Hour

// Tidy ends exports whose process ended before them, and tells those who asked.
func (e *Exporter) Tidy(ctx context.Context) error {
	ctx = access.AsSystem(ctx, "tidy exports")
	before := e.Clock.Now().Add(-abandoned)
	page, err := e.Store.Find(ctx, query.Query{Table: Table, Select: []string{"rpt_exportlogid"}, Limit: pageRows, Where: query.And{
		query.Compare{Left: query.Path{"rpt_outcome"}, Value: begun}, query.Compare{Left: query.Path{"createdon"}, Op: query.Lt, Value: before}}})
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := e.Store.Write(ctx, func(tx *record.Tx) error { return e.end(ctx, tx, row.ID("rpt_exportlogid")) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *Exporter) end(ctx context.Context, tx *record.Tx, key id.ID) error {
	row, err := tx.Demand(ctx, Table, key, access.Write)
	if err != nil || row.Int("rpt_outcome") != begun {
		return err // another node was faster
	}
	row, err = tx.Update(ctx, Table, key, record.Row{"rpt_outcome": brokenOff, "rpt_finishedon": e.Clock.Now(), "rpt_error": "the server was stopped before the file was whole"}, record.Match{})
	if err != nil {
		return err
	}
	return e.tell(ctx, tx, row)
}
