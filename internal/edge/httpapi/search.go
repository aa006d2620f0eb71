package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/search"
)

// Search answers Dataverse's search API: the actions searchquery, searchsuggest,
// searchautocomplete, searchstatistics and searchstatus of the Web API, whose
// answer is a text that holds JSON, and the older addresses below
// /api/search/v1.0/ and v2.0/: query, suggest, autocomplete.

// searchBody is what a search asks for; the older form writes the same in lower case.
type searchBody struct {
	Search   string          `json:"search"`
	Entities json.RawMessage `json:"entities"` // a list, or a text that holds one; in the older form a list of names
	Filter   string          `json:"filter"`
	Count    bool            `json:"count"`
	Return   bool            `json:"returntotalrecordcount"`
	Top      int             `json:"top"`
	Skip     int             `json:"skip"`
	Mode     string          `json:"searchmode"`
	Options  json.RawMessage `json:"options"`
	Fuzzy    bool            `json:"fuzzy"`
	UseFuzzy bool            `json:"usefuzzy"`
	Facets   json.RawMessage `json:"facets"`
	OrderBy  json.RawMessage `json:"orderby"`
	Property json.RawMessage `json:"propertybag"`
	Type     string          `json:"searchtype"`
}

// searchEntity is one table of a search.
type searchEntity struct {
	Name          string   `json:"name"`
	SelectColumns []string `json:"selectColumns"`
	SearchColumns []string `json:"searchColumns"`
	Filter        string   `json:"filter"`
}

// searching lists the actions.
func searchOperations() []odata.OperationInfo {
	text := func(name string) odata.ParamInfo { return odata.ParamInfo{Name: name, Type: "Edm.String"} }
	answer := []odata.ParamInfo{text("response")}
	var out []odata.OperationInfo
	for _, name := range []string{"searchautocomplete", "searchquery", "searchsuggest"} {
		out = append(out, odata.OperationInfo{Name: name, Params: []odata.ParamInfo{{Name: "search", Type: "Edm.String", Required: true}, text("entities"), text("filter"),
			{Name: "count", Type: "Edm.Boolean"}, {Name: "top", Type: "Edm.Int32"}, {Name: "skip", Type: "Edm.Int32"}, text("orderby"), text("facets"), text("options"), text("propertybag")}, Result: answer})
	}
	return append(out, odata.OperationInfo{Name: "searchstatistics", Function: true, Result: answer}, odata.OperationInfo{Name: "searchstatus", Function: true, Result: answer})
}

// searches tells whether the request is one of them.
func (q *request) searches() bool {
	return q.path.Table == nil && q.api.Search != nil && slices.ContainsFunc(searchOperations(), func(o odata.OperationInfo) bool { return o.Name == q.path.Operation })
}

// search answers one of the actions.
func (q *request) search(data []byte) error {
	var answer any
	switch q.path.Operation {
	case "searchstatistics", "searchstatus":
		status, err := q.searchStatus()
		if err != nil {
			return err
		}
		answer = status
	default:
		body, r, err := q.searchRequest(data)
		if err != nil {
			return err
		}
		if answer, err = q.searchAnswer(q.path.Operation, body, r); err != nil {
			return err
		}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return q.result(map[string]any{"response": string(text)})
}

// searchRequest reads what is searched for.
func (q *request) searchRequest(data []byte) (searchBody, search.Request, error) {
	var body searchBody
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return body, search.Request{}, errs.New(errs.Invalid, "search.body", `the body must look like {"search": "…"}; it has an unknown part or one of another type`)
	}
	if s := strings.Trim(string(body.OrderBy), "\" \n[]"); s != "" && s != "null" {
		return body, search.Request{}, errs.New(errs.Unsupported, "search.option", "orderby is not offered: hits come by rank")
	}
	if s := facetText(body.Facets); s != "" && s != "null" && s != tableFacet && !strings.HasPrefix(s, tableFacet+",count:") {
		return body, search.Request{}, errs.New(errs.Invalid, "search.facet", "the only facet is %s: how many hits there are of each table", tableFacet)
	}
	r := search.Request{Text: body.Search, Top: body.Top, Skip: body.Skip, All: strings.Contains(strings.ToLower(string(body.Options)+body.Mode), "all")}
	entities, err := readEntities(body.Entities)
	if err != nil {
		return body, r, err
	}
	for _, e := range entities {
		scope, err := q.scope(e, body.Filter)
		if err != nil {
			return body, r, err
		}
		r.Scopes = append(r.Scopes, scope)
	}
	if body.Filter != "" && len(entities) == 0 {
		return body, r, errs.New(errs.Invalid, "search.filter", "name the tables that the filter belongs to")
	}
	return body, r, nil
}

