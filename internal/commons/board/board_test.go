package board_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/board"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Each column of a board counts and adds up what the database says, in several
// currencies, by pages, for those who see all and for those who see a unit.
func TestBoardOfAProcess(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		dollar := h.create(metadata.CurrencyTable, record.Row{"currencyname": "Dollar", "isocurrencycode": "USD", "currencysymbol": "$", "currencyprecision": 2, "exchangerate": query.Number{Units: 125, Scale: 2}}).ID(metadata.CurrencyColumn)
		north := h.create("businessunit", record.Row{"name": "North", "parentbusinessunitid": h.unit}).ID("businessunitid")
		h.reload()
		manager, head := h.user("manager", north, access.Local, "opportunity", instances, "transactioncurrency")
		blind, _ := h.user("blind", h.unit, access.Global, "opportunity") // sees no instances
		way := []string{"propose", "close"}
		var deals []id.ID
		for i := range 23 {
			row := record.Row{"name": fmt.Sprintf("Deal %02d", i), "customerneed": "Money", "estimatedvalue": query.Number{Units: int64(1000 + i), Scale: 0}}
			if i%3 == 0 {
				row[metadata.CurrencyColumn] = dollar
			}
			if i%4 == 0 {
				row["ownerid"], row[metadata.TypeColumn("ownerid")] = head, "systemuser"
			}
			if i == 22 {
				delete(row, "estimatedvalue")
			}
			deal := h.create("opportunity", row).ID("opportunityid")
			deals = append(deals, deal)
			h.clock.Advance(time.Minute)
			h.to(deal, way[:i%3]...)
		}
		if err := h.change("opportunity", deals[1], record.Row{"statecode": 1, "statuscode": 3}); err != nil {
			t.Fatal(err)
		}
		// One goes by no process, and a lead's opportunity is still in the lead's stage.
		if err := h.change("opportunity", deals[3], record.Row{"processid": nil, "stageid": nil, "traversedpath": nil}); err != nil {
			t.Fatal(err)
		}
		if err := h.change("opportunity", deals[6], record.Row{"stageid": stage("qualify")}); err != nil {
			t.Fatal(err)
		}
		open := query.Query{Table: "opportunity", Select: []string{"opportunityid", "name", "estimatedvalue"}, Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)},
			Order: []query.Order{{Column: "createdon", Desc: true}}, Limit: 3}
		got, err := h.boards.Board(h.ctx, board.Ask{Query: open})
		if err != nil {
			t.Fatal(err)
		}
		if got.By != instances || got.Amount != "estimatedvalue" || got.Currency != "EUR" || got.Elsewhere != 1 || len(got.Columns) != 4 || !got.Process.BackReason {
			t.Fatalf("%+v", got)
		}
		const sums = "SELECT count(*), coalesce(sum(estimatedvalue_base), 0) FROM opportunity WHERE statecode = 0 AND stageid = ?"
		shown := map[string]bool{}
		for i, key := range []string{"qualify", "develop", "propose", "close"} {
			c := got.Columns[i]
			if want := h.counted(sums, stage(key)); told(c) != want || c.Count == 0 || c.Key != stage(key).String() {
				t.Errorf("%s: %s, not %s", key, told(c), want)
			}
			for seen, all := int64(0), c.Count; ; {
				if len(c.Rows) > 3 || len(c.Cards) != len(c.Rows) {
					t.Fatalf("%d rows, %d cards", len(c.Rows), len(c.Cards))
				}
				for _, row := range c.Rows {
					name := row.Text("name")
					if card := c.Cards[row.ID("opportunityid")]; shown[name] || card.State != 1 || card.Entered.IsZero() || card.Instance == id.Nil {
						t.Errorf("%s twice, or %+v", name, card)
					}
					shown[name] = true
				}
				if seen += int64(len(c.Rows)); c.Next == nil {
					if seen != all {
						t.Errorf("%s: %d of %d", key, seen, all)
					}
					break
				}
				more := open
				more.After = c.Next
				page, err := h.boards.Board(h.ctx, board.Ask{Query: more, By: got.By, Column: c.Key})
				if err != nil {
					t.Fatal(err)
				}
				at := slices.IndexFunc(page.Columns, func(of board.Column) bool { return of.Key == c.Key })
				if c = page.Columns[at]; c.Count != 0 || c.Sum != nil {
					t.Errorf("%s: a further page counts again", key)
				}
			}
		}
		if len(shown) != 21 || shown["Deal 01"] || shown["Deal 03"] {
			t.Errorf("%d: %v", len(shown), shown)
		}

		// The manager of a unit: its numbers alone.
		own, err := h.boards.Board(manager, board.Ask{Query: open})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range own.Columns {
			key, _ := id.Parse(c.Key)
			if want := h.counted(sums+" AND owningbusinessunit = ?", key, north); told(c) != want {
				t.Errorf("manager, %s: %s, not %s", c.Name["en"], told(c), want)
			}
		}
		if len(own.Columns) != 3 || own.Columns[0].Count+own.Columns[1].Count+own.Columns[2].Count != 6 {
			t.Errorf("%+v", own.Columns)
		}
		// Who may not read the process's instances sees the board without its times.
		bare, err := h.boards.Board(blind, board.Ask{Query: open, Amount: "-"})
		if err != nil || bare.Columns[0].Count == 0 || len(bare.Columns[0].Cards) != 0 || bare.Amount != "" || bare.Columns[0].Sum != nil {
			t.Errorf("%+v, %v", bare, err)
		}
	})
}

