package document_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/clamd"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/clamdserver"
)

func TestRequestsFollowTheRecord(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		key := e.request(id.Nil, 500)
		if got := e.statuses(key); got != "" || e.complete(key) != nil {
			t.Errorf("before the stage: %q, %v", got, e.complete(key))
		}
		step := func(change record.Row, want string) {
			t.Helper()
			e.must(e.update(e.as(e.sella), "app_request", key, change))
			if got := e.statuses(key); got != want {
				t.Errorf("after %v: %s, not %s", change, got, want)
			}
		}
		step(record.Row{"stageid": papers}, "identity 1, letter 1")
		step(record.Row{"app_name": "other"}, "identity 1, letter 1")
		step(record.Row{"app_amount": 5000}, "identity 1, income 1, letter 1")
		step(record.Row{"app_amount": 100}, "identity 1, income 6, letter 1")
		step(record.Row{"app_amount": 2000}, "identity 1, income 1, letter 1")
		if e.complete(key) != false {
			t.Errorf("complete: %v", e.complete(key))
		}
		if len(e.letters) != 3 || e.letters[0].Contact != e.ann || e.letters[0].Kind != "asked" {
			t.Errorf("letters: %v", e.letters)
		}
		// What somebody has begun to answer is not taken away.
		e.must(e.service.Send(e.member(e.ann), e.item(key, "income"), "a.pdf", strings.NewReader(pdf("x"))))
		step(record.Row{"app_amount": 100}, "identity 1, income 2, letter 1")
		// A condition that looks at the applicant.
		e.must(e.update(e.ctx, "contact", e.ann, record.Row{"familystatuscode": int64(2)}))
		step(record.Row{"app_product": "x"}, "identity 1, income 2, married 1, letter 1")
		// The next stage asks for more, going back takes nothing away.
		step(record.Row{"stageid": worth}, "identity 1, income 2, married 1, letter 1, value 1")
		step(record.Row{"stageid": papers}, "identity 1, income 2, married 1, letter 1, value 1")
		// A record of its own person's; made at the stage at once.
		other := e.request(papers, 10)
		if got := e.statuses(other); got != "identity 1, married 1, letter 1" {
			t.Errorf("made at the stage: %s", got)
		}
		// Nobody types it.
		e.want(e.update(e.as(e.sella), "app_request", key, record.Row{"app_complete": true}), "document.complete_column")
	})
}

