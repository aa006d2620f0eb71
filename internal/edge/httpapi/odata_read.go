package httpapi

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// getSet answers GET /leads.
func (q *request) getSet() error {
	for _, name := range odata.Queries() {
		if text, has := q.params[name]; has {
			return q.whole(name, text)
		}
	}
	o, err := odata.ParseOptions(q.text(), q.path.Table, q.params)
	if err != nil {
		return err
	}
	switch {
	case o.DeltaToken != "":
		return q.changes(o)
	case q.prefers(trackChanges) || strings.Contains(o.SkipToken, trackMark):
		return q.track(o)
	}
	return q.list(o, q.path.Table.Set)
}

const trackChanges = "odata.track-changes"

// list answers with a page of rows. What is the part of the context URL that
// names the rows.
func (q *request) list(o *odata.Options, what string) error {
	top := o.Top
	if q.prefer.pageSize > 0 {
		top = -1 // as in Dataverse: a page size makes $top meaningless
	}
	o.Query.Limit = q.pageSize()
	q.nestedPages(o.Query.Expand)
	if top >= 0 {
		o.Query.Limit = min(max(top, 1), record.MaxPage)
	}
	if o.SkipToken != "" {
		after, err := query.DecodeCursor(q.catalog, &o.Query, o.SkipToken)
		if err != nil {
			return err
		}
		o.Query.After = after
	}
	o.Query.Estimate, o.Query.Skip = q.prefer.estimate, q.prefer.skip
	page, err := q.api.Records.Find(q.ctx, o.Query)
	if err != nil {
		return err
	}
	if top == 0 {
		page.Rows, page.Next = []record.Row{}, nil
	}
	next := ""
	left := top - len(page.Rows)
	if page.Next != nil && (top < 0 || left > 0) {
		if next, err = q.nextLink(o, page.Next, left); err != nil {
			return err
		}
	}
	return q.writeList(o, what, page, next)
}

// pageSize gives how many rows come at once.
func (q *request) pageSize() int {
	if q.prefer.pageSize > 0 {
		return q.prefer.pageSize
	}
	return record.MaxPage
}

// nestedPages lets related rows come in pages, too.
func (q *request) nestedPages(list []query.Expand) {
	for i := range list {
		list[i].Page = q.pageSize()
		q.nestedPages(list[i].Query.Expand)
	}
}