// Boards by a choice have a column for each value and one for those without;
// what is secured is neither a way nor an amount.
func TestBoardOfAChoice(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		for i := range 5 {
			row := record.Row{"thing_name": fmt.Sprint(i), "thing_margin": query.Number{Units: 5}}
			if i > 0 {
				row["thing_kind"] = int64(1)
			}
			h.create("thing_deal", row)
		}
		ctx, _ := h.user("reader", h.unit, access.Global, "thing_deal")
		ask := board.Ask{Query: query.Query{Table: "thing_deal"}, By: "thing_kind"}
		got, err := h.boards.Board(ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, c := range got.Columns {
			said = append(said, fmt.Sprintf("%s %d/%d", c.Key, c.Count, len(c.Rows)))
		}
		if strings.Join(said, ", ") != "1 4/4, 2 0/0, none 1/1" || got.Amount != "" || len(got.Amounts) != 0 || got.Process != nil {
			t.Errorf("%v %+v", said, got)
		}
		for _, bad := range []board.Ask{{By: "thing_grade"}, {By: "nothing"}, {By: "thing_kind", Amount: "thing_margin"}, {By: "thing_kind", Column: "7"}, {By: "thing_kind", Column: strings.Repeat("x", 500)}} {
			bad.Query = ask.Query
			if _, err := h.boards.Board(ctx, bad); !strings.HasPrefix(errs.CodeOf(err), "board.") {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		ask.Query.Limit = 100_000
		if _, err := h.boards.Board(ctx, ask); errs.CodeOf(err) != "board.page" {
			t.Error(err)
		}
		all, err := h.boards.Board(h.ctx, board.Ask{Query: ask.Query, By: "thing_grade", Amount: "thing_margin"})
		if errs.CodeOf(err) != "board.page" {
			t.Errorf("%v %v", all, err)
		}
		// Without a process and with a status, the open reasons are the columns.
		status, err := h.boards.Board(h.ctx, board.Ask{Query: query.Query{Table: "thing_deal"}})
		if err != nil || status.By != "statuscode" || len(status.Columns) != 1 || status.Columns[0].Count != 5 || told(status.Columns[0]) != h.counted("SELECT count(*), coalesce(sum(thing_margin_base), 0) FROM thing_deal WHERE statecode = 0") {
			t.Errorf("%+v, %v", status, err)
		}
	})
}
