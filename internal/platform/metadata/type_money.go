package metadata

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/query"
)

const moneyScale = 4

// CurrencyTable holds the currencies. Where it is in the catalog, a table with
// a money column gets transactioncurrencyid and exchangerate (units of the
// currency for one of the base currency), and every money column X a twin
// X_base in the organisation's base currency, computed when the row is written.
const CurrencyTable = "transactioncurrency"

// The columns that come with money.
const (
	CurrencyColumn = "transactioncurrencyid"
	RateColumn     = "exchangerate"
)

const rateScale = 10

// moneyType is an amount, kept at four digits after the point and rounded to
// the column's precision.
type moneyType struct{}

func (moneyType) Shape(*Column) Shape {
	return Shape{Kind: query.Fixed, Scale: moneyScale, Edm: "Edm.Decimal"}
}

func (moneyType) Coerce(c *Column, v any) (any, error) {
	scale := uint8(moneyScale)
	if c.Precision != nil {
		scale = *c.Precision
	}
	n, err := coerceNumber(c, v, scale)
	if amount, ok := n.(query.Number); ok && scale < moneyScale {
		n, err = coerceNumber(c, amount, moneyScale)
	}
	return n, err
}

func (moneyType) check(c *Column) error {
	if c.Precision != nil && *c.Precision > moneyScale {
		return wrong(c, "definition", "money has at most %d digits after the point", moneyScale)
	}
	return c.checkBounds()
}

// moneyColumns gives the columns that come with the table's money columns.
func (t *Table) moneyColumns() []Column {
	var out []Column
	scale := uint8(rateScale)
	for _, c := range t.Columns {
		if c.TypeName != "money" || strings.HasSuffix(c.Name, "_base") || c.BaseOf != "" {
			continue
		}
		if len(out) == 0 {
			out = append(out,
				Column{Name: CurrencyColumn, TypeName: "lookup", Targets: []string{CurrencyTable}, Collection: CurrencyTable + "_" + t.Name, Cascade: Cascade{Delete: Restrict}, Label: Label{"en": "Currency", "de": "Währung"}},
				Column{Name: RateColumn, TypeName: "decimal", Precision: &scale, ReadOnly: true, Label: Label{"en": "Exchange Rate", "de": "Wechselkurs"}})
		}
		label := Label{}
		for lang, text := range c.Label {
			label[lang] = text + map[string]string{"de": " (Basis)"}[lang]
			if lang != "de" {
				label[lang] = text + " (Base)"
			}
		}
		out = append(out, Column{Name: c.Name + "_base", TypeName: "money", BaseOf: c.Name, ReadOnly: true, Secured: c.Secured, Audit: c.Audit, Label: label})
	}
	return out
}