func TestReview(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		sella, ann := e.as(e.sella), e.member(e.ann)
		identity, income, letter := e.item(key, "identity"), e.item(key, "income"), e.item(key, "letter")
		e.want(e.call(sella, "rpt_AcceptDocument", identity, nil), "document.nothing")
		e.must(e.service.Send(ann, identity, "front.pdf", strings.NewReader(pdf("front"))))
		e.must(e.service.Send(ann, identity, "back.pdf", strings.NewReader(pdf("back"))))
		e.want(e.service.Send(ann, identity, "more.pdf", strings.NewReader(pdf("more"))), "document.many")
		e.want(e.call(sella, "rpt_RefuseDocument", identity, map[string]any{"Reason": " "}), "document.words")
		// Another seller does not reach it.
		if err := e.call(e.as(e.otto), "rpt_AcceptDocument", identity, nil); !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Forbidden) {
			t.Errorf("another seller: %v", err)
		}
		e.must(e.call(sella, "rpt_RefuseDocument", identity, map[string]any{"Reason": "It can't be read"}))
		if last := e.letters[len(e.letters)-1]; last.Kind != "refused" || last.Contact != e.ann || last.Record != key {
			t.Errorf("letter: %v", last)
		}
		list, err := e.service.Mine(ann, key, "de")
		e.must(err)
		if list[0].Name != "Ausweis" || list[0].Reason != "It can't be read" || !list[0].Open || len(list[0].Files) != 2 || list[0].Help != "Both sides" {
			t.Errorf("what the member sees: %s", jsonText(list[0]))
		}
		// What comes now replaces what was refused.
		e.must(e.service.Send(ann, identity, "both.pdf", strings.NewReader(pdf("both"))))
		list, err = e.service.Mine(ann, key, "en")
		e.must(err)
		if len(list[0].Files) != 1 || list[0].Files[0].Name != "both.pdf" || list[0].Status != document.Received || list[0].Reason != "" {
			t.Errorf("after it was sent again: %s", jsonText(list[0]))
		}
		e.must(e.call(sella, "rpt_AcceptDocument", identity, nil))
		e.want(e.service.Send(ann, identity, "late.pdf", strings.NewReader(pdf("late"))), "document.closed")
		if e.complete(key) != false {
			t.Error("complete, although income is missing")
		}
		e.must(e.call(sella, "rpt_WaiveDocument", income, map[string]any{"Reason": "A customer for long"}))
		if e.complete(key) != true { // the letter is optional
			t.Error("not complete")
		}
		e.must(e.call(sella, "rpt_AskAgainForDocument", income, map[string]any{"Reason": "The rules have changed"}))
		if e.complete(key) != false {
			t.Error("complete, although it was asked for again")
		}
		e.must(e.call(sella, "rpt_ReceiveDocument", income, map[string]any{"Note": "By post"}))
		e.must(e.call(sella, "rpt_AskForDocument", id.Nil, map[string]any{"Target": ref("app_request", key), "Name": "A photo of the dog"}))
		if got := e.statuses(key); got != "identity 3, income 3, letter 1, A photo of the dog 1" || e.complete(key) != false {
			t.Errorf("%s, complete %v", got, e.complete(key))
		}
		// Another seller may not ask about her record; no record has checklists without end.
		if err := e.call(e.as(e.otto), "rpt_AskForDocument", id.Nil, map[string]any{"Target": ref("app_request", key), "Name": "x"}); !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Forbidden) {
			t.Errorf("another seller: %v", err)
		}
		e.want(e.call(sella, "rpt_AcceptDocument", letter, nil), "document.nothing")
		row, err := e.store.Get(sella, "rpt_documentrequest", identity, nil, nil)
		e.must(err)
		if row.ID("rpt_reviewedby") != e.sella || row["rpt_reviewedon"] == nil {
			t.Errorf("who reviewed it: %v", row.ID("rpt_reviewedby"))
		}
		told, err := e.store.Find(e.ctx, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: e.sella}})
		e.must(err)
		if len(told.Rows) != 2 { // when it came, and when it came again
			t.Errorf("the seller was told %d times", len(told.Rows))
		}
		// All at once, of every stage.
		fresh := e.request(id.Nil, 5000)
		e.must(e.call(sella, "rpt_AskForDocuments", id.Nil, map[string]any{"Target": ref("app_request", fresh)}))
		e.must(e.call(sella, "rpt_AskForDocuments", id.Nil, map[string]any{"Target": ref("app_request", fresh)}))
		if got := e.statuses(fresh); got != "identity 1, income 1, letter 1, value 1" {
			t.Errorf("all: %s", got)
		}
	})
}

func TestMembersReachTheirOwnAlone(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		identity := e.item(key, "identity")
		ann, bob := e.member(e.ann), e.member(e.bob)
		e.must(e.service.Send(ann, identity, "mine.pdf", strings.NewReader(pdf("mine"))))
		list, err := e.service.Mine(ann, key, "en")
		e.must(err)
		file := list[0].Files[0].ID
		up, err := e.service.Begin(ann, identity, "more.pdf", 10)
		e.must(err)
		for who, ctx := range map[string]context.Context{"bob": bob, "a seller": e.as(e.otto), "nobody": t.Context()} {
			if list, err := e.service.Mine(ctx, key, "en"); len(list) > 0 || who != "bob" && err == nil {
				t.Errorf("%s sees %v, %v", who, list, err)
			}
			fails := map[string]error{"sends": e.service.Send(ctx, identity, "x.pdf", strings.NewReader(pdf("x"))), "takes back": e.service.TakeBack(ctx, key, file)}
			_, _, fails["opens"] = e.service.Open(ctx, key, file)
			_, fails["begins"] = e.service.Begin(ctx, identity, "x.pdf", 10)
			_, fails["sees the upload"] = e.service.Upload(ctx, up.ID)
			for what, err := range fails {
				if !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Unauthenticated) {
					t.Errorf("%s %s: %v", who, what, err)
				}
			}
		}
		// By another record's page, his own file is not there either.
		if _, _, err := e.service.Open(ann, id.New(), file); !errs.Has(err, errs.NotFound) {
			t.Errorf("through another record: %v", err)
		}
		in, r, err := e.service.Open(ann, key, file)
		e.must(err)
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(text) != pdf("mine") || in.Name != "mine.pdf" {
			t.Errorf("%q, %v", text, err)
		}
		e.must(e.service.TakeBack(ann, key, file))
		if got := e.statuses(key); got != "identity 1, income 1, letter 1" {
			t.Errorf("taken back: %s", got)
		}
		if _, _, err := e.service.Open(ann, key, file); !errs.Has(err, errs.NotFound) {
			t.Errorf("after it was taken back: %v", err)
		}
	})
}

