package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/report"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// ReportsAPI answers reports:
//
//	GET /api/ui/reports                what can be asked
//	GET /api/ui/reports/{name}         the numbers: from, to, before, seller, unit, by
//	GET /api/ui/reports/{name}/rows    the rows behind one: also step, key, after
//
// From and to are days in the asker's time zone; the last one belongs to the period.
type ReportsAPI struct {
	OData   *ODataAPI
	Reports *report.Service
}

// Register adds the routes.
func (a *ReportsAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/reports", answering(a.list))
	mux.HandleFunc("GET /api/ui/reports/{name}", answering(a.one))
	mux.HandleFunc("GET /api/ui/reports/{name}/rows", answering(a.rows))
}

type uiReport struct {
	Name  string          `json:"name"`
	Kind  string          `json:"kind"`
	Label string          `json:"label"`
	About string          `json:"about,omitempty"`
	Steps []uiReportStep  `json:"steps"`
	By    []uiBoardOption `json:"by"`
}

type uiReportStep struct {
	Name   string `json:"name"`
	Label  string `json:"label"`
	About  string `json:"about,omitempty"`
	Table  string `json:"table"`
	Of     string `json:"of,omitempty"`
	Amount bool   `json:"amount,omitempty"`
	Money  bool   `json:"money,omitempty"`
}

type uiReportAnswer struct {
	From     string          `json:"from"`
	To       string          `json:"to"`
	Currency string          `json:"currency,omitempty"`
	Total    uiReportGroup   `json:"total"`
	Groups   []uiReportGroup `json:"groups"`
	More     int             `json:"more,omitempty"`
	Cut      bool            `json:"cut,omitempty"`
}

type uiReportGroup struct {
	Key   string         `json:"key"`
	Name  string         `json:"name"`
	Cells []uiReportCell `json:"cells"`
}

type uiReportCell struct {
	Count   int64           `json:"count"`
	Sum     json.RawMessage `json:"sum,omitempty"`
	Before  *int64          `json:"before,omitempty"`
	Median  int64           `json:"median,omitempty"` // seconds, as the two that follow
	P90     int64           `json:"p90,omitempty"`
	Longest int64           `json:"longest,omitempty"`
	Open    int64           `json:"open,omitempty"`
}

type uiReportRows struct {
	Table string          `json:"table"`
	Total int64           `json:"total"`
	Rows  json.RawMessage `json:"rows"` // as the Web API has them
	Next  string          `json:"next,omitempty"`
	Stays []uiReportStay  `json:"stays,omitempty"`
}

type uiReportStay struct {
	ID      id.ID     `json:"id"`
	Name    string    `json:"name"`
	Owner   string    `json:"owner"`
	Entered time.Time `json:"entered"`
	Seconds int64     `json:"seconds"`
	Reason  string    `json:"reason,omitempty"`
}

func (a *ReportsAPI) list(w http.ResponseWriter, r *http.Request) error {
	if access.From(r.Context()).Kind != access.User {
		return access.ErrSignIn
	}
	list, err := a.Reports.List(r.Context())
	if err != nil {
		return err
	}
	lang := languageOf(r, a.OData.Records)
	out := []uiReport{}
	for _, n := range list {
		u := uiReport{Name: n.Name, Kind: n.Kind, Label: n.Label.In(lang), About: n.About.In(lang), Steps: []uiReportStep{}, By: []uiBoardOption{}}
		for _, s := range n.Steps {
			u.Steps = append(u.Steps, uiReportStep{s.Name, s.Label.In(lang), s.About.In(lang), s.Table, s.Of, s.Amount != "", s.Money()})
		}
		for _, b := range n.By {
			u.By = append(u.By, uiBoardOption{b.Name, b.Label.In(lang)})
		}
		out = append(out, u)
	}
	return writeTagged(w, r, lang, out)
}

