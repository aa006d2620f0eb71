package query

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

type (
	// HasAny holds when a set has one of the members at least; Negate when it has
	// none of them, as an empty one has.
	HasAny struct {
		Left    Path
		Members []int64
		Negate  bool
	}
	// Named stands for a condition of Dataverse that depends on who asks and when
	// ("LastXDays", "EqualUserId"). It is kept by name in trees that are to be
	// written down; a tree that is to be answered holds what it means instead.
	Named struct {
		Name   string
		Left   Path
		Values []any
	}
	// InPeriod holds when a date lies in a period of the fiscal year, whichever year.
	InPeriod struct {
		Left   Path
		Period int
		Fiscal Fiscal
		Zone   *time.Location // whose calendar counts; nil means UTC
	}
)

func (HasAny) isNode()   {}
func (InPeriod) isNode() {}
func (Named) isNode()    {}

func (c *checker) hasAny(t *Table, n HasAny) (Node, error) {
	if len(n.Members) > c.limits.In {
		return nil, invalid("too_many_values", "a list may hold at most %d values", c.limits.In)
	}
	_, col, err := c.path(t, n.Left, true)
	if err == nil && col.Kind != Set {
		err = invalid("not_set", "column %s does not hold several options", col.Name)
	}
	return n, err
}

func (c *checker) inPeriod(t *Table, n InPeriod) (Node, error) {
	_, col, err := c.path(t, n.Left, true)
	if err == nil && col.Kind != Time && col.Kind != Day {
		err = invalid("not_date", "column %s holds no date", col.Name)
	}
	return n, err
}

func (r *renderer) hasAny(alias string, col Column, n HasAny, neg bool) string {
	left := r.ref(alias, col.Name)
	function := "instr("
	if r.dialect == sqldb.Postgres {
		function = "strpos("
	}
	parts := make([]string, len(n.Members))
	for i, m := range n.Members {
		parts[i] = function + left + ", " + r.bind(SetMark(m)) + ") > 0"
	}
	any := "(" + strings.Join(parts, " OR ") + ")"
	if len(parts) == 0 {
		any = "(" + left + " IS NOT NULL AND " + never + ")"
	}
	switch {
	case n.Negate && !neg:
		return "(NOT " + any + " OR " + left + " IS NULL)"
	case n.Negate != neg:
		return "(NOT " + any + " AND " + left + " IS NOT NULL)"
	}
	return any
}

func (r *renderer) inPeriod(alias string, col Column, n InPeriod, neg bool) string {
	op := " = "
	if neg {
		op = " <> "
	}
	part := r.datePart(r.ref(alias, col.Name), col.Kind, Key{Part: FiscalPeriodPart, Zone: n.Zone, Fiscal: n.Fiscal})
	return "(" + part + " % 100)" + op + strconv.Itoa(n.Period)
}

func hasAnyMatch(col Column, n HasAny, v any) (tri, error) {
	if v == nil {
		if n.Negate {
			return yes, nil
		}
		return unknown, nil
	}
	set, ok := v.(SetValue)
	if !ok {
		return unknown, notCanonical(col)
	}
	found := false
	for _, m := range n.Members {
		found = found || set.Has(m)
	}
	return truth(found != n.Negate), nil
}

func inPeriodMatch(col Column, n InPeriod, v any) (tri, error) {
	zone := n.Zone
	if zone == nil {
		zone = time.UTC
	}
	var at time.Time
	switch x := v.(type) {
	case nil:
		return unknown, nil
	case time.Time:
		at = x.In(zone)
	case Date:
		var err error
		if at, err = time.Parse(time.DateOnly, string(x)); err != nil {
			return unknown, notCanonical(col)
		}
	default:
		return unknown, notCanonical(col)
	}
	_, period := n.Fiscal.Of(at)
	return truth(period == n.Period), nil
}
