package signature_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/signature"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// elsewhere is a provider that keeps what it was given.
type elsewhere struct{ got []signature.Envelope }

func (e *elsewhere) Send(_ context.Context, v signature.Envelope) (string, error) {
	e.got = append(e.got, v)
	return "ref-1", nil
}

type env struct {
	t        *testing.T
	ctx      context.Context
	db       *sqldb.DB
	store    *record.Store
	actions  *action.Registry
	service  *signature.Service
	clock    *clock.Fake
	provider *elsewhere
	letters  []id.ID
	snap     atomic.Pointer[access.Snapshot]

	sella, otto, ann, bob, account id.ID
}

func each(t *testing.T, run func(t *testing.T, e *env)) {
	t.Helper()
	catalog := fixture.Catalog(t)
	dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
		e := &env{t: t, db: db, ctx: access.AsSystem(t.Context(), "test"), clock: clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)), provider: new(elsewhere)}
		e.reload()
		log := changelog.New(db)
		now := func() *metadata.Catalog { return catalog }
		control := &access.Control{Current: e.snap.Load, Catalog: now}
		e.store = record.New(record.Options{DB: db, Catalog: now, Access: control, Log: log, Clock: e.clock})
		e.actions = action.New(control, e.store)
		dir := t.TempDir()
		box, err := secret.Open(dir, "")
		e.must(err)
		bucket, err := files.OpenFolder(dir + "/files")
		e.must(err)
		t.Cleanup(func() { bucket.Close() })
		kept := files.New(files.Options{DB: db, Bucket: bucket, Records: e.store, Catalog: now, Clock: e.clock, Keys: box})
		e.store.KeepFiles(kept)
		e.service = signature.New(signature.Config{Store: e.store, Files: kept, Log: log, Catalog: now, Clock: e.clock, Keys: box, Providers: map[string]signature.Provider{"elsewhere": e.provider},
			Letters: func(_ context.Context, _ *record.Tx, contact id.ID, _ string, _ id.ID) error {
				e.letters = append(e.letters, contact)
				return nil
			}})
		e.service.Define(e.actions)
		unit := e.create("businessunit", record.Row{"name": "Head Office"}).ID("businessunitid")
		e.create("systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit})
		user := func(name string) id.ID {
			u := e.create("systemuser", record.Row{"fullname": name, "domainname": name, "businessunitid": unit}).ID("systemuserid")
			r := e.create("role", record.Row{"name": name}).ID("roleid")
			e.create("systemuserroles", record.Row{"systemuserid": u, "roleid": r})
			for table, depth := range map[string]access.Depth{"account": access.Basic, "rpt_signaturerequest": access.Basic, "rpt_signatory": access.Basic, "contact": access.Global} {
				for _, right := range access.Rights() {
					e.create("roleprivileges", record.Row{"roleid": r, "rpt_table": table, "accessright": int64(right), "privilegedepthmask": int64(depth)})
				}
			}
			return u
		}
		e.sella, e.otto = user("sella"), user("otto")
		e.reload()
		e.ann = e.create("contact", record.Row{"firstname": "Ann", "lastname": "Öztürk", "fullname": "Ann Öztürk", "emailaddress1": "ann@example.com"}).ID("contactid")
		e.bob = e.create("contact", record.Row{"firstname": "Bob", "lastname": "Łuk", "fullname": "Bob Łuk"}).ID("contactid")
		e.account = e.create("account", record.Row{"name": "A", "ownerid": e.sella, "owneridtype": "systemuser"}).ID("accountid")
		run(t, e)
	})
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) reload() {
	e.t.Helper()
	snap, err := access.Load(e.t.Context(), e.db)
	e.must(err)
	e.snap.Store(snap)
}

func (e *env) as(user id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.User, ID: user})
}

func (e *env) member(contact id.ID) context.Context {
	return access.With(e.t.Context(), access.Principal{Kind: access.Member, ID: contact, Member: &access.Membership{}})
}

func (e *env) create(table string, row record.Row) (out record.Row) {
	e.t.Helper()
	if err := e.store.Write(e.ctx, func(tx *record.Tx) (err error) { out, err = tx.Create(e.ctx, table, row); return err }); err != nil {
		e.t.Fatalf("%s: %v", table, err)
	}
	return out
}