func picture(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, strings.NewReader(strings.Repeat("0", size)), int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		ann := e.member(e.ann)
		identity, letter := e.item(key, "identity"), e.item(key, "letter")
		huge := []byte(picture(t, 3, 3)) // which says that it has very many points
		copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0})
		for name, c := range map[string]struct {
			to   id.ID
			file string
			body string
			code string
		}{
			"a program":               {identity, "a.pdf", "MZ" + pdf("x"), "files.media_type"},
			"a web page":              {identity, "a.pdf", "<!doctype html><script>alert(1)</script>" + pdf("x"), "files.media_type"},
			"a drawing with a script": {identity, "a.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "files.media_type"},
			"that by another name":    {identity, "a.png", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "document.kind"},
			"that with a head":        {identity, "a.png", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "files.media_type"},
			"a double ending":         {identity, "a.pdf.exe", pdf("x"), "files.media_type"},
			"nothing":                 {identity, "a.pdf", "", "document.empty"},
			"text for a document":     {identity, "a.pdf", "just words", "document.kind"},
			"cut off":                 {identity, "a.pdf", "%PDF-1.4\n1 0 obj", "document.broken"},
			"a picture of no points":  {identity, "a.png", "\x89PNG\r\n\x1a\n", "document.broken"},
			"a picture of too many":   {identity, "a.png", string(huge), "document.broken"},
			"an archive":              {letter, "a.zip", zipped(t, 10), "files.media_type"},
			"a bomb":                  {letter, "a.docx", zipped(t, 30<<20), "document.broken"},
			"a bomb that is none":     {letter, "a.docx", "PK\x03\x04 and nothing", "document.broken"},
			"too large":               {identity, "a.pdf", "%PDF-1.4" + strings.Repeat("x", 20<<20), "files.too_large"},
		} {
			if err := e.service.Send(ann, c.to, c.file, strings.NewReader(c.body)); errs.CodeOf(err) != c.code {
				t.Errorf("%s: %v (%s), not %s", name, err, errs.CodeOf(err), c.code)
			} else if document.Words(err, "de") == "" || document.Words(err, "en") == "" {
				t.Errorf("%s: a member is told nothing", name)
			}
		}
		if got := e.statuses(key); got != "identity 1, income 1, letter 1" {
			t.Errorf("what can't be taken has changed %s", got)
		}
		// Names are made harmless, and endings say what a file is.
		for name, want := range map[string]string{"../../etc/pass\"wd.pdf": "pass_wd.pdf", `C:\temp\scan.jpg`: "scan.pdf", "gpj.\u202efdp.pdf": "gpj._fdp.pdf"} {
			e.must(e.service.Send(ann, identity, name, strings.NewReader(pdf("x"))))
			list, err := e.service.Mine(ann, key, "en")
			e.must(err)
			if got := list[0].Files[0].Name; got != want {
				t.Errorf("%q is kept as %q, not %q", name, got, want)
			}
			e.must(e.service.TakeBack(ann, key, list[0].Files[0].ID))
		}
		e.must(e.service.Send(ann, letter, "a.docx", strings.NewReader(zipped(t, 10_000))))
		e.must(e.service.Send(ann, identity, "a.png", strings.NewReader(picture(t, 30, 30))))
	})
}

