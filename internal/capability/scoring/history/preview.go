package history

import (
	"errors"
	"io"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/read"
)

// Preview is what a person sees of a file before it is imported.
type Preview struct {
	Encoding   string          `json:"encoding"`
	Delimiter  string          `json:"delimiter"`
	Columns    []PreviewColumn `json:"columns"`
	Records    [][]string      `json:"records"` // the first ones
	Suggestion Suggestion      `json:"suggestion"`
	// Bad are the complaints about the first records under the mapping given, and
	// Good how many of them are fine.
	Bad  []PreviewBad `json:"bad"`
	Good int          `json:"good"`
}

// PreviewColumn is one column of the file.
type PreviewColumn struct {
	Name     string   `json:"name"`
	Numeric  bool     `json:"numeric"`
	Distinct int      `json:"distinct"` // among the first records
	Missing  int      `json:"missing"`
	Values   []string `json:"values"` // some different ones
}

// PreviewBad is a record that would be refused.
type PreviewBad struct {
	Line    int    `json:"line"`
	Reasons string `json:"reasons"`
}

const (
	previewRecords = 500 // that are looked at
	previewShown   = 10
)

// Look reads the beginning of a file. With a mapping of columns it also tells
// how the first records fare under it.
func Look(from io.Reader, m Mapping, table *metadata.Table) (Preview, error) {
	r, err := NewReader(from, m)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Encoding: r.Encoding, Delimiter: string(r.Delimiter), Bad: []PreviewBad{}, Records: [][]string{}}
	var records [][]string
	var lines []int
	for len(records) < previewRecords {
		record, line, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if read.Fatal(err) {
			return Preview{}, err
		}
		if err != nil {
			out.Bad = append(out.Bad, PreviewBad{line, plain(err)})
			continue
		}
		records, lines = append(records, record), append(lines, line)
	}
	for i := range r.Header {
		out.Columns = append(out.Columns, column(r.Header[i], i, records))
	}
	for _, record := range records[:min(len(records), previewShown)] {
		short := make([]string, len(record))
		for i, v := range record {
			short[i] = clip(v, 80)
		}
		out.Records = append(out.Records, short)
	}
	out.Suggestion = Suggest(r.Header, records, table)
	if len(m.Columns) == 0 && m.Unmapped == "" && m.Outcome.Column == "" {
		return out, nil
	}
	plan, err := NewPlan(m, r.Header, table, TimeValues(m, r.Header, records))
	if err != nil {
		return out, err
	}
	for i, record := range records {
		if _, reasons := plan.Convert(record, lines[i]); len(reasons) == 0 {
			out.Good++
		} else if len(out.Bad) < previewShown {
			out.Bad = append(out.Bad, PreviewBad{lines[i], read.Reasons(reasons)})
		}
	}
	return out, nil
}

// TimeValues gives the values of the mapping's time column.
func TimeValues(m Mapping, header []string, records [][]string) []string {
	var out []string
	for i, name := range header {
		if name != m.Time.Column {
			continue
		}
		for _, r := range records {
			if i < len(r) {
				out = append(out, r[i])
			}
		}
	}
	return out
}

func column(name string, i int, records [][]string) PreviewColumn {
	c := PreviewColumn{Name: name, Values: []string{}}
	var values []string
	for _, r := range records {
		v := ""
		if i < len(r) {
			v = strings.TrimSpace(r[i])
		}
		if cell.Missing(v) {
			c.Missing++
			continue
		}
		values = append(values, v)
	}
	all := distinct(values)
	c.Distinct, c.Numeric = len(all), numeric(values)
	for _, v := range all[:min(len(all), 5)] {
		c.Values = append(c.Values, clip(v, 40))
	}
	return c
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// Times gives values of the mapping's time column from the beginning of a file.
func Times(r *Reader, m Mapping) ([]string, error) {
	var records [][]string
	for len(records) < previewRecords {
		record, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if read.Fatal(err) {
			return nil, err
		}
		records = append(records, record)
	}
	return TimeValues(m, r.Header, records), nil
}
