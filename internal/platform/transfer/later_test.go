package transfer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// Rows may look for rows that come after them, however long the chain, and the
// dry run says so; those that look for nothing that is there are told as before.
func TestRowsThatLookForLaterRows(t *testing.T) {
	each(t, func(e *env) {
		const n = 40
		var text strings.Builder
		text.WriteString("code,name,of\n")
		for i := range n {
			fmt.Fprintf(&text, "K%02d,Part %d,K%02d\n", i, i, i+1)
		}
		fmt.Fprintf(&text, "K%02d,Last,\nX1,Lost,X9\nX2,Lost too,X1\n", n)
		b := e.bring(file{"rpt_part", text.String(), transfer.Mapping{Columns: columns("code=rpt_code", "name=rpt_name", "of=rpt_partof")}})
		b.must("rpt_StartImport", map[string]any{"DryRun": true})
		b.run(operation.Checked)
		b.want(0, "43 41 0 0 2")
		if e.count("rpt_part") != 0 {
			t.Error("a dry run has written")
		}
		dead := errors.New("the process is killed")
		e.store.AddHook(record.Hook{Table: "rpt_part", AfterCreate: e.after(20, func(*record.Tx) error { return dead })})
		b.must("rpt_StartImport", nil)
		b.run(operation.Done)
		b.want(0, "43 41 0 0 2")
		page, err := e.store.Find(e.system(), queryParts("K00", "K39", "K40"))
		if err != nil || len(page.Rows) != 3 || page.Rows[1].ID("rpt_partof") != page.Rows[2].ID("rpt_partid") || page.Rows[0]["rpt_partof"] == nil {
			t.Errorf("%v %v", page.Rows, err)
		}
		bad := b.refused(0)
		if strings.Count(bad, "lookup.missing") != 2 || !strings.Contains(bad, "43,lookup.missing") || !strings.Contains(bad, "44,lookup.missing") {
			t.Error(bad)
		}
		b.must("rpt_UndoImport", nil)
		b.run(operation.Undone)
		if left := e.count("rpt_part"); left != 0 {
			t.Errorf("%d rows are left", left)
		}
	})
}

// Files may look up to one another, whichever comes first.
func TestFilesThatLookUpToEachOther(t *testing.T) {
	each(t, func(e *env) {
		contacts := "Last,Company\nRoe,Acme\nDoe,Beta\nPoe,\n"
		accounts := "Name,Person\nAcme,Poe\nBeta,Roe\nGamma,Nobody\n"
		b := e.imported(file{"contact", contacts, transfer.Mapping{Columns: columns("Last=lastname", "Company=parentcustomerid"), Lookups: map[string]transfer.Lookup{"Company": {Table: "account"}}}},
			file{"account", accounts, transfer.Mapping{Columns: columns("Name=name", "Person=primarycontactid"), Lookups: map[string]transfer.Lookup{"Person": {By: "lastname"}}}})
		b.want(0, "3 3 0 0 0")
		b.want(1, "3 2 0 0 1")
		if got := e.rows("contact", "lastname", "parentcustomeridtype"); got != "Doe account\nPoe null\nRoe account" {
			t.Error(got)
		}
	})
}