func ref(table string, key id.ID) map[string]any {
	return map[string]any{"LogicalName": table, "Id": key.String()}
}

// send sends a text to contacts and gives the id of the document.
func (e *env) send(more map[string]any, contacts ...id.ID) (id.ID, error) {
	e.t.Helper()
	list := make([]any, len(contacts))
	for i, c := range contacts {
		list[i] = ref("contact", c)
	}
	body := map[string]any{"Target": ref("account", e.account), "Name": "Contract", "Text": "We agree.", "Contacts": list}
	for k, v := range more {
		body[k] = v
	}
	out, err := e.actions.Call(e.as(e.sella), "rpt_RequestSignature", id.Nil, body)
	if err != nil {
		return id.Nil, err
	}
	return id.Parse(fmt.Sprint(out["SignatureRequestId"]))
}

// first gives the newest document that a member has to sign.
func (e *env) first(contact id.ID) signature.Document {
	e.t.Helper()
	list, err := e.service.Mine(e.member(contact), e.account)
	e.must(err)
	if len(list) == 0 {
		e.t.Fatal("there is nothing to sign")
	}
	return list[0]
}

func (e *env) from() signature.From {
	return signature.From{Address: "192.0.2.7", Agent: "Browser", Method: "link", SignedIn: e.clock.Now().Add(-time.Minute), Lang: "en"}
}

func (e *env) read(contact, signer id.ID, certificate bool) string {
	e.t.Helper()
	_, r, err := e.service.Open(e.member(contact), e.account, signer, certificate)
	e.must(err)
	defer r.Close()
	text, err := io.ReadAll(r)
	e.must(err)
	return string(text)
}

func (e *env) sign(contact id.ID, d signature.Document) error {
	return e.service.Sign(e.member(contact), e.account, d.ID, signature.SignInput{Typed: d.Signer, Agrees: true, SHA256: d.SHA256}, e.from())
}

func (e *env) verify(request id.ID) map[string]any {
	e.t.Helper()
	out, err := e.actions.Call(e.as(e.sella), "rpt_VerifySignature", request, nil)
	e.must(err)
	return out
}

func (e *env) want(err error, code string) {
	e.t.Helper()
	if errs.CodeOf(err) != code || err == nil {
		e.t.Errorf("%v, not %s", err, code)
	}
}

func TestTwoSignInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		request, err := e.send(nil, e.ann, e.bob)
		e.must(err)
		if len(e.letters) != 1 || e.letters[0] != e.ann {
			t.Errorf("letters to %v", e.letters)
		}
		if list, err := e.service.Mine(e.member(e.bob), e.account); err != nil || len(list) != 0 {
			t.Errorf("who comes second sees it: %v, %v", list, err)
		}
		d := e.first(e.ann)
		in := signature.SignInput{Typed: " ann  öztürk", Agrees: true, SHA256: d.SHA256}
		e.want(e.service.Sign(e.member(e.ann), e.account, d.ID, in, e.from()), "signature.unread")
		if text := e.read(e.ann, d.ID, false); text != "We agree." {
			t.Errorf("it reads %q", text)
		}
		late := e.from()
		late.SignedIn = e.clock.Now().Add(-16 * time.Minute)
		e.want(e.service.Sign(e.member(e.ann), e.account, d.ID, in, late), "signature.recent")
		for code, bad := range map[string]signature.SignInput{"signature.consent": {Typed: in.Typed, SHA256: in.SHA256}, "signature.name": {Typed: "Bob Łuk", Agrees: true, SHA256: in.SHA256}, "signature.other": {Typed: in.Typed, Agrees: true, SHA256: strings.Repeat("0", 64)}} {
			e.want(e.service.Sign(e.member(e.ann), e.account, d.ID, bad, e.from()), code)
		}
		e.must(e.service.Sign(e.member(e.ann), e.account, d.ID, in, e.from()))
		e.want(e.service.Sign(e.member(e.ann), e.account, d.ID, in, e.from()), "signature.over")
		if len(e.letters) != 2 || e.letters[1] != e.bob {
			t.Errorf("letters to %v", e.letters)
		}
		d = e.first(e.bob)
		e.read(e.bob, d.ID, false)
		e.must(e.sign(e.bob, d))
		if d = e.first(e.bob); d.Status != signature.Signed || !d.Certificate {
			t.Errorf("at the end: %+v", d)
		}
		if pdf := e.read(e.ann, e.first(e.ann).ID, true); !strings.HasPrefix(pdf, "%PDF-") || len(pdf) < 1000 {
			t.Errorf("the certificate: %.20q, %d bytes", pdf, len(pdf))
		}
		if out := e.verify(request); out["Valid"] != true || fmt.Sprint(out["Signed"]) != "2" {
			t.Errorf("%v", out)
		}
		page, err := e.store.Find(e.as(e.sella), query.Query{Table: "rpt_signatory", Where: query.Compare{Left: query.Path{"rpt_contactid"}, Value: e.ann}})
		e.must(err)
		evidence := page.Rows[0].Text("rpt_evidence")
		for _, part := range []string{d.SHA256, "192.0.2.7", "Browser", `"signInMethod":"link"`, "ann@example.com", "I have read the document"} {
			if !strings.Contains(evidence, part) {
				t.Errorf("the evidence has no %s: %s", part, evidence)
			}
		}
	})
}

