package scoring

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/commons/lake"
)

// pastLead is what files of history say of one lead: of several rows with one
// key the later file's values count, and where it has none the earlier's.
type pastLead struct {
	Key     string
	At      time.Time
	Order   int64 // in which order leads stand where no times are known
	Outcome *bool
	Values  []string // by the columns asked for
}

// attributes lists the columns of the imported history that are attributes of leads.
func (s *Service) attributes(ctx context.Context) ([]string, error) {
	cols, err := s.c.Lake.ImportedColumns(ctx, historyTable)
	if errors.Is(err, lake.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range cols {
		if !strings.HasPrefix(c.Name, "h_") {
			out = append(out, c.Name)
		}
	}
	return out, nil
}

// past gives the leads of the imported history, in the order of their keys. Its
// memory does not grow with their number.
func (s *Service) past(ctx context.Context, columns []string) iter.Seq2[pastLead, error] {
	names := append([]string{colKey, colImport, colLine, colAt, colOutcome}, columns...)
	return func(yield func(pastLead, error) bool) {
		var lead pastLead
		for row, err := range s.c.Lake.Imported(ctx, historyTable, names) {
			if errors.Is(err, lake.ErrUnknown) {
				return
			}
			if err != nil {
				yield(pastLead{}, err)
				return
			}
			key, _ := row[0].(string)
			key, _, _ = strings.Cut(key, keySeparator)
			if key != lead.Key || lead.Key == "" {
				if lead.Key != "" && !yield(lead, nil) {
					return
				}
				lead = pastLead{Key: key, Values: make([]string, len(columns))}
			}
			lead.add(row)
		}
		if lead.Key != "" {
			yield(lead, nil)
		}
	}
}

// add lets a later row's values count.
func (l *pastLead) add(row []any) {
	number, _ := row[1].(int64)
	line, _ := row[2].(int64)
	if l.Order == 0 {
		l.Order = number<<40 | line
	}
	if at, ok := row[3].(time.Time); ok {
		l.At = at
	}
	if yes, ok := row[4].(bool); ok {
		l.Outcome = &yes
	}
	for i, v := range row[5:] {
		if text, ok := v.(string); ok {
			l.Values[i] = text
		}
	}
}

// addPast adds the imported leads whose outcome is known to a frame.
func (s *Service) addPast(ctx context.Context, l *learning) error {
	columns, err := s.attributes(ctx)
	if err != nil || len(columns) == 0 {
		return err
	}
	index := map[string]int{}
	for i, c := range columns {
		index[c] = i
	}
	for lead, err := range s.past(ctx, columns) {
		if err != nil {
			return err
		}
		switch {
		case lead.Outcome == nil, !*lead.Outcome && !lead.At.IsZero() && lead.At.Add(l.setup.Horizon).After(l.now):
			l.open++
		case l.takes(lead.Key):
			l.frame.Add(feature.Line(lead.At, index, lead.Values), lead.Order, *lead.Outcome)
		}
	}
	return nil
}

// answers gives the features of columns that only the imported history has.
func answers(columns []string) []feature.Feature {
	var out []feature.Feature
	for _, c := range columns {
		if strings.HasPrefix(c, feature.History) {
			out = append(out, feature.Further(c))
		}
	}
	slices.SortFunc(out, func(a, b feature.Feature) int { return strings.Compare(a.Name, b.Name) })
	return out
}
