package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Change tracking. The first reading of a set notes how far the change log is
// before it begins, and ends with a link that holds that number; the link then
// gives what changed since. Such links do not expire, as long as the change log
// keeps what they stand at.

// tracked refuses what change tracking can't go with.
func (q *request) tracked(o *odata.Options) error {
	switch {
	case q.api.Log == nil || q.path.Table.NoTrack:
		return errs.New(errs.Invalid, "odata.no_tracking", "changes of table %s are not tracked", q.path.Table.Name)
	case o.Query.Where != nil || len(o.Query.Order) > 0 || len(o.Query.Expand) > 0 || o.Top >= 0 || o.View.Grouped:
		return errs.New(errs.Invalid, "odata.delta_options", "$filter, $orderby, $expand, $top and $apply can't go with change tracking")
	}
	return nil
}

const trackMark = "~" // parts the position of a page from the number of the log

// track answers the first reading, page by page.
func (q *request) track(o *odata.Options) error {
	if err := q.tracked(o); err != nil {
		return err
	}
	token, noted, later := strings.Cut(o.SkipToken, trackMark)
	var since int64
	var err error
	if later {
		if since, err = strconv.ParseInt(noted, 10, 64); err != nil {
			return errDelta
		}
		if o.Query.After, err = query.DecodeCursor(q.catalog, &o.Query, token); err != nil {
			return err
		}
	} else if since, err = q.head(); err != nil {
		return err
	}
	o.Query.Limit = q.pageSize()
	page, err := q.api.Records.Find(q.ctx, o.Query)
	if err != nil {
		return err
	}
	tail := `,"@odata.deltaLink":` + quoted(q.deltaLink(since))
	if page.Next != nil {
		token, err := query.EncodeCursor(q.catalog, &o.Query, page.Next)
		if err != nil {
			return err
		}
		tail = `,"@odata.nextLink":` + quoted(q.withToken(token+trackMark+strconv.FormatInt(since, 10)))
	}
	return q.writeDelta(o, q.path.Table.Set, page.Rows, nil, tail)
}

// head gives the number of the newest change.
func (q *request) head() (int64, error) {
	if err := q.api.Log.Number(q.ctx); err != nil {
		return 0, err
	}
	return q.api.Log.Last(q.ctx)
}

// deltaLink gives the address of what changes from a number on. As in
// Dataverse the token shows the number and the moment.
func (q *request) deltaLink(seq int64) string {
	token := strconv.FormatInt(seq, 10) + "!" + q.api.Clock.Now().UTC().Format("01/02/2006 15:04:05")
	link := q.base + q.path.Table.Set + "?"
	if sel, ok := q.params["$select"]; ok {
		link += "$select=" + url.QueryEscape(sel) + "&"
	}
	return link + "$deltatoken=" + url.QueryEscape(token)
}

var errDelta = errs.New(errs.Invalid, "odata.deltatoken", "the $deltatoken is damaged or belongs to another database: read the set again with odata.track-changes")

// since reads a $deltatoken and makes sure that the log still reaches back to it.
func (q *request) since(token string) (int64, error) {
	number, _, _ := strings.Cut(token, "!")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 0 {
		return 0, errDelta
	}
	head, err := q.head()
	if err != nil {
		return 0, err
	}
	if seq > head {
		return 0, errDelta
	}
	kept, err := q.api.Log.Holds(q.ctx, seq)
	if err != nil {
		return 0, err
	}
	if !kept {
		return 0, errs.New(errs.Invalid, "odata.delta_expired", "the history since this $deltatoken is not kept any more: read the set again with odata.track-changes")
	}
	return seq, nil
}

// changes answers a GET with $deltatoken.
func (q *request) changes(o *odata.Options) error {
	if err := q.tracked(o); err != nil {
		return err
	}
	from, err := q.since(o.DeltaToken)
	if err != nil {
		return err
	}
	var till, after int64
	if o.SkipToken != "" {
		a, b, ok := strings.Cut(o.SkipToken, trackMark)
		var err1, err2 error
		till, err1 = strconv.ParseInt(a, 10, 64)
		after, err2 = strconv.ParseInt(b, 10, 64)
		if !ok || err1 != nil || err2 != nil || till < from {
			return errDelta
		}
	} else if till, err = q.head(); err != nil {
		return err
	}
	rows, gone, next, err := q.changedPage(o, from, till, after)
	if err != nil {
		return err
	}
	tail := `,"@odata.deltaLink":` + quoted(q.deltaLink(till))
	if next > 0 {
		tail = `,"@odata.nextLink":` + quoted(q.withToken(strconv.FormatInt(till, 10)+trackMark+strconv.FormatInt(next, 10)))
	}
	return q.writeDelta(o, q.path.Table.Set+"/$delta", rows, gone, tail)
}

