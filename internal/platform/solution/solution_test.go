package solution_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// house is an organisation into which solutions come.
type house struct {
	*solution.Manager
	store *record.Store
	ctx   context.Context
}

func newHouse(t *testing.T, url string) *house {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	clk := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	customs := customise.New(customise.Options{DB: db, Shipped: fixture.Catalog(t), Clock: clk})
	var snap *access.Snapshot
	control := &access.Control{Current: func() *access.Snapshot { return snap }, Catalog: customs.Catalog}
	h := &house{ctx: access.AsSystem(t.Context(), "test")}
	h.store = record.New(record.Options{DB: db, Catalog: customs.Catalog, Access: control, Log: changelog.New(db), Clock: clk, Renew: customs.Refresh})
	customs.Use(h.store, control, job.NewQueue(db, clk))
	h.Manager = &solution.Manager{Store: h.store, Customs: customs, Clock: clk}
	load := func() {
		if snap, err = access.Load(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	load()
	root := solution.RowID("core", "businessunit", "root")
	err = h.store.Write(h.ctx, func(tx *record.Tx) error {
		if _, err := tx.Create(h.ctx, "businessunit", record.Row{"businessunitid": root, "name": "Head Office"}); err != nil {
			return err
		}
		if _, err := tx.Create(h.ctx, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": root}); err != nil {
			return err
		}
		_, err := tx.Create(h.ctx, "systemuser", record.Row{"systemuserid": solution.RowID("core", "systemuser", "admin"), "fullname": "Administrator", "domainname": "admin", "businessunitid": root})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	load()
	return h
}

const shipped = `name: loans
title: Loans
version: 1.0
publisher: {name: tests, title: Tests, prefix: new}
`

func bundle(files ...string) fstest.MapFS {
	out := fstest.MapFS{solution.ManifestFile: {Data: []byte(shipped)}}
	for i := 0; i < len(files); i += 2 {
		out[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return out
}

const (
	loan = `table: new_loan
schema: new_Loan
set: new_loans
label: {en: Loan}
plural: {en: Loans}
id: new_loanid
name: new_name
ownership: user
columns:
  - {name: new_name, type: text, max: 200, label: {en: Name}, required: true}
  - {name: new_kind, type: choice, choice: new_kind, label: {en: Kind}}
`
	lead = `table: lead
columns:
  - {name: subject, label: {en: Matter, de: Anliegen}}
  - {name: new_score, type: whole, label: {en: Score}}
views:
  - {name: new_scored, label: {en: Scored}, columns: [fullname, new_score], filter: new_score ge 1}
charts:
  - {name: new_byowner, label: {en: Score by owner, de: Score je Person}, type: bar, group: {column: ownerid}, value: {column: new_score, function: avg}, view: new_scored}
`
	kind    = "name: new_kind\nlabel: {en: Kind}\noptions: [{value: 1, label: {en: Home}}, {value: 2, label: {en: Car}}]\n"
	records = "- table: new_loan\n  rows:\n    - {key: first, new_name: First, new_kind: 1}\n    - {key: second, new_name: Second}\n"
)

func full() fstest.MapFS {
	return bundle("tables/new_loan.yaml", loan, "tables/lead.yaml", lead, "choices/new_kind.yaml", kind, "records/10-loans.yaml", records)
}

func (h *house) bring(t *testing.T, files fs.FS, how customise.How) customise.Report {
	t.Helper()
	r, err := h.Import(h.ctx, files, how)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSolutionsComeChangeAndGo(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
		h := newHouse(t, url)
		dry := h.bring(t, full(), customise.How{DryRun: true})
		if !slices.Contains(dry.Added, "column lead.new_score") || !slices.Contains(dry.Added, "chart lead.new_byowner") || !slices.Contains(dry.Added, "file records/10-loans.yaml") {
			t.Errorf("dry run: %+v", dry)
		}
		if _, ok := h.Customs.Catalog().Table("new_loan"); ok {
			t.Fatal("the dry run has changed something")
		}
		h.bring(t, full(), customise.How{})
		row, err := h.store.Get(h.ctx, "new_loan", solution.RowID("loans", "new_loan", "first"), nil, nil)
		if err != nil || row.Text("new_name") != "First" {
			t.Fatalf("the record: %v %v", row, err)
		}
		if table, _ := h.Customs.Catalog().Table("lead"); table != nil {
			if c, _ := table.Column("subject"); c.Label["de"] != "Anliegen" || c.TypeName != "text" {
				t.Errorf("subject: %+v", c)
			}
			if i := slices.IndexFunc(table.Charts, func(c metadata.Chart) bool { return c.Name == "new_byowner" }); i < 0 || table.Charts[i].Label["de"] != "Score je Person" || table.Charts[i].Value.Function != "avg" {
				t.Errorf("charts: %+v", table.Charts)
			}
		}
		catalog := h.Customs.Catalog()
		if again := h.bring(t, full(), customise.How{}); len(again.Added)+len(again.Changed)+len(again.Removed) > 0 || h.Customs.Catalog() != catalog {
			t.Errorf("the second import has changed something: %+v", again)
		}
		// The next version lacks a column with data, a view and a record.
		if err := h.store.Write(h.ctx, func(tx *record.Tx) error {
			_, err := tx.Create(h.ctx, "lead", record.Row{"lastname": "Okafor", "subject": "x", "new_score": 5})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		next := full()
		next["tables/lead.yaml"] = &fstest.MapFile{Data: []byte("table: lead\ncolumns:\n  - {name: subject, label: {en: Matter, de: Anliegen}}\n")}
		next["records/10-loans.yaml"] = &fstest.MapFile{Data: []byte(strings.Split(records, "    - {key: second")[0])}
		next[solution.ManifestFile] = &fstest.MapFile{Data: []byte(strings.Replace(shipped, "version: 1.0", "version: 1.1", 1))}
		if _, err := h.Import(h.ctx, next, customise.How{}); errs.CodeOf(err) != "customise.data_loss" {
			t.Fatalf("the upgrade loses data unasked: %v", err)
		}
		r := h.bring(t, next, customise.How{Confirm: true})
		for _, gone := range []string{"column lead.new_score", "view lead.new_scored", "chart lead.new_byowner", "row new_loan:second"} {
			if !slices.Contains(r.Removed, gone) {
				t.Errorf("%s is not removed: %+v", gone, r)
			}
		}
		if _, err := h.store.Get(h.ctx, "new_loan", solution.RowID("loans", "new_loan", "second"), nil, nil); !errs.Has(err, errs.NotFound) {
			t.Errorf("the row is still there: %v", err)
		}
		if _, err := h.Remove(h.ctx, "loans", customise.How{}); errs.CodeOf(err) != "customise.data_loss" {
			t.Fatalf("the removal loses data unasked: %v", err)
		}
		if _, err := h.Remove(h.ctx, "loans", customise.How{Confirm: true}); err != nil {
			t.Fatal(err)
		}
		if left := h.Customs.Of("loans"); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if _, err := h.Export(h.ctx, "loans"); !errs.Has(err, errs.NotFound) {
			t.Errorf("the solution is still there: %v", err)
		}
	})
}

// TestWhatOneDatabaseExportsTheOtherTakes brings an export of PostgreSQL into
// SQLite and back: the files are the same, and nothing is new.
func TestWhatOneDatabaseExportsTheOtherTakes(t *testing.T) {
	t.Parallel()
	schema := fixture.Schema(t, fixture.Catalog(t))
	from, to := newHouse(t, dbtest.Postgres(t, schema)), newHouse(t, dbtest.SQLite(t, schema))
	from.bring(t, full(), customise.How{})
	first, err := from.Export(from.ctx, "loans")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(first["tables/lead.yaml"]); !strings.Contains(text, "charts:") || !strings.Contains(text, "Score je Person") {
		t.Errorf("the export has no chart:\n%s", text)
	}
	packed, err := solution.ToZip(first)
	if err != nil {
		t.Fatal(err)
	}
	files, err := solution.FromZip(packed)
	if err != nil {
		t.Fatal(err)
	}
	to.bring(t, files, customise.How{})
	second, err := to.Export(to.ctx, "loans")
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(first, second, bytes.Equal) {
		for name := range first {
			if !bytes.Equal(first[name], second[name]) {
				t.Errorf("%s:\n%s\nand\n%s", name, first[name], second[name])
			}
		}
	}
	if r := from.bring(t, files, customise.How{}); len(r.Added)+len(r.Changed)+len(r.Removed) > 0 {
		t.Errorf("its own export is new to it: %+v", r)
	}
}

func TestTheSampleLenderIsASolution(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.Kinds = []workflow.Kind{process.Definitions()}
		h.store.AddHook(process.Definitions().Check(h.Customs.Catalog))
		for _, file := range []string{"core", "lending"} {
			if file == "core" {
				if err := (&solution.Applier{Store: h.store, Catalog: h.Customs.Catalog}).Apply(h.ctx, solution.Bundle{Name: "core", Files: os.DirFS("../../../solutions/core")}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			h.bring(t, os.DirFS("../../../solutions/lending"), customise.How{})
		}
		table, ok := h.Customs.Catalog().Table("lend_creditcheck")
		if !ok || len(table.Keys) != 1 {
			t.Error("the custom table is not there")
		}
		if r := h.bring(t, os.DirFS("../../../solutions/lending"), customise.How{}); len(r.Added)+len(r.Changed)+len(r.Removed) > 0 {
			t.Errorf("the second import finds something new: %+v", r)
		}
	})
}

func TestBadArchives(t *testing.T) {
	t.Parallel()
	pack := func(files map[string][]byte) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for name, text := range files {
			f, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	bomb := map[string][]byte{}
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t") {
		bomb["records/"+name+".yaml"] = make([]byte, 1<<20)
	}
	for name, data := range map[string][]byte{
		"no archive": []byte("PK nothing"), "out of the folder": pack(map[string][]byte{"../../etc/passwd": nil}), "absolute": pack(map[string][]byte{"/etc/passwd": nil}),
		"backslash": pack(map[string][]byte{`..\x.yaml`: nil}), "one too large": pack(map[string][]byte{"records/x.yaml": make([]byte, 2<<20)}), "too large in all": pack(bomb),
	} {
		if _, err := solution.FromZip(data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestBadBundlesChangeNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.SQLite(t, fixture.Schema(t, fixture.Catalog(t))))
	before := h.Customs.Catalog()
	for name, files := range map[string]fstest.MapFS{
		"no manifest": {"tables/x.yaml": {Data: []byte(loan)}}, "another file": bundle("run.sh", "x"), "bad table": bundle("tables/x.yaml", "table: [1"), "no table": bundle("tables/x.yaml", "columns: []"),
		"bad column": bundle("tables/x.yaml", "table: lead\ncolumns: [{name: new_x, type: nothing, label: {en: X}}]"), "our prefix": bundle("tables/x.yaml", "table: lead\ncolumns: [{name: rpt_x, type: text, label: {en: X}}]"),
		"twice": bundle("tables/x.yaml", lead, "tables/y.yaml", lead), "bad version": {solution.ManifestFile: {Data: []byte(strings.Replace(shipped, "1.0", "x", 1))}},
		"bad records": bundle("records/x.yaml", "rows: {"),
	} {
		if _, err := h.Import(h.ctx, files, customise.How{}); !errs.Has(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h.Customs.Catalog() != before {
		t.Error("something has changed all the same")
	}
}

// Rows that have been in force stay: applying them again makes nothing, a changed
// text a new draft, and removing the bundle leaves them.
func TestFrozenRowsComeAnew(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, url string) {
		h := newHouse(t, url)
		for _, hook := range routing.Keep() {
			h.store.AddHook(hook)
		}
		text := func(rules ...string) string {
			out := "- table: routingrule\n  rows:\n    - {key: leads, name: Leads, rpt_table: lead}\n- table: routingruleitem\n  rows:\n"
			for _, r := range rules {
				name, postal, _ := strings.Cut(r, " ")
				out += "    - {key: " + name + ", name: " + name + ", routingruleid: \"@routingrule:leads\", rpt_postalcode: \"" + postal + "\"}\n"
			}
			return out
		}
		other := "- table: subject\n  rows:\n    - {key: a, title: A}\n"
		var told []string
		h.Progress = func(what string) { told = append(told, what) }
		bring := func(rules, other string) customise.Report {
			t.Helper()
			told = nil
			r, err := h.Import(h.ctx, bundle("records/10-routing.yaml", rules, "records/20-other.yaml", other), customise.How{Confirm: true})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		// state writes the sets by version with their rules.
		state := func() string {
			t.Helper()
			sets, err := h.store.Find(h.ctx, query.Query{Table: "routingrule", Order: []query.Order{{Column: "rpt_version"}}})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, set := range sets.Rows {
				rules, err := h.store.Find(h.ctx, query.Query{Table: "routingruleitem", Order: []query.Order{{Column: "name"}}, Where: query.Compare{Left: query.Path{"routingruleid"}, Value: set.ID("routingruleid")}})
				if err != nil {
					t.Fatal(err)
				}
				line := ""
				for _, r := range rules.Rows {
					line += " " + r.Text("name") + "=" + r.Text("rpt_postalcode")
				}
				out = append(out, strings.TrimSpace(line))
			}
			return strings.Join(out, "; ")
		}
		is := func(what, want string) {
			t.Helper()
			if got := state(); got != want {
				t.Errorf("%s: %s; want %s", what, got, want)
			}
		}
		one := text("north 1*", "south 8*")
		bring(one, other)
		bring(one, other)
		is("brought twice", "north=1* south=8*")
		err := h.store.Write(h.ctx, func(tx *record.Tx) error {
			_, err := tx.Update(h.ctx, "routingrule", solution.RowID("loans", "routingrule", "leads"), record.Row{"rpt_activatedon": "2026-11-22T09:00:00Z"}, record.Match{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		bring(one, other)
		bring(one, strings.Replace(other, "title: A", "title: B", 1))
		is("in force, and brought again", "north=1* south=8*")
		two := text("north 1*, 2*", "west 5*")
		r := bring(two, other)
		is("with another text", "north=1* south=8*; north=1*, 2* west=5*")
		if !slices.ContainsFunc(r.Added, func(s string) bool { return strings.HasPrefix(s, "draft of routingrule:leads") }) || !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "its changed text is a new draft") }) {
			t.Errorf("not told: %v %v", r.Added, told)
		}
		bring(two, strings.Replace(other, "title: A", "title: C", 1))
		bring(one, other)
		bring(two, other)
		is("back and forth", "north=1* south=8*; north=1*, 2* west=5*; north=1* south=8*")
		bring(one, other)
		is("once more", "north=1* south=8*; north=1*, 2* west=5*; north=1* south=8*")
		if _, err := h.Remove(h.ctx, "loans", customise.How{Confirm: true}); err != nil {
			t.Fatal(err)
		}
		is("removed", "north=1* south=8*; north=1*, 2* west=5*; north=1* south=8*")
	})
}
