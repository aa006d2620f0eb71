package datasets

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Column is a column of a Table: Numeric, or Text with "" for missing.
type Column struct {
	Name    string
	Numeric []float64
	Text    []string
}

// Table is a data set with a yes-or-no outcome.
type Table struct {
	Columns []Column
	Label   []bool
	order   []int // rows by time; nil: they stand in order
}

// Split is row numbers of the three parts.
type Split struct{ Train, Valid, Test []int }

// Stratified is the split "strat20" of BASELINES.md: by a counter for each
// outcome, 14 of 20 rows train, 3 validate, 3 test.
func (t *Table) Stratified() Split {
	var s Split
	var counters [2]int
	for row, y := range t.Label {
		k := 0
		if y {
			k = 1
		}
		switch bucket := counters[k] % 20; {
		case bucket < 14:
			s.Train = append(s.Train, row)
		case bucket < 17:
			s.Valid = append(s.Valid, row)
		default:
			s.Test = append(s.Test, row)
		}
		counters[k]++
	}
	return s
}

// Chronological is the split "chrono": the oldest 70 % train, the next 15 %
// validate, the newest test.
func (t *Table) Chronological() Split {
	order := t.order
	if order == nil {
		for row := range t.Label {
			order = append(order, row)
		}
	}
	a := len(order) * 70 / 100
	b := a + len(order)*15/100
	return Split{order[:a], order[a:b], order[b:]}
}

func read(path string, comma rune) (rows [][]string, index map[string]int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = comma
	rows, err = r.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	index = map[string]int{}
	for i, name := range rows[0] {
		index[name] = i
	}
	return rows[1:], index, nil
}

// Bank reads bank-additional-full.csv (see Path) in its order, which is that of
// time, with or without the column "duration".
func Bank(path string, duration bool) (*Table, error) {
	rows, index, err := read(path, ';')
	if err != nil {
		return nil, err
	}
	names := []string{"age", "duration", "campaign", "pdays", "previous", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"}
	t := &Table{Label: make([]bool, len(rows))}
	for _, name := range names {
		if name == "duration" && !duration {
			continue
		}
		c := Column{Name: name, Numeric: make([]float64, len(rows))}
		for i, row := range rows {
			if c.Numeric[i], err = strconv.ParseFloat(row[index[name]], 64); err != nil {
				return nil, fmt.Errorf("row %d, %s: %w", i, name, err)
			}
		}
		t.Columns = append(t.Columns, c)
	}
	for _, name := range []string{"job", "marital", "education", "default", "housing", "loan", "contact", "month", "day_of_week", "poutcome"} {
		c := Column{Name: name, Text: make([]string, len(rows))}
		for i, row := range rows {
			c.Text[i] = row[index[name]]
		}
		t.Columns = append(t.Columns, c)
	}
	for i, row := range rows {
		t.Label[i] = row[index["y"]] == "yes"
	}
	return t, nil
}

// Deals reads the won and lost opportunities of the folder maven_crm_sales (see
// Path), joined with accounts, products and teams. Nothing in it tells which
// are won.
func Deals(dir string) (*Table, error) {
	type side struct {
		rows  map[string][]string
		index map[string]int
	}
	load := func(name, key string) (side, error) {
		rows, index, err := read(filepath.Join(dir, name), ',')
		s := side{map[string][]string{}, index}
		for _, row := range rows {
			s.rows[strings.ReplaceAll(row[index[key]], " ", "")] = row
		}
		return s, err
	}
	sides := map[string]side{}
	for _, x := range [][3]string{{"accounts.csv", "account", "account"}, {"products.csv", "product", "product"}, {"sales_teams.csv", "sales_agent", "sales_agent"}} {
		s, err := load(x[0], x[1])
		if err != nil {
			return nil, err
		}
		sides[x[2]] = s
	}
	rows, index, err := read(filepath.Join(dir, "sales_pipeline.csv"), ',')
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool {
		return row[index["deal_stage"]] != "Won" && row[index["deal_stage"]] != "Lost"
	})
	t := &Table{}
	dates := make([]time.Time, len(rows))
	for i, row := range rows {
		t.Label = append(t.Label, row[index["deal_stage"]] == "Won")
		t.order = append(t.order, i)
		if dates[i], err = time.Parse("1/2/2006", row[index["engage_date"]]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(t.order, func(a, b int) int { return cmp.Compare(dates[a].Unix(), dates[b].Unix()) })
	value := func(row []string, key, name string) string {
		s := sides[key]
		if joined, ok := s.rows[strings.ReplaceAll(row[index[key]], " ", "")]; ok {
			return joined[s.index[name]]
		}
		return ""
	}
	for _, x := range [][2]string{{"account", "year_established"}, {"account", "revenue"}, {"account", "employees"}, {"product", "sales_price"}} {
		c := Column{Name: x[1], Numeric: make([]float64, len(rows))}
		for i, row := range rows {
			if c.Numeric[i], err = strconv.ParseFloat(cmp.Or(value(row, x[0], x[1]), "NaN"), 64); err != nil {
				return nil, err
			}
		}
		t.Columns = append(t.Columns, c)
	}
	for _, x := range [][2]string{{"", "sales_agent"}, {"", "product"}, {"", "account"}, {"account", "sector"}, {"account", "office_location"}, {"sales_agent", "manager"}, {"sales_agent", "regional_office"}} {
		c := Column{Name: x[1], Text: make([]string, len(rows))}
		for i, row := range rows {
			if x[0] == "" {
				c.Text[i] = row[index[x[1]]]
			} else {
				c.Text[i] = value(row, x[0], x[1])
			}
		}
		t.Columns = append(t.Columns, c)
	}
	return t, nil
}
