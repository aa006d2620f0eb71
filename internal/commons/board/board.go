package board

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Pages of a column's cards.
const (
	DefaultPage = 25
	MaxPage     = 200
)

// Ask is what is asked of a board.
type Ask struct {
	// Query says which records, in which order and with which columns. Its Limit is
	// the size of a column's page; After belongs to Column.
	Query  query.Query
	By     string // name of a process, or of a choice column; "" takes the table's own
	Amount string // column that is added up; "" takes the table's own, "-" none
	// Column is the key of the one column that is wanted; "" asks for the whole
	// board. A page after the first one, where By is given as
	// well, tells no counts and no sums.
	Column string
}

// Board is the answer.
type Board struct {
	By       string
	Process  *process.Way // nil on a board by a choice
	Ways     []Option     // by what the table's records can be laid out
	Amount   string       // name of the column that is added up; "" where none is
	Amounts  []Option
	Currency string // ISO code of the sums of money; "" where they are no money, or it may not be read
	Columns  []Column
	// Elsewhere is how many of the records stand in no column: they go by another
	// process or by none.
	Elsewhere int64
}

// Option is something that can be chosen.
type Option struct {
	Name  string
	Label metadata.Label
}

// Column is one column of a board.
type Column struct {
	Key   string // id of the stage, value of the choice; "none" for records without a value
	Name  metadata.Label
	Color string
	Table string // that a stage belongs to; "" on a board by a choice
	Count int64
	Sum   any // of the amount, as the column's kind has it; nil where nothing is added up
	Rows  []record.Row
	Next  query.Cursor // nil after the last
	Cards map[id.ID]Card
}

// None is the key of the column of records without a value.
const None = "none"

// Card is what a card knows of its record's process.
type Card struct {
	Instance id.ID
	State    int64 // status reason of the instance: 1 active, 2 finished, 3 aborted
	Entered  time.Time
	Stalled  time.Time // zero where it is not stalled
}

// Reader is what a board needs of the records.
type Reader interface {
	Find(ctx context.Context, q query.Query) (record.Page, error)
	Get(ctx context.Context, table string, key id.ID, columns []string, expand []query.Expand) (record.Row, error)
}

// Boards answers for boards.
type Boards struct {
	Records Reader
	Catalog func() *metadata.Catalog
	Set     func() *process.Set
	// Hidden gives the test whether column security keeps a column from whoever
	// asks; nil where nothing is kept.
	Hidden func(ctx context.Context) func(table, column string) bool
}

func invalid(code, format string, args ...any) error {
	return errs.New(errs.Invalid, "board."+code, format, args...)
}

// Board answers.
func (b *Boards) Board(ctx context.Context, a Ask) (*Board, error) {
	t, ok := b.Catalog().Table(a.Query.Table)
	if !ok {
		return nil, errs.New(errs.NotFound, "board.table", "there is no such table")
	}
	if a.Query.Group != nil || len(a.Query.Expand) > 0 {
		return nil, invalid("query", "a board is of records, not of groups, and brings no related records along")
	}
	if a.Query.Limit == 0 {
		a.Query.Limit = DefaultPage
	}
	if a.Query.Limit < 0 || a.Query.Limit > MaxPage {
		return nil, invalid("page", "a page of a column has 1 to %d cards", MaxPage)
	}
	hidden := func(string) bool { return false }
	if b.Hidden != nil {
		if is := b.Hidden(ctx); is != nil {
			hidden = func(column string) bool {
				c, ok := t.Column(column)
				return ok && c.Secured && is(t.Name, column)
			}
		}
	}
	ways := b.ways(t, hidden)
	amounts := amountsOf(t, hidden)
	out := &Board{Amounts: options(amounts)}
	amount, err := chosen(amounts, a.Amount, a.Query.Select)
	if err != nil {
		return nil, err
	}
	for _, w := range ways {
		out.Ways = append(out.Ways, Option{w.name, w.label})
	}
	layouts, err := pick(t, ways, a.By)
	if err != nil {
		return nil, err
	}
	var layout *way
	var totals map[string]total
	further := a.By != "" && a.Column != "" && a.Query.After != nil
	for i := range layouts {
		if further {
			layout = &layouts[i]
			break
		}
		if totals, err = b.totals(ctx, a.Query, layouts[i], amount); err != nil {
			return nil, err
		}
		layout = &layouts[i]
		if a.By != "" || layout.anyIn(totals) {
			break
		}
		if i == len(layouts)-1 {
			// No way has records: the first is shown, empty.
			layout = &layouts[0]
		}
	}
	out.By, out.Process = layout.name, layout.process
	if amount != nil {
		out.Amount = amount.name
		if amount.money {
			out.Currency = b.currency(ctx)
		}
	}
	out.Columns, out.Elsewhere = layout.columns(totals, a.Column)
	if a.Column != "" {
		return out, b.one(ctx, a, layout, out)
	}
	for i := range out.Columns {
		if out.Columns[i].Count == 0 {
			continue
		}
		if err := b.page(ctx, a, layout, &out.Columns[i]); err != nil {
			return nil, err
		}
	}
	return out, b.cards(ctx, t, layout, out.Columns)
}

// one fills the wanted column alone, and leaves the others their totals.
func (b *Boards) one(ctx context.Context, a Ask, layout *way, out *Board) error {
	for i := range out.Columns {
		if c := &out.Columns[i]; c.Key == a.Column {
			if err := b.page(ctx, a, layout, c); err != nil {
				return err
			}
			t, _ := b.Catalog().Table(a.Query.Table)
			return b.cards(ctx, t, layout, out.Columns[i:i+1])
		}
	}
	return invalid("column", "the board has no column %q", clip(a.Column))
}

// page reads a page of a column.
func (b *Boards) page(ctx context.Context, a Ask, layout *way, c *Column) error {
	q := a.Query
	value, err := layout.value(c.Key)
	if err != nil {
		return err
	}
	where := query.And{query.Node(query.Null{Left: query.Path{layout.column}})}
	if value != nil {
		where = query.And{query.Compare{Left: query.Path{layout.column}, Value: value}}
	}
	if q.Where != nil {
		where = append(where, q.Where)
	}
	q.Where = where
	if a.Column == "" {
		q.After = nil
	}
	page, err := b.Records.Find(ctx, q)
	if err != nil {
		return err
	}
	c.Rows, c.Next = page.Rows, page.Next
	return nil
}

// currency gives the ISO code of the base currency, as far as it may be read.
func (b *Boards) currency(ctx context.Context) string {
	row, err := b.Records.Get(ctx, metadata.CurrencyTable, record.BaseCurrency, []string{"isocurrencycode"}, nil)
	if err != nil {
		return ""
	}
	return row.Text("isocurrencycode")
}

// clip shortens what somebody sent for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
