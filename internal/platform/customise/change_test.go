package customise

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func code(t testing.TB, err error, want string) {
	t.Helper()
	if errs.CodeOf(err) != want {
		t.Fatalf("the error is %v, not %s", err, want)
	}
}

func TestTablesAndColumnsComeAndGo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, n *node) {
		ctx := sys(t.Context())
		n.loans(t)
		lead := n.must(t, "lead", record.Row{"lastname": "Okafor", "subject": "Home"})
		row := n.must(t, "new_loan", record.Row{"new_name": "First", "new_leadid": lead.ID("leadid")})
		n.change(t, How{}, col("new_loan", "name: new_amount\ntype: decimal\nprecision: 2\nlabel: {en: Amount}"), col("lead", "name: new_score\ntype: whole\nlabel: {en: Score}\nleast: 0\nmost: 100"))
		amount, _ := query.ParseNumber("12.50", 2)
		if _, err := n.update(ctx, "new_loan", row.ID("new_loanid"), record.Row{"new_amount": amount}); err != nil {
			t.Fatal(err)
		}
		if _, err := n.update(ctx, "lead", lead.ID("leadid"), record.Row{"new_score": 7}); err != nil {
			t.Fatal(err)
		}
		if _, err := n.update(ctx, "lead", lead.ID("leadid"), record.Row{"new_score": 101}); err == nil {
			t.Error("the custom column's bounds are not kept")
		}
		got, err := n.store.Get(ctx, "lead", lead.ID("leadid"), []string{"new_score"}, []query.Expand{{Relation: "lead_new_loan_new_leadid", Query: query.Query{Select: []string{"new_name"}}}})
		if err != nil {
			t.Fatal(err)
		}
		loans, _ := got["lead_new_loan_new_leadid"].([]record.Row)
		if got.Int("new_score") != 7 || len(loans) != 1 || loans[0].Text("new_name") != "First" {
			t.Errorf("read: %v", got)
		}

		_, err = n.Change(ctx, How{}, remove(Column("lead", "new_score")))
		code(t, err, "customise.data_loss")
		if !strings.Contains(err.Error(), "1 rows") {
			t.Errorf("the error does not say how many rows: %v", err)
		}
		report := n.change(t, How{DryRun: true}, remove(Column("lead", "new_score")))
		if !slices.Equal(report.Removed, []string{"column lead.new_score"}) || len(report.Losses) != 1 {
			t.Errorf("dry run: %+v", report)
		}
		n.change(t, How{Confirm: true}, remove(Column("lead", "new_score")))
		if _, err := n.update(ctx, "lead", lead.ID("leadid"), record.Row{"new_score": 8}); !errs.Has(err, errs.Invalid) {
			t.Errorf("a hidden column is written: %v", err)
		}
		_, err = n.Change(ctx, How{}, col("lead", "name: new_score\ntype: whole\nlabel: {en: Score}"))
		code(t, err, "customise.hiding")
		n.work(t)
		n.change(t, How{}, col("lead", "name: new_score\ntype: text\nlabel: {en: Score}"))
		if got, err = n.store.Get(ctx, "lead", lead.ID("leadid"), []string{"new_score"}, nil); err != nil || got["new_score"] != nil {
			t.Errorf("the data of a dropped column is back: %v %v", got, err)
		}

		_, err = n.Change(ctx, How{}, remove(Table("new_loan")))
		code(t, err, "customise.data_loss")
		n.change(t, How{Confirm: true}, remove(Table("new_loan")))
		if _, ok := n.Catalog().Table("new_loan"); ok {
			t.Error("the table is still in the catalog")
		}
		n.work(t)
		if _, err := n.db.QueryRow(ctx, "SELECT COUNT(*) FROM new_loan", nil, new(int)); err == nil {
			t.Error("the table is still in the database")
		}
		n.loans(t)
		n.must(t, "new_loan", record.Row{"new_name": "Again"})
	})
}

