package httpapi

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// whole answers GET of a set with a whole query: ?fetchXml=…, ?savedQuery=…,
// ?userQuery=… or ?sql=….
func (q *request) whole(kind, text string) error {
	for name := range q.params {
		if name != kind && name != "$skiptoken" && name != "$count" && (strings.HasPrefix(name, "$") || slices.Contains(odata.Queries(), name)) {
			return errs.New(errs.Invalid, "odata.option", "the option %q can't stand beside %s", name, kind)
		}
	}
	f, err := q.parseWhole(kind, text)
	if err != nil {
		return err
	}
	if f.View.Table != q.path.Table {
		return errs.New(errs.Invalid, "odata.table_mismatch", "%s asks for rows of table %s, but the URL names the set %s", kind, f.View.Table.Name, q.path.Table.Set)
	}
	q.ctx = record.Reading(q.ctx, strings.ToLower(kind))
	f.Query.Count = f.Total || q.params["$count"] == "true"
	if kind == "fetchXml" {
		return q.fetch(f)
	}
	return q.paged(f)
}

func (q *request) parseWhole(kind, text string) (*odata.Fetch, error) {
	switch kind {
	case "fetchXml":
		return odata.ParseFetch(q.text(), text)
	case "sql":
		return odata.ParseSQL(q.text(), text)
	}
	table := map[string]string{"savedQuery": "savedquery", "userQuery": "userquery"}[kind]
	t, ok := q.catalog.Table(table)
	if !ok {
		return nil, errs.New(errs.Invalid, "odata.option", "there are no saved queries here")
	}
	key, err := id.Parse(strings.Trim(text, "{}'"))
	if err != nil {
		return nil, errs.New(errs.Invalid, "odata.option", "%s must be the GUID of a saved query", kind)
	}
	row, err := q.api.Records.Get(q.ctx, table, key, []string{t.ID, "fetchxml"}, nil)
	if err != nil {
		return nil, err
	}
	return odata.ParseFetch(q.text(), row.Text("fetchxml"))
}

// topOf gives how many rows a query wants at most; -1 for all.
func topOf(f *odata.Fetch) (int, error) {
	if f.Top > record.MaxPage {
		return 0, errs.New(errs.Invalid, "odata.top", "a query gives at most %d rows at once", record.MaxPage)
	}
	return f.Top, nil
}

// paged answers a query whose further pages are reached by @odata.nextLink.
func (q *request) paged(f *odata.Fetch) error {
	top, err := topOf(f)
	if err != nil {
		return err
	}
	f.Query.Limit = q.pageSize()
	if f.Count > 0 {
		f.Query.Limit = min(f.Query.Limit, f.Count)
	}
	if top >= 0 {
		f.Query.Limit = max(top, 1)
	}
	if token := q.params["$skiptoken"]; token != "" {
		if f.Query.After, err = query.DecodeCursor(q.catalog, &f.Query, token); err != nil {
			return err
		}
	} else if f.Skip > 0 {
		if found, err := q.skip(f, f.Skip); err != nil || !found {
			return q.empty(f, err)
		}
	}
	f.Query.Skip = q.prefer.skip
	page, err := q.findFetch(f)
	if err != nil {
		return err
	}
	next := ""
	if top == 0 {
		page.Rows = []record.Row{}
	}
	if top < 0 && page.Next != nil {
		token, err := query.EncodeCursor(q.catalog, &f.Query, page.Next)
		if err != nil {
			return err
		}
		next = q.withToken(token)
	}
	var head bytes.Buffer
	q.totals(&head, f, page.Total)
	return q.writeRows(&f.View, q.path.Table.Set, page.Rows, head.Bytes(), next)
}

func (q *request) totals(head *bytes.Buffer, f *odata.Fetch, total int64) {
	if f.Query.Count {
		if q.params["$count"] == "true" {
			head.WriteString(`,"@odata.count":` + strconv.FormatInt(total, 10))
		}
		q.total(head, total)
		return
	}
	q.total(head, -1)
}

func (q *request) empty(f *odata.Fetch, err error) error {
	if err != nil {
		return err
	}
	var head bytes.Buffer
	if q.prefer.annotations.Wants(annMore) {
		head.WriteString(`,"@` + annMore + `":false`)
	}
	return q.writeRows(&f.View, q.path.Table.Set, []record.Row{}, head.Bytes(), "")
}

