package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/rapport-platform/rapport"

// floors from the lowest to the highest; imports go downward.
var floors = []string{"ground", "kit", "platform", "commons", "capability", "edge"}

// within lists the packages of a floor in which they may import those before them.
var within = map[string][]string{
	"ground": {"errs", "id", "clock", "lifecycle", "limit", "diskfile", "sqldb", "blob", "expr", "secret"},
	"platform": {"query", "metadata", "schema", "access", "stream", "changelog", "event", "snapshot", "job", "record", "customise", "auth", "search", "files", "workflow", "duplicate", "webhook",
		"rule", "odata", "businessrule", "savedquery", "action", "audit", "transfer", "flow", "function", "notify", "solution", "workspace"},
	"commons": {"party", "activity", "template", "consent", "mail", "calendar", "queue", "routing", "sla", "process", "board", "worklist", "report", "decision", "exchange", "document", "signature", "catalog", "lake", "warehouse", "privacy"},
	"edge":    {"live", "httpapi", "pgwire", "voicegw", "mcpserver", "app"},
}

// asSystem lists the files that let the platform act past all privileges.
var asSystem = []string{
	"internal/commons/process/actions.go",   // whoever has a record go by a process may write the record; stages are for all
	"internal/commons/process/hook.go",      // instances and stages follow records and definitions, whoever writes those
	"internal/commons/process/instance.go",  // the table of a process's instances, which whoever activated it was asked about
	"internal/commons/process/later.go",     // as hook.go, behind an import
	"internal/platform/duplicate/behind.go", // keys of rows that an import made, whoever imported
	"internal/commons/consent/consent.go",   // a contact's own consents; whoever calls knows who it is
	"internal/commons/exchange/service.go",  // what changes is sent whoever changed it; what comes in is the platform's to write
	"internal/commons/decision/service.go",  // outcomes and decisions are the platform's to write; whoever asks must be allowed to write the record
	"internal/commons/document/service.go",  // a member has what is asked of it and nothing else, whatever permissions of tables say; requests and the roll-up follow from the record
	"internal/commons/signature/service.go", // a signatory has what it is asked to sign and nothing else; evidence is the platform's to write
	"internal/commons/signature/send.go",    // columns that are not for typing, in the name of who may write the document
	"internal/commons/document/actions.go",  // columns that follow from a review, in the name of who may write the request
	"internal/commons/privacy/actions.go",   // who may erase a person sees all that is kept of him
	"internal/commons/privacy/request.go",   // and the work goes over every table
	"internal/commons/process/move.go",      // a gate looks at all columns
	"internal/commons/sla/contact.go",       // whoever turns to somebody need not own the record
	"internal/edge/app/wire_report.go",
	"internal/commons/routing/engine.go",  // who may write a record may have it routed; whom it goes to is decided over all
	"internal/commons/routing/hooks.go",   // records are routed whoever makes them; versions are counted over all, and say themselves when they were active
	"internal/commons/routing/version.go", // which version is active
	"internal/commons/routing/waiting.go", // records that wait belong to nobody yet
	"internal/edge/app/wire_routing.go",
	"internal/platform/notify/notify.go",  // who may tell a team need not be able to read who is in it
	"internal/commons/process/stalled.go", // the mark of what stays too long is the platform's
	"internal/commons/activity/follow.go", // who is told of a change is checked against what each may read
	"internal/capability/intake/actions.go",
	"internal/capability/intake/consumer.go",
	"internal/capability/memberarea/admit.go",      // contacts of new members, notes to the staff, and what comes with the proof of an address
	"internal/capability/memberarea/submission.go", // the record that a member's submission has refreshed
	"internal/capability/memberarea/area.go",       // a member's own name, the organisation's, the currency of amounts, and whether visitors may register
	"internal/capability/memberarea/hooks.go",      // whom a message concerns; telling the staff of it
	"internal/capability/memberarea/messages.go",   // the mark that a member has read a message it may read
	"internal/capability/memberarea/progress.go",   // stages of a record that the member may read, in words that are for members
	"internal/edge/app/wire_member.go",
	"internal/capability/portal/consume.go",
	"internal/capability/portal/library.go",  // forms are shown to everybody
	"internal/capability/portal/publish.go",  // versions are the platform's to write; who publishes must be allowed to write the form
	"internal/capability/sales/choose.go",    // who may qualify a lead may have all of it go on with the opportunity, whoever wrote what
	"internal/capability/sales/customer.go",  // who wins an opportunity need not own the account that becomes a customer
	"internal/capability/scoring/service.go", // scores are the platform's; whether a person may ask for them is checked before
	"internal/edge/httpapi/auth.go",
	"internal/edge/httpapi/member.go", // a member's own name
	"internal/edge/app/admin_person.go",
	"internal/edge/app/admin_solution.go",
	"internal/edge/app/ports.go",
	"internal/edge/app/seed.go",
	"internal/edge/app/signin.go",
	"internal/edge/app/wire.go",
	"internal/edge/app/wire_process.go",
	"internal/edge/app/wire_actions.go",
	"internal/edge/app/wire_limits.go",
	"internal/edge/app/wire_webhook.go",
	"internal/platform/access/principal.go",
	"internal/platform/savedquery/view.go",    // the views, charts and forms of definitions become rows
	"internal/platform/savedquery/indexes.go", // proposals look at the views of all and at all roles; whoever asks may change the data model
	"internal/platform/record/cascade.go",     // shares that follow from the parent's
	"internal/platform/record/deriver.go",     // computed columns follow whatever changes
	"internal/platform/record/rollup.go",      // and the log names who computed them
	"internal/platform/record/cascade_job.go", // the record that tells of the job
	"internal/platform/record/owner.go",       // how a member stands to a row that it makes
	"internal/platform/action/builtin/bulkdelete.go",
	"internal/platform/action/builtin/recordteam.go",     // the access team of a record, by whoever may share it and holds what the template gives
	"internal/platform/action/builtin/recordteamlife.go", // its members, for who may read the record; its end, with the record that it is about
	"internal/platform/action/builtin/guard.go",
	"internal/platform/action/builtin/maps.go",
	"internal/platform/action/builtin/role.go",
	"internal/platform/action/builtin/share.go",
	"internal/platform/action/builtin/team.go",
	"internal/platform/audit/retention.go", // what has been kept long enough goes by rules that administrators set
	"internal/platform/customise/work.go",
	"internal/platform/solution/export.go", // whether anything is left of a solution, whoever asks
	"internal/platform/duplicate/merge.go",
	"internal/platform/duplicate/publish.go",
	"internal/platform/duplicate/scan.go",
	"internal/platform/duplicate/undo.go",
	"internal/platform/flow/engine.go",
	"internal/platform/search/follow.go",
	"internal/platform/workspace/apps.go",       // apps are shown by role, not by privilege on their rows
	"internal/platform/workspace/preference.go", // each person's own settings
	"internal/commons/activity/mention.go",      // whether a mentioned person may read what the note is about; telling them
	"internal/platform/search/index.go",
	"internal/platform/search/lane.go",
	"internal/platform/search/rebuild.go",
	"internal/platform/transfer/bulk/bulk.go", // the record of a change is the platform's to write
	"internal/platform/transfer/bulk/run.go",
	"internal/platform/transfer/export/export.go",   // the record of an export
	"internal/platform/transfer/export/tell.go",     // exports whose process has ended
	"internal/platform/transfer/operation/begin.go", // how far an operation has got is the platform's to write
	"internal/platform/transfer/operation/undo.go",
	"internal/platform/transfer/erase.go", // a person is erased from everybody's files
	"internal/platform/transfer/run.go",   // counts and cursor; rows are written in the name of who asked
	"internal/platform/transfer/tidy.go",
	"internal/platform/transfer/upload.go",
}