func readEntities(raw json.RawMessage) ([]searchEntity, error) {
	bad := errs.New(errs.Invalid, "search.entities", `entities is a list such as [{"name": "account"}], or a text that holds one`)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if s := strings.TrimSpace(string(raw)); s == "" || s == "null" {
		return nil, nil
	}
	var names []string
	if json.Unmarshal(raw, &names) == nil {
		out := make([]searchEntity, len(names))
		for i, n := range names {
			out[i].Name = n
		}
		return out, nil
	}
	var out []searchEntity
	if json.Unmarshal(raw, &out) != nil || len(out) > 100 {
		return nil, bad
	}
	return out, nil
}

func (q *request) scope(e searchEntity, common string) (search.Scope, error) {
	t, ok := q.catalog.Table(e.Name)
	if !ok {
		return search.Scope{}, errs.New(errs.Invalid, "search.table", "the table %q can't be searched", clipText(e.Name))
	}
	if len(e.SearchColumns) > 0 {
		return search.Scope{}, errs.New(errs.Unsupported, "search.columns", "searchColumns is not offered: all searchable columns are searched")
	}
	out := search.Scope{Table: t.Name}
	for _, c := range e.SelectColumns {
		column, ok := t.Column(c)
		if !ok {
			return out, errs.New(errs.Invalid, "query.unknown_column", "table %s has no column %q", t.Name, clipText(c))
		}
		out.Columns = append(out.Columns, column.Name)
	}
	filter := e.Filter
	if common != "" {
		if filter != "" {
			filter = "(" + filter + ") and (" + common + ")"
		} else {
			filter = common
		}
	}
	if filter == "" {
		return out, nil
	}
	o, err := odata.ParseOptions(q.text(), t, map[string]string{"$filter": filter})
	if err != nil {
		return out, err
	}
	out.Where = o.Query.Where
	return out, nil
}

// searchAnswer gives the answer as the newer form has it.
func (q *request) searchAnswer(what string, body searchBody, r search.Request) (any, error) {
	if what == "searchautocomplete" {
		word, err := q.api.Search.Complete(q.ctx, r)
		return map[string]any{"Error": nil, "Value": word, "QueryContext": nil}, err
	}
	if what == "searchsuggest" && r.Top == 0 {
		r.Top = 5
	}
	hits, of, err := q.api.Search.FindBy(record.Reading(q.ctx, "search"), r)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, n := range of {
		total += n
	}
	values := make([]any, 0, len(hits))
	for _, h := range hits {
		t, ok := q.catalog.Table(h.Table)
		if !ok {
			continue
		}
		if what == "searchsuggest" {
			values = append(values, map[string]any{"Text": highlighted(h.Row.Text(t.Title), h.Tokens), "Document": q.attributes(t, h)})
			continue
		}
		values = append(values, map[string]any{"Id": h.Row.ID(t.ID), "EntityName": h.Table, "ObjectTypeCode": t.Code, "Attributes": q.attributes(t, h), "Highlights": highlights(t, h), "Score": h.Score})
	}
	if what == "searchsuggest" {
		return map[string]any{"Error": nil, "Value": values, "QueryContext": nil}, nil
	}
	count := -1
	if body.Count || body.Return {
		count = total
	}
	return map[string]any{"Error": nil, "Value": values, "Facets": facets(body, of), "QueryContext": nil, "Count": count}, nil
}

// tableFacet counts the hits by table.
const tableFacet = "@search.entityname"

// facetText gives what the facets ask for: a list of one text, or a text that holds such a list.
func facetText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	return strings.Trim(string(raw), "\" \n[]")
}

// facets gives the counts, the most first, as far as they were asked for.
func facets(body searchBody, of map[string]int) map[string]any {
	if s := facetText(body.Facets); s == "" || s == "null" {
		return map[string]any{}
	}
	list := []map[string]any{}
	for _, table := range slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b], of[a]), strings.Compare(a, b))
	}) {
		list = append(list, map[string]any{"Type": "Value", "Value": table, "From": nil, "To": nil, "Count": of[table]})
	}
	return map[string]any{tableFacet: list}
}

