package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// shareTable is where shares of records are kept.
const shareTable = "principalobjectaccess"

// What a document tells of who may see its record stands among its tokens. These
// are longer than any word of plain letters is left (tokenMost), so that nobody
// can search for them, and are not counted as terms.
func tableToken(table string) string {
	sum := sha256.Sum256([]byte(table))
	return "recordofthetable" + hex.EncodeToString(sum[:16])
}
func unitToken(unit id.ID) string   { return "ofthebusinessunit" + hex.EncodeToString(unit[:]) }
func ownerToken(owner id.ID) string { return "ownedbyprincipal" + hex.EncodeToString(owner[:]) }
func shareToken(with id.ID) string  { return "sharedwithprincipal" + hex.EncodeToString(with[:]) }

// reachOf gives the tokens of a record: its table, its unit and owner, and with
// whom it is shared for reading.
func reachOf(t *metadata.Table, row map[string]any, shares []id.ID) []string {
	out := []string{tableToken(t.Name)}
	if t.Owned() {
		if unit, ok := row["owningbusinessunit"].(id.ID); ok {
			out = append(out, unitToken(unit))
		}
		if owner, ok := row["ownerid"].(id.ID); ok {
			out = append(out, ownerToken(owner))
		}
	}
	for _, with := range shares {
		out = append(out, shareToken(with))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// shares reads with whom records are shared for reading.
func (x *Index) shares(ctx context.Context, from finder, keys []any) (map[id.ID][]id.ID, error) {
	out := map[id.ID][]id.ID{}
	if _, ok := x.o.Catalog().Table(shareTable); !ok {
		return out, nil
	}
	q := query.Query{Table: shareTable, Select: []string{"objectid", "principalid", "accessrightsmask"}, Where: query.In{Left: query.Path{"objectid"}, Values: keys}, Order: []query.Order{{Column: "objectid"}}}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			if mask, _ := row["accessrightsmask"].(int64); access.Right(mask)&access.Read != 0 {
				key := row.ID("objectid")
				out[key] = append(out[key], row.ID("principalid"))
			}
		}
		if q.After = page.Next; page.Next == nil {
			return out, nil
		}
	}
}

// sharedRecords tells which records the changes of shares among some are about, by
// the share. Most changes say so; the others' shares are read together.
func (x *Index) sharedRecords(ctx context.Context, events []event.Event) (map[id.ID]docKey, error) {
	out := map[id.ID]docKey{}
	var unsaid []any
	for _, e := range events {
		if e.Change.Table != shareTable || out[e.Change.Record].table != "" {
			continue
		}
		if of, said := sharedIn(e.Change); said {
			out[e.Change.Record] = of
			continue
		}
		unsaid = append(unsaid, e.Change.Record)
	}
	t, ok := x.o.Catalog().Table(shareTable)
	if !ok || len(unsaid) == 0 {
		return out, nil
	}
	// One that went since is a change of its own.
	page, err := x.o.Store.Find(ctx, query.Query{Table: shareTable, Select: []string{t.ID, "objectid", "objecttypecode"}, Where: query.In{Left: query.Path{t.ID}, Values: unsaid}, Limit: len(unsaid)})
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		out[row.ID(t.ID)] = docKey{row.Text("objecttypecode"), row.ID("objectid")}
	}
	return out, nil
}

// sharedIn gives the record that a change of a share names.
func sharedIn(c *changelog.Change) (docKey, bool) {
	for _, image := range []json.RawMessage{c.After, c.Before} {
		var is struct {
			Table string `json:"objecttypecode"`
			Key   id.ID  `json:"objectid"`
		}
		if len(image) > 0 && json.Unmarshal(image, &is) == nil && is.Key != id.Nil && is.Table != "" {
			return docKey{is.Table, is.Key}, true
		}
	}
	return docKey{}, false
}

// gate is what the asker may see, in tokens.
type gate struct {
	tables []string // may be read, some at least
	groups []gateGroup
	open   bool // all records of all these tables
	wide   bool // these tables have a good part of all documents
}

// narrow tells whether in each table only some of the records are wanted.
func (g gate) narrow() bool {
	return !g.open && !slices.ContainsFunc(g.groups, func(of gateGroup) bool { return len(of.any) == 0 && of.owner == "" })
}

// gateGroup are tables of which the asker sees what has one of the tokens; none
// means everything. With an owner, only what is his is wanted.
type gateGroup struct {
	tables, any []string
	owner       string
}

// gate asks access control about the tables. Those that the asker may not read
// at all are left out.
func (x *Index) gate(ctx context.Context, scopes map[string]Scope) (gate, error) {
	var g gate
	at := map[string]int{}
	g.open = true
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		node, err := x.o.Access.Rows(ctx, name, access.Read)
		if errs.Has(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return g, err
		}
		g.tables = append(g.tables, name)
		var any []string
		if arms, ok := node.(query.Arms); ok {
			any = armTokens(arms)
			g.open = false
		}
		var owner string
		if of := ownerIn(scopes[name].Where); of != id.Nil {
			owner = ownerToken(of)
			g.open = false
		}
		key := strings.Join(append(any, owner), " ")
		i, known := at[key]
		if !known {
			i = len(g.groups)
			at[key] = i
			g.groups = append(g.groups, gateGroup{any: any, owner: owner})
		}
		g.groups[i].tables = append(g.groups[i].tables, tableToken(name))
	}
	return g, nil
}

// ownerIn gives the owner to whom a condition keeps.
func ownerIn(n query.Node) id.ID {
	switch n := n.(type) {
	case query.And:
		for _, part := range n {
			if of := ownerIn(part); of != id.Nil {
				return of
			}
		}
	case query.Compare:
		if n.Op == query.Eq && len(n.Right) == 0 && len(n.Left) == 1 && n.Left[0] == "ownerid" {
			of, _ := n.Value.(id.ID)
			return of
		}
	}
	return id.Nil
}

func armTokens(a query.Arms) []string {
	var out []string
	for _, u := range a.Units {
		out = append(out, unitToken(u))
	}
	for _, o := range a.Owners {
		out = append(out, ownerToken(o))
	}
	for _, s := range a.SharedWith {
		out = append(out, shareToken(s))
	}
	if len(out) == 0 {
		return []string{"nobodyatallmayseearecordbythisemptyrightofhis"}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// match gives the gate in the database's own form; "" is open.
func (g gate) match(d sqldb.Dialect) string {
	if g.open {
		return ""
	}
	var ways []string
	for _, group := range g.groups {
		var parts []string
		if !(g.wide && g.narrow() && len(g.groups) == 1) { // the table itself is asked for besides
			parts = append(parts, anyOf(d, group.tables))
		}
		if len(group.any) > 0 {
			parts = append(parts, anyOf(d, group.any))
		}
		if group.owner != "" {
			parts = append(parts, anyOf(d, []string{group.owner}))
		}
		ways = append(ways, "("+strings.Join(parts, operator(d, and))+")")
	}
	return "(" + strings.Join(ways, operator(d, or)) + ")"
}

// complete tells whether all documents say who may see them.
func (x *Index) complete(ctx context.Context) (bool, error) {
	if x.reached.Load() {
		return true, nil
	}
	old, err := x.o.DB.QueryRow(ctx, "SELECT 1 FROM searchdoc WHERE reach = '' LIMIT 1", nil, new(int))
	if err == nil && !old {
		x.reached.Store(true)
	}
	return !old, err
}

// Outdated tells whether the index was made by an earlier version, and wants to
// be made anew.
func (x *Index) Outdated(ctx context.Context) (bool, error) {
	ok, err := x.complete(ctx)
	return !ok, err
}
