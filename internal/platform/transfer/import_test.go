package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

func columns(pairs ...string) map[string]string {
	out := map[string]string{}
	for _, p := range pairs {
		from, to, _ := strings.Cut(p, "=")
		out[from] = to
	}
	return out
}

func TestEveryTypeOfColumn(t *testing.T) {
	each(t, func(e *env) {
		e.must("account", record.Row{"name": "Acme"})
		text := "Teil;Kürzel;Größe;Farben;Preis;Bestand;Gelistet;Seit;Geprüft;Hersteller;Besitzer\n" +
			"Bolzen;B-1;groß;Rot;Blau;\n" + // ragged
			"Mutter;M-1;1;rot, Blau;1.234,50;7;ja;24.12.2025;01.02.2026 08:30;acme;anna@example.com\n" +
			"Feder;F-1;Small;;0,5;-3;Nein;1.2.2024;;;anna\n" +
			"Ring;R-1;riesig;grün;viel;1,5;vielleicht;gestern;;Niemand GmbH;Unbekannt\n" +
			"null;N-1;;;;;;;;;\n"
		b := e.imported(file{"rpt_part", text, transfer.Mapping{Decimal: ",", Zone: "Europe/Berlin", Columns: columns("Teil=rpt_name", "Kürzel=rpt_code", "Größe=rpt_size", "Farben=rpt_colours", "Preis=rpt_price",
			"Bestand=rpt_stock", "Gelistet=rpt_listed", "Seit=rpt_since", "Geprüft=rpt_checked", "Hersteller=rpt_maker", "Besitzer=ownerid")}})
		b.want(0, "5 3 0 0 2")
		want := "F-1 Feder 1 null 0.5 -3 false 2024-02-01 null\nM-1 Mutter 1 1,2 1234.5 7 true 2025-12-24 2026-02-01T07:30:00Z\nN-1 null null null null null null null null"
		if got := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_size", "rpt_colours", "rpt_price", "rpt_stock", "rpt_listed", "rpt_since", "rpt_checked"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		bad := b.refused(0)
		for _, part := range []string{"2,fields,\"6 fields, but the header has 11\",Bolzen,B-1", "Größe: this is none of the options", "Farben: this is none", "Preis: a number is expected", "Bestand: ", "Gelistet: yes or no",
			"Seit: ", "Hersteller: there is no record of account", "Besitzer: there is no record of systemuser or team", ",riesig,"} {
			if !strings.Contains(bad, part) {
				t.Errorf("%q is missing in\n%s", part, bad)
			}
		}
	})
}

func TestUpsertAndUpdate(t *testing.T) {
	each(t, func(e *env) {
		e.must("rpt_part", record.Row{"rpt_name": "Old", "rpt_code": "a-1", "rpt_stock": int64(1), "ownerid": e.anna, "owneridtype": "systemuser"})
		e.must("rpt_part", record.Row{"rpt_name": "Same", "rpt_code": "A-2", "rpt_stock": int64(2), "ownerid": e.anna, "owneridtype": "systemuser"})
		m := transfer.Mapping{Mode: transfer.Upsert, Match: []string{"rpt_code"}, Columns: columns("code=rpt_code", "name=rpt_name", "stock=rpt_stock")}
		text := "code,name,stock\nA-1,New,9\nA-2,Same,2\nA-3,Third,\nA-3,Third again,5\n,No key,1\n"
		b := e.imported(file{"rpt_part", text, m})
		b.want(0, "5 1 2 1 1")
		if got, want := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_stock"), "A-1 New 9\nA-2 Same 2\nA-3 Third again 5"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		m.Mode, m.Clear = transfer.Update, true
		b = e.imported(file{"rpt_part", "code,name,stock\nA-1,New,\nA-9,Nobody,1\n", m})
		b.want(0, "2 0 1 0 1")
		if !strings.Contains(b.refused(0), "3,import.no_match,") || !strings.HasPrefix(e.rows("rpt_part", "rpt_code", "rpt_stock"), "A-1 null") {
			t.Error(b.refused(0), e.rows("rpt_part", "rpt_code", "rpt_stock"))
		}
		// Columns that are no key: two records match.
		e.must("rpt_part", record.Row{"rpt_name": "Third again", "rpt_stock": int64(5), "ownerid": e.anna, "owneridtype": "systemuser"})
		b = e.imported(file{"rpt_part", "n,s,l\nThird again,5,yes\nNew,9,yes\n", transfer.Mapping{Mode: transfer.Upsert, Match: []string{"rpt_name", "rpt_stock"}, Columns: columns("n=rpt_name", "s=rpt_stock", "l=rpt_listed")}})
		b.want(0, "2 1 0 0 1")
		if !strings.Contains(b.refused(0), "2,import.ambiguous,") {
			t.Error(b.refused(0))
		}
	})
}