// attributes gives the columns of a hit by their names on the wire.
func (q *request) attributes(t *metadata.Table, h search.Hit) map[string]any {
	out := map[string]any{"@search.objecttypecode": t.Code}
	for name, v := range h.Row {
		c, ok := t.Column(name)
		if !ok || name == t.ID || name == "versionnumber" {
			continue
		}
		text, err := odata.Value(v)
		if err != nil {
			continue
		}
		if c.IsLookup() {
			name = odata.LookupName(name)
		}
		out[name] = json.RawMessage(text)
	}
	return out
}

// highlights gives the texts in which a hit was found, with the words marked as
// Dataverse marks them.
func highlights(t *metadata.Table, h search.Hit) map[string]any {
	out := map[string]any{}
	for _, c := range search.Columns(t) {
		if text := h.Row.Text(c); text != "" {
			if marked := highlighted(text, h.Tokens); marked != text {
				out[c] = []string{marked}
			}
		}
	}
	return out
}

func highlighted(text string, tokens []string) string {
	if r := []rune(text); len(r) > 500 {
		text = string(r[:500])
	}
	words := strings.Fields(text)
	for i, w := range words {
		if slices.ContainsFunc(search.Tokens(w), func(t string) bool { return slices.Contains(tokens, t) }) {
			words[i] = "{crmhit}" + w + "{/crmhit}"
		}
	}
	if joined := strings.Join(words, " "); strings.Contains(joined, "{crmhit}") {
		return joined
	}
	return text
}

func (q *request) searchStatus() (any, error) {
	lag, err := q.api.Search.Lag(q.ctx)
	if err != nil {
		return nil, err
	}
	tables := []any{}
	for _, name := range q.api.Search.Tables() {
		t, _ := q.catalog.Table(name)
		tables = append(tables, map[string]any{"entitylogicalname": name, "objecttypecode": t.Code, "primarynamefield": t.Title, "indexedfields": search.Columns(t)})
	}
	return map[string]any{"value": map[string]any{"status": "provisioned", "lag": lag, "entitystatusresults": tables}}, nil
}

// SearchAPI answers the older addresses.
type SearchAPI struct{ OData *ODataAPI }

// Register adds the routes.
func (a *SearchAPI) Register(mux *http.ServeMux) {
	for address, what := range map[string]string{"query": "searchquery", "suggest": "searchsuggest", "autocomplete": "searchautocomplete"} {
		for version, form := range map[string]func(map[string]any) map[string]any{"v1.0": oldAnswer, "v2.0": textAnswer} {
			mux.HandleFunc("POST /api/search/"+version+"/"+address, answering(func(w http.ResponseWriter, r *http.Request) error { return a.old(w, r, what, form) }))
		}
	}
}

func (a *SearchAPI) old(w http.ResponseWriter, r *http.Request, what string, form func(map[string]any) map[string]any) error {
	ctx, err := a.OData.caller(r.Context(), r.Header)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10))
	if err != nil {
		return err
	}
	q := &request{api: a.OData, w: w, r: r, ctx: ctx, catalog: a.OData.Catalog(), path: &odata.Path{Operation: what}, base: a.OData.base(r) + odataRoot + "v9.2/"}
	body, request, err := q.searchRequest(data)
	if err != nil {
		return err
	}
	answer, err := q.searchAnswer(what, body, request)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(form(answer.(map[string]any)))
}

// textAnswer writes an answer in the second form, which holds it as a text of JSON.
func textAnswer(answer map[string]any) map[string]any {
	text, err := json.Marshal(answer)
	if err != nil {
		return map[string]any{"response": `{"Error":"the answer could not be written"}`}
	}
	return map[string]any{"response": string(text)}
}

// oldAnswer writes an answer in the older form.
func oldAnswer(answer map[string]any) map[string]any {
	out := map[string]any{"value": answer["Value"]}
	list, ok := answer["Value"].([]any)
	if !ok {
		return out
	}
	for i, v := range list {
		hit, _ := v.(map[string]any)
		if text, suggestion := hit["Text"]; suggestion {
			list[i] = map[string]any{"text": text, "document": hit["Document"]}
			continue
		}
		flat := map[string]any{"@search.score": hit["Score"], "@search.highlights": hit["Highlights"], "@search.entityname": hit["EntityName"], "@search.objectid": hit["Id"], "@search.objecttypecode": hit["ObjectTypeCode"]}
		attributes, _ := hit["Attributes"].(map[string]any)
		for name, value := range attributes {
			flat[name] = value
		}
		list[i] = flat
	}
	if n, has := answer["Count"]; has {
		out["totalrecordcount"], out["facets"] = n, answer["Facets"]
	}
	return out
}
