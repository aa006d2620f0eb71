package metadata

// Groups are the columns of a table that the writing of a row looks at, each
// sort by itself: a table of two hundred columns has few of each.
type Groups struct {
	Defaulted []*Column // have a default
	Required  []*Column // must have a value
	Lookups   []*Column // lead to other rows, but those that the platform sets
	Files     []*Column // hold content
	Numbered  []*Column // get a running number
	Amounts   []*Column // amounts of money as they are entered
	Bases     []*Column // amounts in the base currency
}

// Groups gives the table's columns by what they ask of a write. Do not change it.
func (t *Table) Groups() *Groups { return &t.groups }

func (g *Groups) add(c *Column) {
	put := func(to *[]*Column, belongs bool) {
		if belongs {
			*to = append(*to, c)
		}
	}
	put(&g.Defaulted, c.Default != nil)
	put(&g.Required, c.Required)
	put(&g.Lookups, c.IsLookup() && !c.System)
	put(&g.Files, c.IsFile())
	put(&g.Numbered, c.AutoNumber != "")
	put(&g.Amounts, c.TypeName == "money" && c.BaseOf == "")
	put(&g.Bases, c.BaseOf != "")
}