// asked reads what every question has in common.
func (a *ReportsAPI) asked(r *http.Request) (*report.Definition, *report.Ask, map[string]string, error) {
	ctx := r.Context()
	if access.From(ctx).Kind != access.User {
		return nil, nil, nil, access.ErrSignIn
	}
	params, err := odata.Params(r.URL.RawQuery)
	if err != nil {
		return nil, nil, nil, err
	}
	d, err := a.Reports.Get(ctx, r.PathValue("name"))
	if err != nil {
		return nil, nil, nil, err
	}
	ask := &report.Ask{Language: languageOf(r, a.OData.Records), By: params["by"], Before: params["before"] == "true", Text: a.OData.text(ctx, a.OData.Catalog())}
	zone := ask.Text.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := func(name string) (at time.Time) {
		if at, err = time.ParseInLocation(time.DateOnly, params[name], zone); err != nil {
			err = errs.New(errs.Invalid, "report.period", "%s is a day such as 2026-11-22", name)
		}
		return at
	}
	if ask.From = day("from"); err != nil {
		return nil, nil, nil, err
	}
	if ask.To = day("to").AddDate(0, 0, 1); err != nil {
		return nil, nil, nil, err
	}
	for name, into := range map[string]*id.ID{"seller": &ask.Seller, "unit": &ask.Unit} {
		if text := params[name]; text != "" {
			if *into, err = id.Parse(text); err != nil {
				return nil, nil, nil, errs.New(errs.Invalid, "report."+name, "%s is an id", name)
			}
		}
	}
	return d, ask, params, nil
}

func (a *ReportsAPI) one(w http.ResponseWriter, r *http.Request) error {
	d, ask, params, err := a.asked(r)
	if err != nil {
		return err
	}
	answer, err := a.Reports.Answer(r.Context(), d, ask)
	if err != nil {
		return err
	}
	out := uiReportAnswer{From: params["from"], To: params["to"], Groups: []uiReportGroup{}, More: answer.More, Cut: answer.Cut, Currency: a.Reports.Currency(r.Context())}
	if out.Total, err = reportGroup(answer.Total); err != nil {
		return err
	}
	for _, g := range answer.Groups {
		u, err := reportGroup(g)
		if err != nil {
			return err
		}
		out.Groups = append(out.Groups, u)
	}
	w.Header().Set("Cache-Control", "no-store")
	writePortalJSON(w, http.StatusOK, out)
	return nil
}

func reportGroup(g *report.Group) (uiReportGroup, error) {
	out := uiReportGroup{Key: g.Key, Name: g.Name, Cells: make([]uiReportCell, len(g.Cells))}
	for i, c := range g.Cells {
		u := uiReportCell{Count: c.Count, Before: c.Before, Median: c.Median, P90: c.P90, Longest: c.Longest, Open: c.Open}
		if c.Sum != nil {
			sum, err := odata.Value(c.Sum)
			if err != nil {
				return out, err
			}
			u.Sum = sum
		}
		out.Cells[i] = u
	}
	return out, nil
}

func (a *ReportsAPI) rows(w http.ResponseWriter, r *http.Request) error {
	d, ask, params, err := a.asked(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	w.Header().Set("Cache-Control", "no-store")
	if d.Kind == report.Times {
		stays, err := a.Reports.Stays(ctx, d, ask, params["key"])
		if err != nil {
			return err
		}
		out := uiReportRows{Rows: json.RawMessage("[]"), Total: int64(len(stays)), Stays: []uiReportStay{}}
		for _, s := range stays {
			out.Table = s.Table
			out.Stays = append(out.Stays, uiReportStay{s.Record, s.Name, s.Owner, s.Entered, s.Seconds, s.Reason})
		}
		writePortalJSON(w, http.StatusOK, out)
		return nil
	}
	q, err := a.Reports.Behind(d, ask, params["step"], params["key"])
	if err != nil {
		return err
	}
	catalog := a.OData.Catalog()
	q.Count = params["after"] == ""
	if !q.Count {
		if q.After, err = query.DecodeCursor(catalog, &q, params["after"]); err != nil {
			return err
		}
	}
	page, err := a.OData.Records.Find(ctx, q)
	if err != nil {
		return err
	}
	t, _ := catalog.Table(q.Table)
	view := odata.View{Table: t, Columns: q.Select[:len(q.Select)-1]}
	writing := &request{api: a.OData, w: w, r: r, ctx: ctx, catalog: catalog, prefer: parsePrefer([]string{`odata.include-annotations="*"`}), base: a.OData.base(r) + odataRoot + "v9.2/"}
	writer, err := writing.writer(&view, page.Rows)
	if err != nil {
		return err
	}
	var rows bytes.Buffer
	if err := writer.Array(&rows, &view, page.Rows); err != nil {
		return err
	}
	out := uiReportRows{Table: q.Table, Total: page.Total, Rows: rows.Bytes()}
	if page.Next != nil {
		if out.Next, err = query.EncodeCursor(catalog, &q, page.Next); err != nil {
			return err
		}
	}
	writePortalJSON(w, http.StatusOK, out)
	return nil
}