func TestChangesAreAudited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, n *node) {
		admin := id.New()
		role := id.New()
		n.must(t, "systemuser", record.Row{"systemuserid": admin, "fullname": "Ada", "domainname": "ada", "businessunitid": id.Derive("unit")})
		ctx := access.With(t.Context(), access.Principal{Kind: access.User, ID: admin})
		n.reload(t)
		edit := col("lead", "name: new_score\ntype: whole\nlabel: {en: Score}")
		_, err := n.Change(ctx, How{}, edit)
		code(t, err, "access.privilege")
		n.must(t, "role", record.Row{"roleid": role, "name": "Customizer"})
		for _, right := range access.Rights() {
			n.must(t, "roleprivileges", record.Row{"roleid": role, "rpt_table": definitions, "accessright": int64(right), "privilegedepthmask": int64(access.Global), "rpt_name": right.String()})
		}
		n.must(t, "systemuserroles", record.Row{"systemuserid": admin, "roleid": role})
		n.reload(t)
		if _, err := n.Change(ctx, How{}, edit); err != nil {
			t.Fatal(err)
		}
		history, err := n.log.History(ctx, definitions, edit.ID(), 0, 10)
		if err != nil || len(history) != 1 || history[0].Actor != admin || history[0].Op != changelog.Create || !strings.Contains(string(history[0].After), "new_score") {
			t.Errorf("history: %+v %v", history, err)
		}
		err = n.store.Write(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, definitions, edit.ID(), record.Row{"rpt_body": "name: x"}, record.Match{})
			return err
		})
		code(t, err, "customise.direct")
	})
}

func TestWhatIsWrongIsRefusedWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, n *node) {
		n.loans(t)
		before := n.Catalog()
		for name, c := range map[string]struct {
			want  string
			edits []Edit
		}{
			"no prefix":      {"customise.name", []Edit{col("lead", "name: score\ntype: whole\nlabel: {en: S}")}},
			"our prefix":     {"customise.reserved", []Edit{col("lead", "name: rpt_score\ntype: whole\nlabel: {en: S}")}},
			"companion":      {"customise.name", []Edit{col("lead", "name: new_x__f\ntype: whole\nlabel: {en: S}")}},
			"unknown field":  {"customise.body", []Edit{col("lead", "name: new_score\ntype: whole\nlabel: {en: S}\ncolour: red")}},
			"unknown type":   {"metadata.column", []Edit{col("lead", "name: new_score\ntype: colour\nlabel: {en: S}")}},
			"unknown target": {"metadata.relation", []Edit{col("lead", "name: new_x\ntype: lookup\ntargets: [new_none]\nlabel: {en: S}")}},
			"view":           {"metadata.reference", []Edit{part(KindView, "lead", "name: mine\nlabel: {en: Mine}\ncolumns: [new_none]")}},
			"chart":          {"metadata.reference", []Edit{part(KindChart, "lead", "name: mine\nlabel: {en: Mine}\ntype: pie\ngroup: {column: new_none}\nvalue: {function: count}")}},
			"chart's type":   {"metadata.chart", []Edit{part(KindChart, "lead", "name: mine\nlabel: {en: Mine}\ntype: cake\ngroup: {column: subject}\nvalue: {function: count}")}},
			"system column":  {"customise.system", []Edit{col("lead", "name: createdon\ntype: datetime\nlabel: {en: S}")}},
			"shipped column": {"customise.unknown", []Edit{remove(Column("lead", "subject"))}},
			"another type":   {"schema.type_change", []Edit{col("new_loan", "name: new_name\ntype: whole\nlabel: {en: S}")}},
			"no table":       {"customise.table", []Edit{col("new_none", "name: new_x\ntype: whole\nlabel: {en: S}")}},
			"name inside":    {"customise.name", []Edit{{Name: Column("lead", "new_a"), Body: "name: new_b\ntype: whole\nlabel: {en: S}"}}},
			"half":           {"metadata.column", []Edit{col("lead", "name: new_ok\ntype: whole\nlabel: {en: S}"), col("lead", "name: new_bad\ntype: colour\nlabel: {en: S}")}},
		} {
			_, err := n.Change(sys(t.Context()), How{}, c.edits...)
			if errs.CodeOf(err) != c.want {
				t.Errorf("%s: %v, not %s", name, err, c.want)
			}
		}
		if _, err := n.Refresh(t.Context()); err != nil || n.Catalog() != before {
			t.Errorf("something has changed all the same: %v", err)
		}
	})
}

func TestDependantsAreNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, n *node) {
		ctx := sys(t.Context())
		n.loans(t)
		n.change(t, How{}, col("new_loan", "name: new_number\ntype: text\nlabel: {en: Number}"), part(KindKey, "new_loan", "name: number\ncolumns: [new_number]"),
			part(KindView, "new_loan", "name: mine\nlabel: {en: Mine}\ncolumns: [new_name]\nfilter: new_number ne null"), part(KindForm, "new_loan", "name: main\nheader: [new_number]"),
			part(KindChart, "new_loan", "name: numbers\nlabel: {en: Numbers}\ntype: pie\ngroup: {column: new_number}\nvalue: {function: count}"))
		_, err := n.Change(ctx, How{}, remove(Column("new_loan", "new_number")))
		code(t, err, "customise.in_use")
		for _, part := range []string{"key new_loan.number", "view new_loan.mine", "form new_loan.main", "chart new_loan.numbers"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error does not name the %s: %v", part, err)
			}
		}
		n.must(t, "new_loan", record.Row{"new_name": "a", "new_number": "1"})
		if _, err := n.create(ctx, "new_loan", record.Row{"new_name": "b", "new_number": "1"}); !errors.Is(err, record.ErrDuplicateKey) {
			t.Errorf("the custom key is not kept: %v", err)
		}
		n.change(t, How{}, remove(Name{KindKey, "new_loan", "number"}))
		n.work(t)
		n.must(t, "new_loan", record.Row{"new_name": "b", "new_number": "1"})
		_, err = n.Change(ctx, How{}, part(KindKey, "new_loan", "name: number\ncolumns: [new_number]"))
		code(t, err, "customise.duplicates")
		n.change(t, How{}, col("lead", "name: new_loanid\ntype: lookup\ntargets: [new_loan]\nlabel: {en: Loan}"))
		_, err = n.Change(ctx, How{Confirm: true}, remove(Table("new_loan")))
		code(t, err, "metadata.relation")
	})
}

func TestChoices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, n *node) {
		ctx := sys(t.Context())
		n.loans(t)
		n.change(t, How{}, Edit{Name: Choice("new_purpose"), Body: "name: new_purpose\nlabel: {en: Purpose}\noptions: [{value: 1, label: {en: Home}}, {value: 2, label: {en: Car}}]"},
			col("new_loan", "name: new_purpose\ntype: choice\nchoice: new_purpose\nlabel: {en: Purpose}"))
		n.must(t, "new_loan", record.Row{"new_name": "a", "new_purpose": 2})
		if _, err := n.create(ctx, "new_loan", record.Row{"new_name": "a", "new_purpose": 3}); err == nil {
			t.Error("an option that is none is taken")
		}
		three := Edit{Name: Choice("new_purpose"), Body: "name: new_purpose\nlabel: {en: Purpose}\noptions: [{value: 1, label: {en: Home}}, {value: 2, label: {en: Car}}, {value: 3, label: {en: Boat}}]"}
		n.change(t, How{}, three)
		n.must(t, "new_loan", record.Row{"new_name": "a", "new_purpose": 3})
		one := Edit{Name: Choice("new_purpose"), Body: "name: new_purpose\nlabel: {en: Purpose}\noptions: [{value: 1, label: {en: Home}}]"}
		_, err := n.Change(ctx, How{}, one)
		code(t, err, "customise.data_loss")
		if !strings.Contains(err.Error(), "option 2 of new_loan.new_purpose (1 rows)") {
			t.Error(err)
		}
		_, err = n.Change(ctx, How{Confirm: true}, remove(Choice("new_purpose")))
		code(t, err, "metadata.choice")
	})
}
