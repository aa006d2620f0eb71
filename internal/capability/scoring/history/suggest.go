package history

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
	"github.com/rapport-platform/rapport/internal/platform/transfer/suggest"
)

// outcomes are names of columns that say what became of a lead.
var outcomes = []string{"outcome", "converted", "conversion", "won", "target", "label", "y", "status", "stage", "dealstage", "result", "class", "loanstatus", "isconverted", "qualified"}

// positives are values that mean success.
var positives = []string{"yes", "y", "true", "1", "won", "converted", "qualified", "ja", "success", "customer", "closed won"}

// times are names of columns that say when a lead came.
var times = []string{"createdon", "created", "createdat", "createddate", "date", "timestamp", "time", "firstcontactdate", "engagedate", "datum", "angelegtam"}

// keys are names of columns that tell leads apart.
var keys = []string{"leadid", "id", "mqlid", "opportunityid", "prospectid", "leadnumber", "externalid", "email", "emailaddress"}

// Suggestion proposes a mapping, with what it rests on for each column.
type Suggestion struct {
	Mapping Mapping           `json:"mapping"`
	Why     map[string]string `json:"why"` // by column of the file: "name", "label", "synonym", "values"
}

// Suggest proposes what the columns mean, from their names and some records.
func Suggest(header []string, records [][]string, table *metadata.Table) Suggestion {
	s := Suggestion{Mapping: Mapping{Columns: map[string]string{}, Unmapped: Skip}, Why: map[string]string{}}
	taken := map[string]bool{}
	values := func(i int) []string {
		var out []string
		for _, r := range records {
			if i < len(r) {
				out = append(out, strings.TrimSpace(r[i]))
			}
		}
		return out
	}
	s.special(header, values)
	for i, from := range header {
		if from == s.Mapping.Outcome.Column || from == s.Mapping.Time.Column {
			continue
		}
		to, why := suggest.Exactly(from, table, mappable)
		if to == "" || taken[to] || !holds(table, to, values(i)) {
			continue
		}
		taken[to] = true
		s.Mapping.Columns[from], s.Why[from] = to, why
	}
	return s
}

// special finds outcome, time and key.
func (s *Suggestion) special(header []string, values func(int) []string) {
	best := len(outcomes)
	for i, from := range header {
		rank := slices.Index(outcomes, suggest.Bare(from))
		if rank < 0 || rank >= best {
			continue
		}
		distinct := distinct(values(i))
		var yes []string
		for _, v := range distinct {
			if slices.Contains(positives, query.Fold(v)) {
				yes = append(yes, v)
			}
		}
		if len(yes) > 0 && len(distinct) <= 20 {
			best = rank
			s.Mapping.Outcome = Outcome{Column: from, Positive: yes}
			s.Why[from] = "values"
		}
	}
	best = len(times)
	for i, from := range header {
		if rank := slices.Index(times, suggest.Bare(from)); rank >= 0 && rank < best {
			if format := cell.Order(values(i)); format != "" {
				best = rank
				s.Mapping.Time = Time{Column: from, Format: format}
				s.Why[from] = "values"
			}
		}
	}
	best = len(keys)
	for i, from := range header {
		all := values(i)
		if rank := slices.Index(keys, suggest.Bare(from)); rank >= 0 && rank < best && len(all) > 1 && len(distinct(all)) == len(all) && !slices.Contains(all, "") {
			best = rank
			s.Mapping.Key = []string{from}
			s.Why[from] = "values"
		}
	}
}

// mappable tells whether a file may fill a column: what the platform works out is no input.
func mappable(c *metadata.Column) bool {
	return !c.System && !c.ReadOnly && c.TypeName != "json" && c.TypeName != "id"
}

// holds tells whether most of the values can stand in the lead's column.
func holds(table *metadata.Table, column string, values []string) bool {
	c, ok := table.Column(column)
	if !ok {
		return false
	}
	p := &Plan{}
	good, n := 0, 0
	for _, v := range values {
		if cell.Missing(v) {
			continue
		}
		n++
		if _, err := p.value(Target{Lead: c}, v); err == nil {
			good++
		}
	}
	return good*10 >= n*9
}

func distinct(values []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range values {
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// numeric tells whether all the values that are there are numbers.
func numeric(values []string) bool {
	n := 0
	for _, v := range values {
		if cell.Missing(v) {
			continue
		}
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return false
		}
		n++
	}
	return n > 0
}