func TestUploadsGoOn(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		ann, identity := e.member(e.ann), e.item(key, "identity")
		body := pdf(strings.Repeat("0123456789", 300_000)) // three parts
		u, err := e.service.Begin(ann, identity, "large.pdf", int64(len(body)))
		e.must(err)
		// The connection breaks: what has come is kept.
		n, err := e.service.Append(ann, u, 0, io.MultiReader(strings.NewReader(body[:1_500_000]), iotest.ErrReader(io.ErrClosedPipe)))
		if err == nil || n != 1_500_000 {
			t.Fatalf("%d kept, %v", n, err)
		}
		// A process that was killed knows of it what the database knows.
		again := document.New(document.Config{DB: e.db, Store: e.store, Files: e.files, Catalog: e.store.Catalog, Clock: e.clock})
		u, err = again.Upload(ann, u.ID)
		if err != nil || u.Offset != 1_500_000 || u.Size != int64(len(body)) || u.Name != "large.pdf" {
			t.Fatalf("%+v, %v", u, err)
		}
		if _, err := again.Append(ann, u, 0, strings.NewReader(body)); errs.CodeOf(err) != "files.gap" {
			t.Errorf("from the beginning: %v", err)
		}
		if n, err = again.Append(ann, u, u.Offset, strings.NewReader(body[u.Offset:]+"and more than was said")); err != nil || u.Offset+n != int64(len(body)) {
			t.Fatalf("%d, %v", n, err)
		}
		e.must(again.Finish(ann, u))
		list, err := e.service.Mine(ann, key, "en")
		e.must(err)
		_, r, err := e.service.Open(ann, key, list[0].Files[0].ID)
		e.must(err)
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(text) != body {
			t.Errorf("%d bytes, %v", len(text), err)
		}
		if _, err := e.service.Upload(ann, u.ID); errs.CodeOf(err) != "document.upload" {
			t.Errorf("it has come to its end: %v", err)
		}
		// One that has come whole, and was cut off before it was a file, is one when it is asked about.
		last := pdf("the last page")
		u, err = again.Begin(ann, e.item(key, "income"), "last.pdf", int64(len(last)))
		e.must(err)
		if n, err := again.Append(ann, u, 0, strings.NewReader(last)); err != nil || n != int64(len(last)) {
			t.Fatalf("%d, %v", n, err)
		}
		if u, err := e.service.Upload(ann, u.ID); err != nil || u.Offset != u.Size {
			t.Errorf("a whole one: %+v, %v", u, err)
		}
		list, err = e.service.Mine(ann, key, "en")
		e.must(err)
		if !slices.ContainsFunc(list, func(i document.Request) bool { return len(i.Files) == 1 && i.Files[0].Name == "last.pdf" }) {
			t.Errorf("documents: %+v", list)
		}
		if _, err := e.service.Upload(ann, u.ID); errs.CodeOf(err) != "document.upload" {
			t.Errorf("it has been made a file: %v", err)
		}
		// One that takes too long, one that is given up, one that says too much.
		u, err = e.service.Begin(ann, identity, "a.pdf", 100)
		e.must(err)
		e.must(e.service.Abandon(ann, u))
		if _, err := e.service.Upload(ann, u.ID); errs.CodeOf(err) != "document.upload" {
			t.Errorf("it was given up: %v", err)
		}
		u, err = e.service.Begin(ann, identity, "a.pdf", 100)
		e.must(err)
		e.clock.Advance(25 * time.Hour)
		if _, err := e.service.Upload(ann, u.ID); errs.CodeOf(err) != "document.upload" {
			t.Errorf("after a day: %v", err)
		}
		e.must(e.service.Tidy(e.ctx))
		e.must(e.files.Collect(e.ctx))
		for size, code := range map[int64]string{0: "document.empty", -1: "document.empty", 21 << 20: "document.large"} {
			if _, err := e.service.Begin(ann, identity, "a.pdf", size); errs.CodeOf(err) != code {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		// What is no document is found out at the end, and gone.
		u, err = e.service.Begin(ann, identity, "a.pdf", 10)
		e.must(err)
		_, err = e.service.Append(ann, u, 0, strings.NewReader("0123456789"))
		e.must(err)
		e.want(e.service.Finish(ann, u), "document.kind")
	})
}

