package odata

import (
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

// fiscalSpan: InFiscalYear and its kin, This, Last and Next of FiscalYear and
// FiscalPeriod, and LastX and NextX of both.
func (c condition) fiscalSpan(today time.Time) (s span, known bool, err error) {
	if !strings.Contains(c.name, "Fiscal") {
		return span{}, false, nil
	}
	f, zone := c.ctx.Fiscal, today.Location()
	year, period := f.Of(today)
	if s, ok := c.relativeFiscal(year, period, zone); ok {
		return s, true, nil
	}
	switch c.name {
	case "InFiscalYear":
		n, err := c.numbers(1)
		if err != nil {
			return span{}, true, err
		}
		return span{from: f.Year(n[0], zone), till: f.Year(n[0]+1, zone)}, true, nil
	case "InFiscalPeriodAndYear", "InOrBeforeFiscalPeriodAndYear", "InOrAfterFiscalPeriodAndYear":
		n, err := c.numbers(2)
		if err != nil {
			return span{}, true, err
		}
		if n[0] < 1 || n[0] > f.Count() {
			return span{}, true, c.fail("takes a period from 1 to %d", f.Count())
		}
		from, till := f.Period(n[1], n[0], zone)
		switch c.name {
		case "InOrBeforeFiscalPeriodAndYear":
			return span{till: till}, true, nil
		case "InOrAfterFiscalPeriodAndYear":
			return span{from: from}, true, nil
		}
		return span{from: from, till: till}, true, nil
	}
	unit, last := strings.CutPrefix(c.name, "LastX")
	unit, next := strings.CutPrefix(unit, "NextX")
	if !last && !next || unit != "FiscalYears" && unit != "FiscalPeriods" {
		return span{}, false, nil
	}
	n, err := c.count()
	if err != nil {
		return span{}, true, err
	}
	if n > 10_000 {
		return span{}, true, c.fail("reaches beyond the calendar")
	}
	at := func(steps int) time.Time {
		if unit == "FiscalYears" {
			return f.Year(year+steps, zone)
		}
		from, _ := f.Period(year, period+steps, zone)
		return from
	}
	if last {
		return span{from: at(-n), till: at(0)}, true, nil
	}
	return span{from: at(1), till: at(n + 1)}, true, nil
}

// relativeFiscal: This, Last and Next.
func (c condition) relativeFiscal(year, period int, zone *time.Location) (span, bool) {
	for prefix, n := range map[string]int{"This": 0, "Last": -1, "Next": 1} {
		switch c.name {
		case prefix + "FiscalYear":
			return span{from: c.ctx.Fiscal.Year(year+n, zone), till: c.ctx.Fiscal.Year(year+n+1, zone)}, true
		case prefix + "FiscalPeriod":
			from, till := c.ctx.Fiscal.Period(year, period+n, zone)
			return span{from: from, till: till}, true
		}
	}
	return span{}, false
}

// inFiscalPeriod: the same period of any year, which is no one stretch of time.
func (c condition) inFiscalPeriod() (query.Node, bool, error) {
	if c.name != "InFiscalPeriod" {
		return nil, false, nil
	}
	if k := c.left.column.Kind; k != query.Time && k != query.Day {
		return nil, true, c.fail("takes a date or an instant")
	}
	n, err := c.numbers(1)
	if err != nil {
		return nil, true, err
	}
	if n[0] < 1 || n[0] > c.ctx.Fiscal.Count() {
		return nil, true, c.fail("takes a period from 1 to %d", c.ctx.Fiscal.Count())
	}
	return query.InPeriod{Left: c.left.path, Period: n[0], Fiscal: c.ctx.Fiscal, Zone: c.ctx.zone()}, true, nil
}

// numbers reads a fixed number of whole ones, each up to the year 9999.
func (c condition) numbers(want int) ([]int, error) {
	if len(c.values) != want {
		return nil, c.fail("takes %d whole numbers", want)
	}
	out := make([]int, want)
	for i, v := range c.values {
		n, ok := wholeNumber(v)
		if !ok || n < 1 || n > 9998 {
			return nil, c.fail("takes whole numbers")
		}
		out[i] = n
	}
	return out, nil
}
