package transfer

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
	"github.com/rapport-platform/rapport/internal/platform/transfer/suggest"
)

// Preview is what a person sees of a file before it is imported.
type Preview struct {
	read.Info
	Table      string          `json:"table"`
	Columns    []PreviewColumn `json:"columns"`
	Records    [][]string      `json:"records"` // the first ones
	Suggestion Mapping         `json:"suggestion"`
	// Good is how many of the first records can be used under the mapping given,
	// as far as that can be told without the database; Bad is what is wrong with others.
	Looked int          `json:"looked"`
	Good   int          `json:"good"`
	Bad    []PreviewBad `json:"bad"`
}

// PreviewColumn is one column of the file.
type PreviewColumn struct {
	Name    string   `json:"name"`
	Missing int      `json:"missing"` // among the first records
	Values  []string `json:"values"`  // some different ones
	// Column is the table's column that is suggested, and Why on what grounds.
	Column string `json:"column,omitempty"`
	Why    string `json:"why,omitempty"`
}

// PreviewBad is a record that would be refused.
type PreviewBad struct {
	Line    int    `json:"line"`
	Reasons string `json:"reasons"`
}

const (
	sampleRecords = 500 // that are looked at
	shownRecords  = 10
)

// Preview shows the beginning of a file under a mapping, which may be empty.
func (s *Service) Preview(ctx context.Context, file id.ID, table string, m Mapping) (Preview, error) {
	row, err := s.c.Store.Get(ctx, "importfile", file, []string{"targetentityname"}, nil)
	if err != nil {
		return Preview{}, err
	}
	if table == "" {
		table = row.Text("targetentityname")
	}
	t, err := s.table(table)
	if err != nil {
		return Preview{}, err
	}
	o, err := m.options()
	if err != nil {
		return Preview{}, err
	}
	first, err := s.sample(file, o)
	if err != nil {
		return Preview{}, err
	}
	shown := first
	if first.info.Kind == "xlsx" { // with dates as people see them
		o.Shown = true
		if shown, err = s.sample(file, o); err != nil {
			return Preview{}, err
		}
	}
	out := Preview{Info: first.info, Table: t.Name, Records: [][]string{}, Bad: first.bad, Looked: len(first.records) + len(first.bad)}
	for i, name := range first.info.Header {
		out.Columns = append(out.Columns, previewColumn(name, i, shown.records))
	}
	for _, rec := range shown.records[:min(len(shown.records), shownRecords)] {
		short := make([]string, len(rec))
		for i, v := range rec {
			short[i] = clip(v, 80)
		}
		out.Records = append(out.Records, short)
	}
	out.Suggestion = propose(t, &out, first)
	if len(m.Columns) == 0 && len(m.Defaults) == 0 {
		return out, nil
	}
	p, err := newPlan(t, m, first.info, first.records)
	if err != nil {
		return out, err
	}
	for i, rec := range first.records {
		if r := p.convert(rec, first.lines[i]); len(r.bad) == 0 {
			out.Good++
		} else if len(out.Bad) < shownRecords {
			out.Bad = append(out.Bad, PreviewBad{r.line, read.Reasons(r.bad)})
		}
	}
	return out, nil
}

// sampled is the beginning of a file.
type sampled struct {
	info    read.Info
	records [][]string
	lines   []int
	bad     []PreviewBad
}

func (s *Service) sample(file id.ID, o read.Options) (sampled, error) {
	f, err := s.files.Open(file.String())
	if err != nil {
		return sampled{}, err
	}
	defer f.Close()
	src, err := read.Open(f, o)
	if err != nil {
		return sampled{}, err
	}
	out, err := sampleOf(src)
	return out, errors.Join(err, src.Close())
}

func sampleOf(src read.Source) (sampled, error) {
	out := sampled{info: src.Info(), bad: []PreviewBad{}}
	for len(out.records)+len(out.bad) < sampleRecords {
		rec, line, err := src.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case read.Fatal(err):
			return out, err
		case err != nil:
			out.bad = append(out.bad, PreviewBad{line, message(err)})
		default:
			out.records, out.lines = append(out.records, rec), append(out.lines, line)
		}
	}
	return out, nil
}

func previewColumn(name string, i int, records [][]string) PreviewColumn {
	c := PreviewColumn{Name: name, Values: []string{}}
	seen := map[string]bool{}
	for _, r := range records {
		v := ""
		if i < len(r) {
			v = strings.TrimSpace(r[i])
		}
		if cell.Missing(v) {
			c.Missing++
		} else if !seen[v] && len(c.Values) < 5 {
			seen[v] = true
			c.Values = append(c.Values, clip(v, 40))
		}
	}
	return c
}

// propose suggests a mapping from the headings, and the decimal sign from the values.
func propose(t *metadata.Table, p *Preview, first sampled) Mapping {
	m := Mapping{Columns: map[string]string{}, Mode: Create}
	taken := map[string]bool{}
	again := len(first.info.Header) > len(refusedHead) && slices.Equal(first.info.Header[:len(refusedHead)], refusedHead)
	wanted := func(c *metadata.Column) bool { return Mappable(t, c) && !taken[c.Name] }
	for i, c := range p.Columns {
		if i < len(refusedHead) && again {
			continue
		}
		if to, why := suggest.Exactly(c.Name, t, wanted); to != "" {
			taken[to] = true
			p.Columns[i].Column, p.Columns[i].Why = to, why
		}
	}
	for i, c := range p.Columns {
		if c.Column != "" || i < len(refusedHead) && again {
			continue
		}
		if to := suggest.Likely(c.Name, t, wanted); to != "" {
			taken[to] = true
			p.Columns[i].Column, p.Columns[i].Why = to, suggest.ByLikely
		}
	}
	points, commas := 0, 0
	for i, c := range p.Columns {
		if c.Column == "" {
			continue
		}
		m.Columns[c.Name] = c.Column
		column, _ := t.Column(c.Column)
		for _, r := range first.records {
			if i < len(r) && !(p.Kind == "xlsx" && cell.Stored(r[i])) && (column.TypeName == "money" || column.TypeName == "decimal" || column.TypeName == "double") {
				_, point := cell.Number(r[i], ".")
				_, comma := cell.Number(r[i], ",")
				if point && !comma {
					points++
				} else if comma && !point {
					commas++
				}
			}
		}
	}
	if commas > points {
		m.Decimal = ","
	}
	if taken[t.ID] { // rows that were exported come back to where they belong
		m.Mode, m.Match = Upsert, []string{t.ID}
	}
	return m
}