// absent is a row that is not there for the asker any more.
type absent struct {
	id     id.ID
	reason string // "deleted", or "changed" for one that went out of sight
}

// changedPage reads the rows that changed, as they are now, and those that are
// gone. Next is where the following page begins; 0 for none.
func (q *request) changedPage(o *odata.Options, from, till, after int64) (rows []record.Row, gone []absent, next int64, err error) {
	t, limit := q.path.Table, q.pageSize()
	touched, err := q.api.Log.Touched(q.ctx, t.Name, from, till, after, limit+1)
	if err != nil {
		return nil, nil, 0, err
	}
	if len(touched) > limit {
		touched = touched[:limit]
		next = touched[limit-1].Seq
	}
	if len(touched) == 0 {
		_, err := q.api.Records.Find(q.ctx, query.Query{Table: t.Name, Select: []string{t.ID}, Limit: 1}) // whoever may not read learns nothing
		return nil, nil, 0, err
	}
	keys := make([]any, len(touched))
	for i, x := range touched {
		keys[i] = x.Record
	}
	find := o.Query
	find.Where, find.Limit = query.In{Left: query.Path{t.ID}, Values: keys}, limit
	page, err := q.api.Records.Find(q.ctx, find)
	if err != nil {
		return nil, nil, 0, err
	}
	there := make(map[id.ID]record.Row, len(page.Rows))
	for _, row := range page.Rows {
		there[row.ID(t.ID)] = row
	}
	for _, x := range touched {
		if row, ok := there[x.Record]; ok {
			rows = append(rows, row)
			continue
		}
		reason, seen, err := q.lost(t, x.Record, from, till)
		if err != nil {
			return nil, nil, 0, err
		}
		if seen {
			gone = append(gone, absent{x.Record, reason})
		}
	}
	return rows, gone, next, nil
}

// mostSteps bounds how much of one record's history is looked at.
const mostSteps = 1000

// lost tells why a changed row is not there for the asker, and whether the asker
// could see it before: of rows that never were in sight nothing is told.
func (q *request) lost(t *metadata.Table, key id.ID, from, till int64) (reason string, seen bool, err error) {
	steps, err := q.api.Log.Between(q.ctx, t.Name, key, from, till, mostSteps)
	if err != nil || len(steps) == 0 {
		return "", false, err
	}
	reason = "changed"
	if steps[len(steps)-1].Op == changelog.Delete {
		reason = "deleted"
	}
	// What the row's owner and unit were first is what they were before.
	var owner, unit id.ID
	for i := len(steps) - 1; i >= 0; i-- {
		var before struct {
			Owner *id.ID `json:"ownerid"`
			Unit  *id.ID `json:"owningbusinessunit"`
		}
		if len(steps[i].Before) == 0 || json.Unmarshal(steps[i].Before, &before) != nil {
			continue
		}
		if before.Owner != nil {
			owner = *before.Owner
		}
		if before.Unit != nil {
			unit = *before.Unit
		}
	}
	if steps[0].Op == changelog.Create && reason == "deleted" {
		return "", false, nil // came and went in between
	}
	seen, err = q.api.Principals.Holds(q.ctx, t.Name, access.Read, owner, unit)
	return reason, seen, err
}

func (q *request) writeDelta(o *odata.Options, what string, rows []record.Row, gone []absent, tail string) error {
	w, err := q.writer(&o.View, rows)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	buf.WriteString(`{"@odata.context":` + quoted(q.context(what, &o.View)) + `,"value":`)
	if err := w.Array(&buf, &o.View, rows); err != nil {
		return err
	}
	if len(gone) > 0 {
		buf.Truncate(buf.Len() - 1) // the closing bracket
		for i, x := range gone {
			if i > 0 || len(rows) > 0 {
				buf.WriteByte(',')
			}
			buf.WriteString(`{"@odata.context":` + quoted(q.base+"$metadata#"+q.path.Table.Set+"/$deletedEntity") + `,"id":"` + x.id.String() + `","reason":"` + x.reason + `"}`)
		}
		buf.WriteByte(']')
	}
	buf.WriteString(tail + "}")
	return q.send(http.StatusOK, &buf)
}

// countChanges answers GET /leads/$count?$deltatoken=….
func (q *request) countChanges(o *odata.Options) error {
	if err := q.tracked(o); err != nil {
		return err
	}
	from, err := q.since(o.DeltaToken)
	if err != nil {
		return err
	}
	till, err := q.head()
	if err != nil {
		return err
	}
	o.Query.Select = []string{q.path.Table.ID}
	n, after := 0, int64(0)
	for {
		rows, gone, next, err := q.changedPage(o, from, till, after)
		if err != nil {
			return err
		}
		n += len(rows) + len(gone)
		if next == 0 {
			return q.plain(strconv.Itoa(n))
		}
		after = next
	}
}