// nestedLink gives the address of those related rows of a row that did not come
// along, with the options that stood in its brackets.
func (q *request) nestedLink(t *metadata.Table, x *odata.ExpandView, row record.Row, after query.Cursor, shown int) (string, error) {
	params := map[string]string{}
	for _, part := range x.Options {
		if key, value, ok := strings.Cut(part, "="); ok {
			params[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	for name, value := range q.params {
		if strings.HasPrefix(name, "@") {
			params[name] = value
		}
	}
	other, ok := q.catalog.Table(x.Relation.Table)
	if !ok {
		return "", errs.New(errs.Internal, "odata.relation", "the table of relation %s is unknown", x.Relation.Name)
	}
	o, err := odata.ParseOptions(q.text(), other, params)
	if err != nil {
		return "", err
	}
	token, err := query.EncodeCursor(q.catalog, &o.Query, after)
	if err != nil {
		return "", err
	}
	if x.Top >= 0 {
		params["$top"] = strconv.Itoa(x.Top - shown)
	}
	params["$skiptoken"] = token
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		parts = append(parts, escapeName(name)+"="+url.QueryEscape(params[name]))
	}
	return q.address(t, row.ID(t.ID)) + "/" + x.Name + "?" + strings.Join(parts, "&"), nil
}

// escapeName escapes the name of an option but for the mark that leads it.
func escapeName(name string) string { return name[:1] + url.QueryEscape(name[1:]) }

// nextLink repeats the request from the position on. A $top over one page is
// spread over several.
func (q *request) nextLink(o *odata.Options, at query.Cursor, left int) (string, error) {
	token, err := query.EncodeCursor(q.catalog, &o.Query, at)
	if err != nil {
		return "", err
	}
	var kept []string
	for part := range strings.SplitSeq(q.r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if name, err = url.QueryUnescape(name); err != nil || name == "$skiptoken" || part == "" {
			continue
		}
		if name == "$top" && left > 0 {
			part = "$top=" + strconv.Itoa(left)
		}
		kept = append(kept, part)
	}
	return q.base + q.rest + "?" + strings.Join(append(kept, "$skiptoken="+token), "&"), nil
}

func (q *request) writeList(o *odata.Options, what string, page record.Page, next string) error {
	var head bytes.Buffer
	if page.About {
		// Not under the name of the count, which is exact or not there.
		head.WriteString(`,"@` + annEstimate + `":` + strconv.FormatInt(page.Total, 10))
	} else if o.Query.Count {
		head.WriteString(`,"@odata.count":` + strconv.FormatInt(page.Total, 10))
		q.total(&head, page.Total)
	}
	return q.writeRows(&o.View, what, page.Rows, head.Bytes(), next)
}

// total writes the number of all rows as Dataverse does beside the count, where
// it is asked for. It is exact, so the limit is never exceeded.
func (q *request) total(head *bytes.Buffer, n int64) {
	if q.prefer.annotations.Wants("Microsoft.Dynamics.CRM.totalrecordcount") {
		head.WriteString(`,"@Microsoft.Dynamics.CRM.totalrecordcount":` + strconv.FormatInt(n, 10) + `,"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded":false`)
	}
}

// writeRows answers with rows. Head is what stands between their context and
// them.
func (q *request) writeRows(v *odata.View, what string, rows []record.Row, head []byte, next string) error {
	w, err := q.writer(v, rows)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	buf.WriteString(`{"@odata.context":` + quoted(q.context(what, v)))
	buf.Write(head)
	buf.WriteString(`,"value":`)
	if err := w.Array(&buf, v, rows); err != nil {
		return err
	}
	if next != "" {
		buf.WriteString(`,"@odata.nextLink":` + quoted(next))
	}
	buf.WriteByte('}')
	return q.send(http.StatusOK, &buf)
}

func quoted(s string) string {
	b, err := odata.Value(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// context gives the @odata.context of rows.
func (q *request) context(what string, v *odata.View) string {
	selected := contextSelect(v)
	if selected != "" {
		selected = "(" + selected + ")"
	}
	if name, one := strings.CutSuffix(what, "/$entity"); one {
		return q.base + "$metadata#" + name + selected + "/$entity"
	}
	return q.base + "$metadata#" + what + selected
}

func contextSelect(v *odata.View) string {
	var parts []string
	for _, name := range v.Columns {
		if c, ok := v.Table.Column(name); ok && c.IsLookup() {
			name = odata.LookupName(name)
		}
		parts = append(parts, name)
	}
	for i := range v.Expand {
		parts = append(parts, v.Expand[i].Name+"("+contextSelect(&v.Expand[i].View)+")")
	}
	return strings.Join(parts, ",")
}

// writer gives a writer that knows the names which the formatted values need.
func (q *request) writer(v *odata.View, rows []record.Row) (*odata.Writer, error) {
	w := &odata.Writer{Catalog: q.catalog, Annotations: q.prefer.annotations, Language: q.language(), Next: q.nestedLink, Content: q.content, Base: q.base}
	if !q.prefer.annotations.Wants("OData.Community.Display.V1.FormattedValue") {
		return w, nil
	}
	names := map[string]map[id.ID]string{}
	for table, ids := range odata.Lookups(v, rows) {
		found, err := q.api.Records.Names(q.ctx, table, ids)
		if err != nil {
			return nil, err
		}
		names[table] = found
	}
	w.Names = func(table string, key id.ID) (string, bool) {
		name, ok := names[table][key]
		return name, ok && name != ""
	}
	return w, nil
}

// language gives the first language that the client asks for.
func (q *request) language() string {
	tag, _, _ := strings.Cut(q.r.Header.Get("Accept-Language"), ",")
	tag, _, _ = strings.Cut(tag, ";")
	tag, _, _ = strings.Cut(strings.TrimSpace(tag), "-")
	return strings.ToLower(tag)
}

// getEntity answers GET /leads(key).
func (q *request) getEntity() error {
	o, err := odata.ParseEntityOptions(q.text(), q.path.Table, q.params)
	if err != nil {
		return err
	}
	q.nestedPages(o.Query.Expand)
	row, err := q.find(q.api.Records, q.path.Table, *q.path.Key, o)
	if err != nil {
		return err
	}
	return q.writeEntity(http.StatusOK, q.path.Table.Set, o, row)
}

// find reads one row by either sort of key.
func (q *request) find(from record.Reader, t *metadata.Table, key odata.Key, o *odata.Options) (record.Row, error) {
	if key.Alternate() {
		return from.GetByKey(q.ctx, t.Name, key.Values, o.Query.Select, o.Query.Expand)
	}
	return from.Get(q.ctx, t.Name, key.ID, o.Query.Select, o.Query.Expand)
}

// writeEntity answers with one row, or 304 if the client has it already. With
// related rows or annotations the row's version does not tell, so it is sent.
func (q *request) writeEntity(status int, what string, o *odata.Options, row record.Row) error {
	tag := odata.ETag(row)
	exact(q.w.Header(), "ETag", tag)
	if q.r.Method == http.MethodGet && len(o.View.Expand) == 0 && q.prefer.annotations == nil {
		if n, ok := parseETag(q.noneMatch()); ok && n == row.Version() {
			q.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w, err := q.writer(&o.View, []record.Row{row})
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := w.Object(&buf, q.context(what+"/$entity", &o.View), &o.View, row); err != nil {
		return err
	}
	return q.send(status, &buf)
}

// countSet answers GET /leads/$count.
func (q *request) countSet() error {
	o, err := odata.ParseOptions(q.text(), q.path.Table, q.params)
	if err != nil {
		return err
	}
	if o.DeltaToken != "" {
		return q.countChanges(o)
	}
	return q.count(o)
}

func (q *request) count(o *odata.Options) error {
	if o.Query.Group != nil {
		return errs.New(errs.Invalid, "odata.apply", "groups are counted by $count=true beside $apply")
	}
	only := query.Query{Table: o.Query.Table, Select: []string{o.View.Table.ID}, Where: o.Query.Where, Limit: 1, Count: true}
	page, err := q.api.Records.Find(q.ctx, only)
	if err != nil {
		return err
	}
	return q.plain(strconv.FormatInt(page.Total, 10))
}