// withToken repeats the request's address with another position.
func (q *request) withToken(token string) string {
	var kept []string
	for part := range strings.SplitSeq(q.r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(name); err != nil || name == "$skiptoken" || part == "" {
			continue
		}
		kept = append(kept, part)
	}
	return q.base + q.rest + "?" + strings.Join(append(kept, "$skiptoken="+token), "&")
}

const (
	annMore   = "Microsoft.Dynamics.CRM.morerecords"
	annCookie = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
)

// fetch answers FetchXML, whose further pages are reached by its paging cookie.
func (q *request) fetch(f *odata.Fetch) error {
	top, err := topOf(f)
	if err != nil {
		return err
	}
	f.Query.Limit = q.pageSize()
	switch {
	case top >= 0:
		f.Query.Limit = max(top, 1)
	case f.Count > 0:
		f.Query.Limit = min(f.Count, record.MaxPage)
	}
	if f.Page > 1 {
		found, err := q.turnTo(f)
		if err != nil || !found {
			return q.empty(f, err)
		}
	}
	page, err := q.findFetch(f)
	if err != nil {
		return err
	}
	if top == 0 {
		page.Rows = []record.Row{}
	}
	more := top < 0 && page.Next != nil
	var head bytes.Buffer
	q.totals(&head, f, page.Total)
	// These two come unasked: clients go on to the next page by them, and by default ask for none.
	if more || q.prefer.annotations.Wants(annMore) {
		head.WriteString(`,"@` + annMore + `":` + strconv.FormatBool(more))
	}
	if more {
		token, err := query.EncodeCursor(q.catalog, &f.Query, page.Next)
		if err != nil {
			return err
		}
		head.WriteString(`,"@` + annCookie + `":` + quoted(odata.PagingCookie(f.Page, q.path.Table.ID, token)))
	}
	return q.writeRows(&f.View, q.path.Table.Set, page.Rows, head.Bytes(), "")
}

// turnTo goes to the page asked for: by the cookie of the page before it, else
// row by row.
func (q *request) turnTo(f *odata.Fetch) (found bool, err error) {
	if f.Cook != "" {
		page, token, err := odata.ParsePagingCookie(f.Cook)
		if err != nil {
			return false, err
		}
		if page == f.Page-1 {
			f.Query.After, err = query.DecodeCursor(q.catalog, &f.Query, token)
			return err == nil, err
		}
	}
	return q.skip(f, (f.Page-1)*f.Query.Limit)
}

// mostSkipped is how far a query can be turned to without a position, as in Dataverse.
const mostSkipped = 50_000

// skip passes rows over, and tells whether any are left.
func (q *request) skip(f *odata.Fetch, n int) (bool, error) {
	if n < 0 || n > mostSkipped {
		return false, errs.New(errs.Invalid, "fetch.paging_cookie", "rows beyond the first %d are reached by the paging cookie, or the link, of the page before", mostSkipped)
	}
	sub := f.Query
	sub.Count = false
	for n > 0 {
		sub.Limit = min(n, record.MaxPage)
		page, err := q.api.Records.Find(q.ctx, sub)
		if err != nil || page.Next == nil {
			return false, err
		}
		n -= len(page.Rows)
		sub.After = page.Next
	}
	f.Query.After = sub.After
	return true, nil
}

// findFetch reads a page, and what is counted for each of its rows.
func (q *request) findFetch(f *odata.Fetch) (record.Page, error) {
	page, err := q.api.Records.Find(q.ctx, f.Query)
	if err != nil {
		return page, err
	}
	for _, c := range f.Children {
		if err := q.countChildren(f, c, page.Rows); err != nil {
			return page, err
		}
	}
	return page, nil
}

func (q *request) countChildren(f *odata.Fetch, c odata.ChildCount, rows []record.Row) error {
	t := f.View.Table
	keys := make([]any, len(rows))
	for i, row := range rows {
		keys[i] = row.ID(t.ID)
	}
	counts := query.Query{Table: t.Name, Where: query.In{Left: query.Path{c.Parent}, Values: keys}, Limit: record.MaxPage,
		Group: &query.Group{Keys: []query.Key{{Name: "parent", Column: c.Parent}}, Values: []query.Aggregate{{Name: "n", Func: query.CountRows}}}}
	page, err := q.api.Records.Find(q.ctx, counts)
	if err != nil {
		return err
	}
	found := make(map[id.ID]int64, len(page.Rows))
	for _, row := range page.Rows {
		found[row.ID("parent")] = row.Int("n")
	}
	for _, row := range rows {
		row[c.Key] = found[row.ID(t.ID)]
	}
	return nil
}
