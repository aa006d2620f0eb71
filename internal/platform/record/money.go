package record

import (
	"context"
	"math/big"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// BaseCurrency is the organisation's base currency: the row of
// transactioncurrency by which all others are measured. Its rate is always 1.
// What it is called and its ISO code are set when the organisation is made.
var BaseCurrency = id.Derive(metadata.CurrencyTable, "base")

// applyMoney fills in the currency and its rate, and the amounts in the base
// currency. The rate is taken when the row is made and when its currency
// changes, and not when the currency's rate changes later.
func (tx *Tx) applyMoney(ctx context.Context, t *metadata.Table, old, change Row) error {
	if !t.HasMoney() {
		return nil
	}
	row := merged(old, change)
	touched := false
	for _, c := range t.Groups().Amounts {
		touched = touched || change[c.Name] != nil
	}
	_, switched := change[metadata.CurrencyColumn]
	if !touched && !switched {
		clearBases(t, change)
		return nil
	}
	if row[metadata.CurrencyColumn] == nil {
		if !touched && !hasMoney(t, row) {
			change[metadata.RateColumn] = nil
			return nil
		}
		change[metadata.CurrencyColumn], switched = BaseCurrency, true
	}
	if switched || row[metadata.RateColumn] == nil {
		rate, err := tx.rate(ctx, merged(old, change).ID(metadata.CurrencyColumn))
		if err != nil {
			return err
		}
		change[metadata.RateColumn] = rate
	}
	row = merged(old, change)
	rate, _ := row[metadata.RateColumn].(query.Number)
	for _, c := range t.Groups().Bases {
		if _, given := change[c.BaseOf]; !given && !switched {
			continue
		}
		if err := setBase(c, row, change, rate); err != nil {
			return err
		}
	}
	return nil
}

func hasMoney(t *metadata.Table, row Row) bool {
	for _, c := range t.Groups().Amounts {
		if row[c.Name] != nil {
			return true
		}
	}
	return false
}

// clearBases empties the base amounts of amounts that are emptied.
func clearBases(t *metadata.Table, change Row) {
	for _, c := range t.Groups().Bases {
		if v, given := change[c.BaseOf]; given && v == nil {
			change[c.Name] = nil
		}
	}
}

func setBase(c *metadata.Column, row, change Row, rate query.Number) error {
	amount, ok := row[c.BaseOf].(query.Number)
	if !ok {
		change[c.Name] = nil
		return nil
	}
	base, ok := inBase(amount, rate)
	if !ok {
		return errs.InvalidFields("record.invalid", "some values can't be taken",
			[]errs.Field{{Name: c.BaseOf, Code: "range", Message: "the amount is out of range in the base currency"}})
	}
	change[c.Name] = base
	return nil
}

// par is the rate of the base currency.
var par = query.Number{Units: 10_000_000_000, Scale: 10}

// inBase gives amount ÷ rate, rounded half away from zero.
func inBase(amount, rate query.Number) (query.Number, bool) {
	if rate.Units <= 0 {
		return amount, false
	}
	if rate == par {
		return amount, true
	}
	num := new(big.Int).Mul(big.NewInt(amount.Units), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(rate.Scale)), nil))
	den := big.NewInt(rate.Units)
	neg := num.Sign() < 0
	num.Abs(num).Mul(num, big.NewInt(2)).Add(num, den).Quo(num, new(big.Int).Mul(den, big.NewInt(2)))
	if neg {
		num.Neg(num)
	}
	return query.Number{Units: num.Int64(), Scale: amount.Scale}, num.IsInt64()
}

// rate gives how many units of a currency one of the base currency is worth.
// The currency is kept from being deleted until the transaction ends.
func (tx *Tx) rate(ctx context.Context, currency id.ID) (query.Number, error) {
	one := par
	if currency == BaseCurrency {
		return one, nil
	}
	t, err := tx.table(metadata.CurrencyTable)
	if err != nil {
		return one, err
	}
	row, err := tx.lock(ctx, t, currency, []string{t.ID, metadata.RateColumn, "statecode"}, forLink)
	wrong := func(message string) error {
		return errs.InvalidFields("record.lookup", "the currency can't be used", []errs.Field{{Name: metadata.CurrencyColumn, Code: "missing", Message: message}})
	}
	if errs.Has(err, errs.NotFound) {
		return one, wrong("there is no such currency")
	}
	if err != nil {
		return one, err
	}
	rate, ok := row[metadata.RateColumn].(query.Number)
	if !ok || rate.Units <= 0 {
		return one, wrong("the currency has no exchange rate")
	}
	if row.Int("statecode") != 0 {
		return one, wrong("the currency is not active")
	}
	return rate, nil
}

// guardCurrency keeps the base currency what it is, and rates above nothing.
func guardCurrency(key id.ID, row Row, deleting bool) error {
	rate, hasRate := row[metadata.RateColumn].(query.Number)
	switch {
	case key == BaseCurrency && deleting:
		return errs.New(errs.Conflict, "record.base_currency", "the base currency can't be deleted")
	case key == BaseCurrency && hasRate && rate.Compare(query.Number{Units: 1}) != 0:
		return invalid("base_currency", "the rate of the base currency is 1")
	case key == BaseCurrency && row["statecode"] != nil && row.Int("statecode") != 0:
		return invalid("base_currency", "the base currency can't be made inactive")
	case hasRate && rate.Units <= 0:
		return invalid("exchange_rate", "an exchange rate is greater than nothing")
	}
	return nil
}

// currencyHook is the hook on the table of currencies.
func currencyHook() Hook {
	return Hook{Table: metadata.CurrencyTable,
		BeforeCreate: func(_ context.Context, _ *Tx, row Row) error {
			return guardCurrency(row.ID(metadata.CurrencyColumn), row, false)
		},
		BeforeUpdate: func(_ context.Context, _ *Tx, old, change Row) error {
			return guardCurrency(old.ID(metadata.CurrencyColumn), change, false)
		},
		BeforeDelete: func(_ context.Context, _ *Tx, row Row) error {
			return guardCurrency(row.ID(metadata.CurrencyColumn), nil, true)
		}}
}