// backgrounds lists the files that may make a context out of nothing.
var backgrounds = []string{"cmd/rapport/main.go"}

type source struct {
	path string // from the root, with slashes
	dir  string
	file *ast.File
	text []byte
	set  *token.FileSet
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// sources parses every Go file of the product, its tests among them.
func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	var out []source
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "data" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{rel, filepath.ToSlash(filepath.Dir(rel)), f, text, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

// room is where a package stands: internal/platform/query → platform, query.
func room(dir string) (floor, name string, ok bool) {
	rest, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return "", "", false
	}
	floor, name, _ = strings.Cut(rest, "/")
	name, _, _ = strings.Cut(name, "/")
	return floor, name, slices.Contains(floors, floor)
}

func imports(s source) []string {
	var out []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if rel, ok := strings.CutPrefix(p, module+"/"); err == nil && ok {
			out = append(out, rel)
		}
	}
	return out
}

func TestImportsGoDownward(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		floor, name, ok := room(s.dir)
		if !ok || s.test() {
			continue
		}
		for _, to := range imports(s) {
			toFloor, toName, ok := room(to)
			if !ok {
				t.Errorf("%s imports %s, which is on no floor", s.path, to)
				continue
			}
			from, target := slices.Index(floors, floor), slices.Index(floors, toFloor)
			switch {
			case target > from:
				t.Errorf("%s imports upward: %s", s.path, to)
			case target == from && name != toName && floor == "capability":
				t.Errorf("%s imports another capability: %s", s.path, to)
			case target == from && name != toName && floor == "kit":
				t.Errorf("%s imports another kit package: %s", s.path, to)
			case target == from && name != toName:
				order := within[floor]
				a, b := slices.Index(order, name), slices.Index(order, toName)
				if a < 0 || b < 0 {
					t.Errorf("%s or %s has no place in the order of its floor", s.dir, to)
				} else if b > a {
					t.Errorf("%s imports %s, which stands after it", s.path, to)
				}
			}
		}
	}
}

