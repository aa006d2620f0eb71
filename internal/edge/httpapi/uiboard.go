package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/board"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// BoardAPI shows the records of a table side by side by their stages or a choice:
//
//	GET /api/ui/tables/{table}/board?$select=…&$filter=…&$orderby=…&by=…&amount=…&size=…
//
// With column and after it gives the next page of that column. The options with a
// dollar are those of the Web API, and so is the form of the rows.
type BoardAPI struct {
	OData  *ODataAPI
	Boards *board.Boards
}

// Register adds the route.
func (a *BoardAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/tables/{table}/board", answering(a.serve))
}

type uiBoard struct {
	By         string          `json:"by"`
	Process    *uiBoardProcess `json:"process,omitempty"`
	Ways       []uiBoardOption `json:"ways"`
	Amount     string          `json:"amount,omitempty"`
	Amounts    []uiBoardOption `json:"amounts"`
	Currency   string          `json:"currency,omitempty"`
	Columns    []uiBoardColumn `json:"columns"`
	Elsewhere  int64           `json:"elsewhere"`
	EntitySet  string          `json:"entityset"`
	PrimaryKey string          `json:"primarykey"`
}

type uiBoardProcess struct {
	EntitySet  string `json:"entityset"` // of instances
	Title      string `json:"title"`
	BackReason bool   `json:"backreason,omitempty"`
}

type uiBoardOption struct {
	Name  string `json:"name"`
	Label string `json:"label"`
}

type uiBoardColumn struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
	Table string `json:"table,omitempty"`
	Count int64  `json:"count"`
	// Sum of the amount; in the base currency where it is money.
	Sum   json.RawMessage        `json:"sum,omitempty"`
	Rows  json.RawMessage        `json:"rows"` // as the Web API has them
	Next  string                 `json:"next,omitempty"`
	Cards map[string]uiBoardCard `json:"cards,omitempty"`
}

type uiBoardCard struct {
	Instance  id.ID      `json:"instance"`
	State     string     `json:"state"` // active, finished, aborted
	EnteredOn *time.Time `json:"enteredon,omitempty"`
	StalledOn *time.Time `json:"stalledon,omitempty"`
}

func (a *BoardAPI) serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if access.From(ctx).Kind != access.User {
		return access.ErrSignIn
	}
	catalog := a.OData.Catalog()
	t, ok := catalog.Table(r.PathValue("table"))
	if !ok {
		return errTable
	}
	params, err := odata.Params(r.URL.RawQuery)
	if err != nil {
		return err
	}
	ask, options := board.Ask{}, map[string]string{}
	size, after := "", ""
	own := map[string]*string{"by": &ask.By, "amount": &ask.Amount, "column": &ask.Column, "after": &after, "size": &size}
	for name, value := range params {
		switch into := own[name]; {
		case into != nil:
			*into = value
		case name == "$select" || name == "$filter" || name == "$orderby":
			options[name] = value
		default:
			return errs.New(errs.Invalid, "board.option", "the option %q means nothing to a board", clipText(name))
		}
	}
	o, err := odata.ParseOptions(a.OData.text(ctx, catalog), t, options)
	if err != nil {
		return err
	}
	ask.Query = o.Query
	if size != "" {
		if ask.Query.Limit, err = strconv.Atoi(size); err != nil || ask.Query.Limit < 1 {
			return errs.New(errs.Invalid, "board.page", "size is a number of cards between 1 and %d", board.MaxPage)
		}
	}
	if after != "" {
		if ask.Column == "" {
			return errs.New(errs.Invalid, "board.column", "a position belongs to a column: name it")
		}
		if ask.Query.After, err = query.DecodeCursor(catalog, &ask.Query, after); err != nil {
			return err
		}
	}
	b, err := a.Boards.Board(ctx, ask)
	if err != nil {
		return err
	}
	lang := languageOf(r, a.OData.Records)
	q := &request{api: a.OData, w: w, r: r, ctx: ctx, catalog: catalog, prefer: parsePrefer([]string{`odata.include-annotations="*"`}), base: a.OData.base(r) + odataRoot + "v9.2/"}
	out := uiBoard{By: b.By, Ways: uiOptions(b.Ways, lang), Amount: b.Amount, Amounts: uiOptions(b.Amounts, lang), Currency: b.Currency, Columns: []uiBoardColumn{}, Elsewhere: b.Elsewhere,
		EntitySet: t.Set, PrimaryKey: t.ID}
	if p := b.Process; p != nil {
		instances, _ := catalog.Table(p.Instance)
		out.Process = &uiBoardProcess{instances.Set, p.Title.In(lang), p.BackReason}
	}
	for _, c := range b.Columns {
		if ask.Column != "" && c.Key != ask.Column {
			continue
		}
		column, err := q.boardColumn(o, &ask.Query, c, lang)
		if err != nil {
			return err
		}
		out.Columns = append(out.Columns, column)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Language", lang)
	writePortalJSON(w, http.StatusOK, out)
	return nil
}

func uiOptions(list []board.Option, lang string) []uiBoardOption {
	out := []uiBoardOption{}
	for _, o := range list {
		out = append(out, uiBoardOption{o.Name, o.Label.In(lang)})
	}
	return out
}

func (q *request) boardColumn(o *odata.Options, asked *query.Query, c board.Column, lang string) (uiBoardColumn, error) {
	out := uiBoardColumn{Key: c.Key, Name: c.Name.In(lang), Color: c.Color, Table: c.Table, Count: c.Count}
	if c.Sum != nil {
		sum, err := odata.Value(c.Sum)
		if err != nil {
			return out, err
		}
		out.Sum = sum
	}
	writer, err := q.writer(&o.View, c.Rows)
	if err != nil {
		return out, err
	}
	var rows bytes.Buffer
	if err := writer.Array(&rows, &o.View, c.Rows); err != nil {
		return out, err
	}
	out.Rows = rows.Bytes()
	if c.Next != nil {
		if out.Next, err = query.EncodeCursor(q.catalog, asked, c.Next); err != nil {
			return out, err
		}
	}
	if len(c.Cards) > 0 {
		out.Cards = make(map[string]uiBoardCard, len(c.Cards))
	}
	for key, card := range c.Cards {
		u := uiBoardCard{Instance: card.Instance, State: processStates[card.State]}
		if !card.Entered.IsZero() {
			u.EnteredOn = &card.Entered
		}
		if !card.Stalled.IsZero() {
			u.StalledOn = &card.Stalled
		}
		out.Cards[key.String()] = u
	}
	return out, nil
}
