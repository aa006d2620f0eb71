package odata_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

func catalog(t testing.TB) *metadata.Catalog {
	t.Helper()
	tables, err := metadata.Load(os.DirFS("testdata"), "tables")
	if err != nil {
		t.Fatal(err)
	}
	c, err := metadata.NewCatalog(tables...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newContext(t testing.TB) *odata.Context {
	t.Helper()
	return &odata.Context{Catalog: catalog(t), Now: time.Date(2024, 3, 13, 13, 30, 0, 0, time.UTC),
		Below: func() []id.ID { return []id.ID{guid("5")} }, BelowTeams: func() []id.ID { return []id.ID{guid("6")} },
		UserID: guid("1"), UnitID: guid("2"), Teams: []id.ID{guid("3"), guid("4")}}
}

// guid gives an id that ends in the digits.
func guid(digits string) id.ID {
	x, err := id.Parse("00000000-0000-0000-0000-" + strings.Repeat("0", 12-len(digits)) + digits)
	if err != nil {
		panic(err)
	}
	return x
}

var opNames = map[query.Op]string{query.Eq: "eq", query.Ne: "ne", query.Lt: "lt", query.Le: "le", query.Gt: "gt", query.Ge: "ge"}

// show writes a tree as an s-expression.
func show(n query.Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case query.And:
		return "(and" + showAll(n) + ")"
	case query.Or:
		return "(or" + showAll(n) + ")"
	case query.Not:
		return "(not " + show(n.Node) + ")"
	case query.Compare:
		if len(n.Right) > 0 {
			return fmt.Sprintf("(%s %s $%s)", opNames[n.Op], strings.Join(n.Left, "/"), strings.Join(n.Right, "/"))
		}
		return fmt.Sprintf("(%s %s %s)", opNames[n.Op], strings.Join(n.Left, "/"), showValue(n.Value))
	case query.In:
		word := "(in "
		if n.Negate {
			word = "(notin "
		}
		out := word + strings.Join(n.Left, "/")
		for _, v := range n.Values {
			out += " " + showValue(v)
		}
		return out + ")"
	case query.TextMatch:
		return fmt.Sprintf("(%s %s %q)", [...]string{"contains", "starts", "ends", "like"}[n.Op], strings.Join(n.Left, "/"), n.Text)
	case query.Hierarchy:
		word := "under"
		if n.Up {
			word = "above"
		}
		out := "(" + word + " " + strings.Join(n.Left, "/") + " " + showValue(n.Root)
		if n.Self {
			out += " self"
		}
		if n.Negate {
			out += " negate"
		}
		return out + ")"
	case query.HasAny:
		return fmt.Sprintf("(hasany %s %v %t)", strings.Join(n.Left, "/"), n.Members, n.Negate)
	case query.InPeriod:
		return fmt.Sprintf("(inperiod %s %d)", strings.Join(n.Left, "/"), n.Period)
	case query.Linked:
		word := "linked"
		if n.None {
			word = "unlinked"
		}
		return strings.TrimSpace(fmt.Sprintf("(%s %s %s %s %s", word, n.Table, n.From, n.To, show(n.Where))) + ")"
	case query.Null:
		if n.Negate {
			return "(notnull " + strings.Join(n.Left, "/") + ")"
		}
		return "(null " + strings.Join(n.Left, "/") + ")"
	case query.Related:
		word := "(any "
		if n.All {
			word = "(all "
		}
		return strings.TrimSpace(word+n.Relation+" "+show(n.Where)) + ")"
	case query.Const:
		return fmt.Sprint(bool(n))
	}
	return fmt.Sprintf("%#v", n)
}

func showAll(list []query.Node) string {
	out := ""
	for _, n := range list {
		out += " " + show(n)
	}
	return out
}

func showValue(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%q", x)
	case id.ID:
		return "@" + strings.TrimLeft(x.String(), "0-")
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
