package record

import (
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// conceal empties the columns that are kept from whoever asks, of a query's own
// rows and of those linked to them: secured ones, or with every any that are.
func conceal(catalog *metadata.Catalog, q *query.Query, rows []Row, hidden func(table, column string) bool, every bool) {
	if hidden == nil || len(rows) == 0 || q.Group != nil {
		return // groups are not made of such columns
	}
	empty := func(table, link string) {
		t, ok := catalog.Table(table)
		if !ok || !every && !t.HasSecured() {
			return
		}
		for name, c := range t.Shape().Columns {
			if !c.Secured && !every || !hidden(table, name) {
				continue
			}
			for _, of := range []string{name, c.TypeColumn} {
				key := query.LinkedName(link, of)
				if of == "" {
					continue
				}
				for _, row := range rows {
					if _, read := row[key]; read {
						row[key] = nil
					}
				}
			}
		}
	}
	empty(q.Table, "")
	var walk func(links []query.Link)
	walk = func(links []query.Link) {
		for i := range links {
			empty(links[i].Table, links[i].Alias)
			walk(links[i].Links)
		}
	}
	walk(q.Links)
}