func TestLimitsOfAMember(t *testing.T) {
	t.Parallel()
	each(t, options{total: 1000}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		ann, identity := e.member(e.ann), e.item(key, "identity")
		_, err := e.service.Begin(ann, identity, "a.pdf", 900)
		e.must(err)
		if _, err := e.service.Begin(ann, identity, "a.pdf", 900); errs.CodeOf(err) != "document.total" {
			t.Errorf("more than one may: %v", err)
		}
		often := 0
		for range 60 {
			if _, err := e.service.Begin(ann, identity, "a.pdf", 1); errs.CodeOf(err) == "document.often" {
				often++
			}
		}
		if often == 0 {
			t.Error("uploads are begun without end")
		}
	})
}

func TestVirus(t *testing.T) {
	t.Parallel()
	each(t, options{scan: true}, func(t *testing.T, e *env) {
		e.scanner.away.Store(true)
		e.scans()
		key := e.request(papers, 5000)
		ann, identity, income := e.member(e.ann), e.item(key, "identity"), e.item(key, "income")
		e.must(e.service.Send(ann, identity, "good.pdf", strings.NewReader(pdf("good"))))
		e.must(e.service.Send(ann, income, "bad.pdf", strings.NewReader(pdf("a virus"))))
		// While nobody knows, nobody opens or accepts it.
		e.want(e.call(e.as(e.sella), "rpt_AcceptDocument", identity, nil), "document.held")
		list, err := e.service.Mine(ann, key, "en")
		e.must(err)
		if _, _, err := e.service.Open(ann, key, list[0].Files[0].ID); errs.CodeOf(err) != "files.held" {
			t.Errorf("before the scan: %v", err)
		}
		e.scanner.away.Store(false)
		want := "identity 2, income 4, letter 1"
		for deadline := time.Now().Add(2 * time.Minute); e.statuses(key) != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("never: %s", want)
			}
			e.clock.Advance(time.Second)
		}
		for deadline := time.Now().Add(2 * time.Minute); e.call(e.as(e.sella), "rpt_AcceptDocument", identity, nil) != nil; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the good one is never accepted")
			}
			e.clock.Advance(time.Second)
		}
	})
}

// TestVirusByClamAV has ClamAV's own daemon find the test virus: the file is refused,
// nothing of it is left on disk, and member and owner are told.
func TestVirusByClamAV(t *testing.T) {
	t.Parallel()
	daemon, err := clamd.New(clamdserver.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	each(t, options{real: daemon}, func(t *testing.T, e *env) {
		key := e.request(papers, 5000)
		ann, identity, income := e.member(e.ann), e.item(key, "identity"), e.item(key, "income")
		e.must(e.service.Send(ann, identity, "good.pdf", strings.NewReader(pdf("good"))))
		e.must(e.service.Send(ann, income, "bad.pdf", strings.NewReader(pdf(clamdserver.Eicar))))
		e.scans()
		want := "identity 2, income 4, letter 1"
		for deadline := time.Now().Add(2 * time.Minute); e.statuses(key) != want || e.contents() != 1; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("never: %s and one content, but %s and %d", want, e.statuses(key), e.contents())
			}
			e.clock.Advance(time.Second)
		}
		list, err := e.service.Mine(ann, key, "en")
		e.must(err)
		for _, item := range list {
			for _, f := range item.Files {
				_, r, err := e.service.Open(ann, key, f.ID)
				for deadline := time.Now().Add(2 * time.Minute); errs.CodeOf(err) == "files.held" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
					e.clock.Advance(time.Second) // the other one may have been scanned first
					_, r, err = e.service.Open(ann, key, f.ID)
				}
				if err == nil {
					r.Close()
				}
				if bad := f.Name == "bad.pdf"; bad && errs.CodeOf(err) != "files.infected" || !bad && err != nil {
					t.Errorf("%s: %v", f.Name, err)
				}
			}
		}
		told, err := e.store.Find(e.ctx, query.Query{Table: "appnotification", Where: query.Compare{Left: query.Path{"ownerid"}, Value: e.sella}})
		e.must(err)
		said := ""
		for _, row := range told.Rows {
			said += row.Text("title") + "\n"
		}
		if !strings.Contains(said, "virus") {
			t.Errorf("the owner was told %q", said)
		}
		if len(e.letters) == 0 || e.letters[len(e.letters)-1].Contact != e.ann {
			t.Errorf("the member was told %v", e.letters)
		}
	})
}