// Whoever changes something behind the product's back is found out.
func TestTampering(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		exec := func(text string, args ...any) {
			e.must(e.db.Write(e.ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec(text, args...); return err }))
		}
		p := e.db.Dialect().Placeholder
		for what, tamper := range map[string]func(){
			"another name in the evidence": func() {
				exec("UPDATE rpt_signatory SET rpt_evidence = REPLACE(rpt_evidence, 'Öztürk', 'Other')")
			},
			"another document": func() { exec("UPDATE rpt_signaturerequest SET rpt_sha256 = "+p(1), strings.Repeat("a", 64)) },
			"another's seal":   func() { exec("UPDATE rpt_signatory SET rpt_seal = "+p(1), strings.Repeat("b", 64)) },
			"no certificate":   func() { exec("UPDATE rpt_signaturerequest SET rpt_certificate = NULL") },
			"a signature less": func() { exec("UPDATE rpt_signatory SET rpt_status = 3") },
		} {
			request, err := e.send(nil, e.ann)
			e.must(err)
			d := e.first(e.ann)
			e.read(e.ann, d.ID, false)
			e.must(e.sign(e.ann, d))
			if out := e.verify(request); out["Valid"] != true {
				t.Fatalf("before: %v", out)
			}
			tamper()
			if out := e.verify(request); out["Valid"] == true {
				t.Errorf("%s is not found", what)
			}
			exec("DELETE FROM rpt_signatory")
			exec("DELETE FROM rpt_signaturerequest")
		}
	})
}

func TestDeclineExpireWithdraw(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		request, err := e.send(nil, e.ann)
		e.must(err)
		d := e.first(e.ann)
		e.want(e.service.Decline(e.member(e.ann), e.account, d.ID, " "), "signature.reason")
		e.must(e.service.Decline(e.member(e.ann), e.account, d.ID, "Too dear"))
		e.want(e.sign(e.ann, d), "signature.over")
		row, err := e.store.Get(e.as(e.sella), "rpt_signaturerequest", request, nil, nil)
		e.must(err)
		if row.Int("rpt_status") != signature.Declined || row.Text("rpt_reason") != "Too dear" {
			t.Errorf("declined: %v", row)
		}
		_, err = e.send(map[string]any{"Days": 3}, e.ann)
		e.must(err)
		d = e.first(e.ann)
		e.read(e.ann, d.ID, false)
		e.clock.Advance(4 * 24 * time.Hour)
		e.want(e.sign(e.ann, d), "signature.over")
		e.must(e.service.Expire(e.ctx))
		if got := e.first(e.ann); got.Status != signature.Expired {
			t.Errorf("after its time: %+v", got)
		}
		request, err = e.send(nil, e.ann)
		e.must(err)
		d = e.first(e.ann)
		if _, err := e.actions.Call(e.as(e.sella), "rpt_WithdrawSignature", request, map[string]any{"Reason": "A mistake"}); err != nil {
			t.Fatal(err)
		}
		e.want(e.sign(e.ann, d), "signature.none")
	})
}

func TestOthersReachNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		request, err := e.send(nil, e.ann)
		e.must(err)
		d := e.first(e.ann)
		e.read(e.ann, d.ID, false)
		for who, ctx := range map[string]context.Context{"bob": e.member(e.bob), "a seller": e.as(e.otto), "nobody": t.Context()} {
			if list, err := e.service.Mine(ctx, e.account); len(list) > 0 || who != "bob" && err == nil {
				t.Errorf("%s sees %v", who, list)
			}
			_, _, err := e.service.Open(ctx, e.account, d.ID, false)
			for what, err := range map[string]error{"opens": err, "declines": e.service.Decline(ctx, e.account, d.ID, "x"),
				"signs": e.service.Sign(ctx, e.account, d.ID, signature.SignInput{Typed: d.Signer, Agrees: true, SHA256: d.SHA256}, e.from())} {
				if !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Unauthenticated) {
					t.Errorf("%s %s: %v", who, what, err)
				}
			}
		}
		if _, _, err := e.service.Open(e.member(e.ann), id.New(), d.ID, false); !errs.Has(err, errs.NotFound) {
			t.Errorf("through another record: %v", err)
		}
		for _, name := range []string{"rpt_WithdrawSignature", "rpt_VerifySignature"} {
			if _, err := e.actions.Call(e.as(e.otto), name, request, map[string]any{"Reason": "x"}); !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Forbidden) && !errs.Has(err, errs.Invalid) {
				t.Errorf("another seller, %s: %v", name, err)
			}
		}
		if _, err := e.actions.Call(e.as(e.otto), "rpt_RequestSignature", id.Nil, map[string]any{"Target": ref("account", e.account), "Name": "x", "Text": "x", "Contacts": []any{ref("contact", e.ann)}}); !errs.Has(err, errs.NotFound) && !errs.Has(err, errs.Forbidden) {
			t.Errorf("another seller sends: %v", err)
		}
		for what, more := range map[string]map[string]any{"no text": {"Text": " "}, "no name": {"Name": ""}, "too long": {"Days": 1000}, "nobody": {"Contacts": []any{}}, "twice": {"Contacts": []any{ref("contact", e.ann), ref("contact", e.ann)}}, "no provider": {"Provider": "nobody"}} {
			if _, err := e.send(more, e.ann); !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestProvider(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		request, err := e.send(map[string]any{"Provider": "elsewhere"}, e.ann, e.bob)
		e.must(err)
		if len(e.provider.got) != 1 || !bytes.Equal(e.provider.got[0].Content, []byte("We agree.")) || len(e.provider.got[0].Signers) != 2 || e.provider.got[0].ID != request || len(e.letters) != 0 {
			t.Fatalf("the provider got %+v, letters %v", e.provider.got, e.letters)
		}
		if list, err := e.service.Mine(e.member(e.ann), e.account); err != nil || len(list) != 0 {
			t.Errorf("it is signed here, too: %v, %v", list, err)
		}
		for _, s := range e.provider.got[0].Signers {
			e.want(e.service.Outcome(e.ctx, "another", request, s.ID, e.clock.Now(), "card", ""), "signature.none")
			e.must(e.service.Outcome(e.ctx, "elsewhere", request, s.ID, e.clock.Now(), "card", ""))
			e.must(e.service.Outcome(e.ctx, "elsewhere", request, s.ID, e.clock.Now(), "card", "")) // told twice
		}
		row, err := e.store.Get(e.as(e.sella), "rpt_signaturerequest", request, nil, nil)
		e.must(err)
		if row.Int("rpt_status") != signature.Signed || row.Text("rpt_reference") != "ref-1" || row["rpt_certificate"] == nil {
			t.Errorf("%v", row)
		}
		if out := e.verify(request); out["Valid"] != true {
			t.Errorf("%v", out)
		}
	})
}