func TestSeveralFilesInTheOrderOfTheirLookups(t *testing.T) {
	each(t, func(e *env) {
		contacts := "Last,Company\nRoe,Acme\nDoe,Beta\nPoe,Gamma\n"
		accounts := "Name,Parent\nAcme,\nBeta,Acme\n"
		files := []file{{"contact", contacts, transfer.Mapping{Columns: columns("Last=lastname", "Company=parentcustomerid")}}, {"account", accounts, transfer.Mapping{Columns: columns("Name=name", "Parent=parentaccountid")}}}
		b := e.bring(files...)
		b.must("rpt_StartImport", map[string]any{"DryRun": true})
		b.run(operation.Checked)
		b.want(0, "3 2 0 0 1")
		b.want(1, "2 2 0 0 0")
		if e.count("account")+e.count("contact") != 0 {
			t.Error("a dry run has written")
		}
		b.must("rpt_StartImport", nil)
		b.run(operation.Done)
		b.want(0, "3 2 0 0 1")
		b.want(1, "2 2 0 0 0")
		if got := e.rows("contact", "lastname", "parentcustomeridtype"); got != "Doe account\nRoe account" {
			t.Error(got)
		}
	})
}

func TestDryRunCountsExactly(t *testing.T) {
	each(t, func(e *env) {
		e.must("rpt_part", record.Row{"rpt_name": "There", "rpt_code": "K1", "ownerid": e.anna, "owneridtype": "systemuser"})
		var b strings.Builder
		b.WriteString("code,name,of\n")
		for i := range 40 { // every code twice, in different portions; each a part of the first
			fmt.Fprintf(&b, "K%d,Part %d,%s\n", i%20, i, map[bool]string{true: "K0"}[i > 0])
		}
		b.WriteString("K50,,K0\nK51,X,K99\n")
		for _, mode := range []string{transfer.Create, transfer.Upsert} {
			m := transfer.Mapping{Mode: mode, Columns: columns("code=rpt_code", "name=rpt_name", "of=rpt_partof")}
			if mode == transfer.Upsert {
				m.Match = []string{"rpt_code"}
			}
			in := e.bring(file{"rpt_part", b.String(), m})
			in.must("rpt_StartImport", map[string]any{"DryRun": true})
			in.run(operation.Checked)
			rehearsed, n := in.counts(0), e.count("rpt_part")
			in.must("rpt_StartImport", nil)
			in.run(operation.Done)
			if got := in.counts(0); got != rehearsed {
				t.Errorf("%s: the dry run said %s, it became %s\n%s", mode, rehearsed, got, in.refused(0))
			}
			if n == e.count("rpt_part") && mode == transfer.Create {
				t.Error("nothing was imported")
			}
		}
	})
}

func TestUndo(t *testing.T) {
	each(t, func(e *env) {
		for i := range 3 {
			e.must("rpt_part", record.Row{"rpt_name": fmt.Sprint("Old ", i), "rpt_code": fmt.Sprint("A", i), "rpt_stock": int64(i), "ownerid": e.anna, "owneridtype": "systemuser"})
		}
		before := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_stock")
		var text strings.Builder
		text.WriteString("code,name,stock\n")
		for i := range 30 {
			fmt.Fprintf(&text, "A%d,New %d,%d\n", i%25, i, i*10)
		}
		m := transfer.Mapping{Mode: transfer.Upsert, Match: []string{"rpt_code"}, Columns: columns("code=rpt_code", "name=rpt_name", "stock=rpt_stock")}
		b := e.imported(file{"rpt_part", text.String(), m})
		b.want(0, "30 22 8 0 0")
		var imported int64
		if _, err := e.db.QueryRow(t.Context(), "SELECT COUNT(*) FROM changelog WHERE tablename = 'rpt_part' AND channel = 'import'", nil, &imported); err != nil || imported != 30 {
			t.Errorf("%d changes are known to come from a file, %v", imported, err)
		}
		b.must("rpt_UndoImport", nil)
		row := b.run(operation.Undone)
		if got := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_stock"); got != before || row.Int("rpt_kept") != 0 || row.Int("rpt_undone") != 30 {
			t.Errorf("%d taken back, %d kept:\n%s", row.Int("rpt_undone"), row.Int("rpt_kept"), got)
		}
		if err := b.call("rpt_UndoImport", nil); err == nil {
			t.Error("undone twice")
		}
		// What somebody has changed since stays, and is told of.
		b = e.imported(file{"rpt_part", text.String(), m})
		bert := e.user("bert", "rpt_part")
		page, err := e.store.Find(e.system(), queryParts("A1", "A20"))
		if err != nil || len(page.Rows) != 2 {
			t.Fatal(page, err)
		}
		for _, r := range page.Rows {
			e.update(as(t.Context(), bert), "rpt_part", r.ID("rpt_partid"), record.Row{"rpt_name": "Bert's"})
		}
		b.must("rpt_UndoImport", nil)
		row = b.run(operation.Undone)
		if got, want := e.rows("rpt_part", "rpt_code", "rpt_name", "rpt_stock"), "A0 Old 0 0\nA1 Bert's 260\nA2 Old 2 2\nA20 Bert's 200"; got != want || row.Int("rpt_kept") != 3 {
			t.Errorf("%d kept:\n%s", row.Int("rpt_kept"), got)
		}
		n := 0
		for f, err := range operation.Faults(t.Context(), e.db, b.id, [16]byte{}, operation.PhaseUndo) {
			if err != nil || f.Code != "undo.changed" {
				t.Errorf("%+v %v", f, err)
			}
			n++
		}
		if n != 3 {
			t.Errorf("%d told of", n)
		}
	})
}