// TestScansBesideUploads has files scanned while they are still being taken: none is
// held for ever, and none that is bad is taken for good.
func TestScansBesideUploads(t *testing.T) {
	t.Parallel()
	each(t, options{scan: true}, func(t *testing.T, e *env) {
		e.scans()
		ann := e.member(e.ann)
		bad := map[id.ID]bool{}
		for n := range 12 {
			item, words := e.item(e.request(papers, 5000), "income"), fmt.Sprintf("paper %d", n)
			if n%2 == 1 {
				bad[item], words = true, words+" with a virus"
			}
			err := e.service.Send(ann, item, "paper.pdf", strings.NewReader(pdf(words)))
			if err != nil && !(bad[item] && errs.CodeOf(err) == files.ErrInfected.Code) {
				t.Errorf("%s: %v", words, err)
			}
		}
		held := query.Query{Table: "rpt_documentfile", Where: query.Compare{Left: query.Path{"rpt_state"}, Value: document.FileHeld}, Limit: 1}
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
			page, err := e.store.Find(e.ctx, held)
			e.must(err)
			if len(page.Rows) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("held for ever: %v", page.Rows)
			}
			e.clock.Advance(time.Second)
		}
		page, err := e.store.Find(e.ctx, query.Query{Table: "rpt_documentfile", Limit: 100})
		e.must(err)
		good := 0
		for _, row := range page.Rows {
			if is := row.Int("rpt_state") == document.FileInfected; is != bad[row.ID("rpt_requestid")] {
				t.Errorf("a file is in state %d", row.Int("rpt_state"))
			} else if !is {
				good++
			}
		}
		if good != 6 {
			t.Errorf("%d good ones", good)
		}
	})
}

func TestChecklistsAreChecked(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, e *env) {
		for what, change := range map[string]record.Row{
			"no table":     {"rpt_table": "nothing"},
			"no column":    {"rpt_completecolumn": "app_name"},
			"no contact":   {"rpt_contactcolumns": "app_name"},
			"no items":     {"rpt_definition": `{"items": []}`},
			"unknown word": {"rpt_definition": `{"items": [{"key": "a", "name": {"en": "A"}, "wehn": ""}]}`},
			"a condition":  {"rpt_definition": `{"items": [{"key": "a", "name": {"en": "A"}, "when": "app_nothing eq 1"}]}`},
			"a kind":       {"rpt_definition": `{"items": [{"key": "a", "name": {"en": "A"}, "kinds": ["exe"]}]}`},
			"twice":        {"rpt_definition": `{"items": [{"key": "a", "name": {"en": "A"}}, {"key": "a", "name": {"en": "B"}}]}`},
			"no name":      {"rpt_definition": `{"items": [{"key": "a"}]}`},
			"no process":   {"rpt_definition": `{"items": [{"key": "a", "name": {"en": "A"}, "stages": ["x"]}]}`},
			"too many":     {"rpt_definition": `{"items": [` + strings.TrimSuffix(strings.Repeat(`{"key": "a", "name": {"en": "A"}},`, 101), ",") + `]}`},
			"no JSON":      {"rpt_definition": `"x"`},
			"something on": {"rpt_definition": `[1]`},
		} {
			row := record.Row{"rpt_name": "x", "rpt_uniquename": fmt.Sprint(what), "rpt_table": "app_request", "rpt_definition": list}
			for k, v := range change {
				row[k] = v
			}
			err := e.store.Write(e.ctx, func(tx *record.Tx) error { _, err := tx.Create(e.ctx, "rpt_documentchecklist", row); return err })
			if errs.CodeOf(err) != "document.checklist" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
