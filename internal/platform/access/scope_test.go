package access_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func TestScopeWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]access.Scope{
		"":                                   "",
		"lead:write,Read  lead:write,Read":   "lead:read,write",
		"events:leads action:WhoAmI admin":   "action:WhoAmI admin events:leads",
		"*:read action:* events:* contact:*": "*:read action:* contact:* events:*",
	} {
		if got, err := access.ParseScope(in); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"lead", "lead:", ":read", "lead:reed", "lead:read,", "le ad:read", "action:", "action:a,b", "admin:x", "lead:read;drop", "events:\x00"} {
		if got, err := access.ParseScope(in); !errs.Has(err, errs.Invalid) {
			t.Errorf("%q is taken as %q, %v", in, got, err)
		}
	}
}

func TestScopeAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scope access.Scope
		table string
		right access.Right
		want  bool
	}{
		{"", "lead", access.Delete, true},
		{"", access.BulkDelete, access.General, true},
		{"lead:read", "lead", access.Read, true},
		{"lead:read", "lead", access.Write, false},
		{"lead:read", "leads", access.Read, false},
		{"lead:*", "lead", access.Assign, true},
		{"*:read", "role", access.Read, true},
		{"*:*", "lead", access.Delete, true},
		{"*:*", "systemuserroles", access.Create, false},
		{"*:*", "principalobjectaccess", access.Write, false},
		{"*:*", access.ManageSignIn, access.General, false},
		{"admin", access.ManageSignIn, access.General, true},
		{"admin", "systemuserroles", access.Create, true},
		{"admin", "lead", access.Read, false},
		{"role:write", "role", access.Write, true}, // said by name, it is meant
		{"action:*", "action", access.Read, false},
		{"events:*", "events", access.Read, false},
		{"nonsense", "nonsense", access.Read, false},
	} {
		if got := c.scope.Allows(c.table, c.right); got != c.want {
			t.Errorf("%q allows %s on %s: %v", c.scope, c.right, c.table, got)
		}
	}
	if access.Scope("").AllowsTopic("leads") || !access.Scope("events:leads").AllowsTopic("leads") || access.Scope("events:leads").AllowsTopic("web") {
		t.Error("topics")
	}
	if !access.Scope("").AllowsAction("Merge") || access.Scope("lead:*").AllowsAction("Merge") || !access.Scope("action:Merge").AllowsAction("Merge") {
		t.Error("actions")
	}
}

// Whatever the scope, a key never gets more than its user, and what it gets is
// what both have; its rows are those of the user.
func TestScopeOnlyNarrows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		rapid.Check(t, func(rt *rapid.T) {
			o := drawOrganisation(rt)
			e.settle(t.Context(), rt, o)
			scope, err := access.ParseScope(rapid.SampledFrom([]string{"lead:read", "lead:write", "*:read", "lead:read,write,delete", "contact:*", "admin", "action:*", "*:*"}).Draw(rt, "scope"))
			if err != nil {
				rt.Fatal(err)
			}
			for n, u := range o.users {
				free := as(t.Context(), u.id)
				narrow := access.With(t.Context(), access.Principal{Kind: access.User, ID: u.id, Scope: scope})
				all, err := e.store.Find(free, query.Query{Table: "lead"})
				some, narrowErr := e.store.Find(narrow, query.Query{Table: "lead", Count: true})
				if want := err == nil && scope.Allows("lead", access.Read); want != (narrowErr == nil) {
					rt.Fatalf("user %d with %q: %v and %v", n, scope, err, narrowErr)
				}
				if narrowErr == nil && (len(some.Rows) != len(all.Rows) || some.Total != int64(len(all.Rows))) {
					rt.Fatalf("user %d with %q sees %d of %d, counts %d", n, scope, len(some.Rows), len(all.Rows), some.Total)
				}
				for _, l := range o.leads {
					change := func(tx *record.Tx) error {
						_, err := tx.Update(narrow, "lead", l.id, record.Row{"firstname": "x"}, record.Match{})
						return err
					}
					may := o.may(u, access.Write, l) && scope.Allows("lead", access.Write)
					if err := e.try(narrow, change); may != (err == nil) {
						rt.Fatalf("user %d with %q changes: %v", n, scope, err)
					}
				}
			}
		})
	})
}

// A key's scope goes with it when it acts on behalf of another.
func TestScopeHoldsOnBehalf(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		all := map[access.Right]access.Depth{access.Read: access.Global, access.Write: access.Global}
		o := &organisation{units: []unit{{id.New(), -1}}, roles: []role{{id.New(), all}}, users: []user{{id: id.New(), roles: []int{0}}, {id: id.New(), roles: []int{0}}}}
		o.leads = []lead{{id: id.New(), owner: o.users[0].id}}
		e.settle(t.Context(), t, o)
		ctx := access.With(t.Context(), access.Principal{Kind: access.User, ID: o.users[0].id, Delegate: o.users[1].id, Scope: "lead:read"})
		if _, err := e.store.Get(ctx, "lead", o.leads[0].id, nil, nil); err != nil {
			t.Error(err)
		}
		err := e.try(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, "lead", o.leads[0].id, record.Row{"firstname": "x"}, record.Match{})
			return err
		})
		if errs.CodeOf(err) != "access.scope_lacks" {
			t.Error(err)
		}
	})
}
