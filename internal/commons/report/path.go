package report

import (
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// path is a column, by way of lookups.
type path struct {
	names  query.Path
	hops   []query.Relation
	column *metadata.Column
}

const mostHops = 3

// follow resolves a path such as originatingleadid/createdon from a table.
func follow(catalog *metadata.Catalog, t *metadata.Table, text string) (path, error) {
	var p path
	parts := strings.Split(text, "/")
	if len(parts) > mostHops+1 {
		return p, invalid("%s goes over more than %d lookups", text, mostHops)
	}
	for _, name := range parts[:len(parts)-1] {
		rel, ok := t.Relation(name)
		if !ok || rel.Many {
			return p, invalid("table %s has no lookup %q", t.Name, clip(name))
		}
		p.hops, p.names = append(p.hops, rel), append(p.names, name)
		if t, ok = catalog.Table(rel.Table); !ok {
			return p, invalid("there is no table %q", rel.Table)
		}
	}
	last := parts[len(parts)-1]
	c, ok := t.Column(last)
	if !ok {
		return p, invalid("table %s has no column %q", t.Name, clip(last))
	}
	p.names, p.column = append(p.names, last), c
	return p, nil
}

// key gives the path as the key of a group, and the links that it needs.
func (p path) key(name string) (query.Key, []query.Link) {
	k := query.Key{Name: name, Column: p.column.Name}
	var top []query.Link
	at := &top
	for i, rel := range p.hops {
		k.Link = strings.Join(p.names[:i+1], "/")
		*at = []query.Link{{Alias: k.Link, Table: rel.Table, From: rel.To, To: rel.From, Kind: query.Outer}}
		at = &(*at)[0].Links
	}
	return k, top
}