func TestEveryPackageHasAMap(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() && documented[s.dir] {
			continue
		}
		has := s.file.Doc != nil && len(strings.TrimSpace(s.file.Doc.Text())) > 30
		if !s.test() || strings.HasPrefix(s.dir, "internal/test/archtest") || strings.HasPrefix(s.dir, "test/") {
			documented[s.dir] = documented[s.dir] || has
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestHouseLaws(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if lines := strings.Count(string(s.text), "\n"); lines > 800 {
			t.Errorf("%s has %d lines, over 800", s.path, lines)
		}
		if s.test() {
			continue
		}
		product := strings.HasPrefix(s.path, "internal/") && !strings.HasPrefix(s.path, "internal/test/") || strings.HasPrefix(s.path, "cmd/") || !strings.Contains(s.path, "/")
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s does work in init()", s.path)
				}
			case *ast.InterfaceType:
				if c := n.Methods.NumFields(); c > 10 {
					t.Errorf("%s:%d: an interface of %d methods", s.path, s.set.Position(n.Pos()).Line, c)
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if !ok || !product {
					return true
				}
				switch pkg.Name + "." + n.Sel.Name {
				case "context.Background", "context.TODO":
					if !slices.Contains(backgrounds, s.path) {
						t.Errorf("%s:%d makes a context out of nothing", s.path, s.set.Position(n.Pos()).Line)
					}
				case "access.AsSystem", "access.Elevate":
					if !slices.Contains(asSystem, s.path) {
						t.Errorf("%s:%d acts past all privileges and is not listed", s.path, s.set.Position(n.Pos()).Line)
					}
				case "net.Listen", "http.ListenAndServe":
					if !strings.HasPrefix(s.path, "internal/edge/") {
						t.Errorf("%s:%d listens below the edge", s.path, s.set.Position(n.Pos()).Line)
					}
				}
			}
			return true
		})
	}
}
