package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// A member changes its address by opening a letter to the new one; the old one is
// told, and everything that rested on it ends.
func TestMembersChangeTheirAddress(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		var admitted admitting
		admitted.Admission = &memberarea.Admission{Store: h.store, Views: func() []memberarea.View { return h.views }, Catalog: h.control.Catalog, Clock: h.clock, Members: h.control.Members}
		h.readmit(admitted)
		address := func() string {
			row, err := h.store.Get(access.AsSystem(t.Context(), "test"), "contact", h.mia, []string{"emailaddress1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return row.Text("emailaddress1")
		}
		last := func() auth.MemberLetter { return h.letters[len(h.letters)-1] }
		p, elsewhere := h.come("mia@example.com"), h.come("mia@example.com")
		p.send("/member/profile", "/member/profile/address", "email", "nonsense").want(400).says("This is no e-mail address")
		p.send("/member/profile", "/member/profile/address", "email", " MIA@example.com").want(400).says("your address already")
		p.post("/member/profile/address", "email", "new@example.com").want(403)
		p.send("/member/profile", "/member/profile/address", "email", "new@example.com").want(200).says("new@example.com")
		if l := last(); l.Kind != auth.LetterMove || l.Email != "new@example.com" || address() != "mia@example.com" {
			t.Fatalf("%+v, and the address is %s", l, address())
		}
		secret := last().Secret
		// The link of a change signs nobody in, and is looked at without anything happening.
		p.send("/member/open?key=x", "/member/open", "secret", secret).want(401)
		h.page().get("/member/move?key="+secret).want(200).says("Use this address", secret)
		if address() != "mia@example.com" {
			t.Error("looking at the link changed the address")
		}
		n := len(h.letters)
		there := h.page()
		there.send("/member/move?key="+secret, "/member/move", "secret", secret).want(303)
		there.get("/member/profile?note=moved").want(200).says("new@example.com", "We have told the old one")
		if l := last(); address() != "new@example.com" || len(h.letters) != n+1 || l.Kind != auth.LetterMoved || l.Email != "mia@example.com" || l.Secret != "" {
			t.Errorf("%s, and the old address is told %+v", address(), l)
		}
		p.get("/member/home").want(303)
		elsewhere.get("/member/home").want(303)
		there.send("/member/move?key="+secret, "/member/move", "secret", secret).want(401)

		// Who came in by a password shows it once more.
		there.send("/member/security", "/member/security/password", "new", "member password 1").want(303)
		q := h.page()
		q.send("/member", "/member/signin", "email", "new@example.com", "password", "member password 1").want(303)
		q.get("/member/profile").says("address-password")
		q.send("/member/profile", "/member/profile/address", "email", "newer@example.com", "password", "wrong").want(400).says("or the password is wrong")
		// Another's address is found out by its owner alone.
		q.send("/member/profile", "/member/profile/address", "email", "max@example.com", "password", "member password 1").want(200)
		q.send("/member/move?key=x", "/member/move", "secret", last().Secret).want(409).says("Another account has this address")
		// A link is over when the staff has changed the address meanwhile, and after its time.
		q.send("/member/profile", "/member/profile/address", "email", "newer@example.com", "password", "member password 1").want(200)
		secret = last().Secret
		h.clock.Advance(time.Hour)
		q.send("/member/move?key=x", "/member/move", "secret", secret).want(401)
		q.send("/member/profile", "/member/profile/address", "email", "newer2@example.com", "password", "member password 1").want(200)
		ctx := access.AsSystem(t.Context(), "test")
		h.write(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, "contact", h.mia, record.Row{"emailaddress1": "staff@example.com"}, record.Match{})
			return err
		})
		h.page().send("/member/move?key=x", "/member/move", "secret", last().Secret).want(401)
		if address() != "staff@example.com" {
			t.Error(address())
		}
	})
}

// Times are told in the member's zone, else in the organisation's; the pages bear
// its name and colours.
func TestMembersReadTheirOwnTimes(t *testing.T) {
	t.Parallel()
	eachClubhouse(t, func(t *testing.T, h *clubhouse) {
		ctx := access.AsSystem(t.Context(), "test")
		own := record.Row{"name": "Club", "rpt_portalname": "The <Club>", "rpt_portalaccent": "#aa0000", "rpt_timezone": "Asia/Kolkata"}
		key := h.must("organization", own).ID("organizationid")
		brand := func() memberarea.Brand {
			b, err := memberarea.LoadBrand(ctx, h.store, func(context.Context, id.ID) (string, error) { return "", nil })
			if err != nil {
				t.Error(err)
			}
			return b
		}
		var err error
		h.area, err = memberarea.New(memberarea.Options{Records: h.store, Catalog: h.control.Catalog, Views: func() []memberarea.View { return h.views }, Processes: func() *process.Set { return nil }, History: h.log,
			Consents: &consent.Keeper{Records: h.store, History: h.log}, Hidden: h.control.Hidden, Clock: h.clock, Brand: brand})
		if err != nil {
			t.Fatal(err)
		}
		h.pages.Area = h.area
		at := h.clock.Now()
		told := func(zone string) string {
			z, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			return at.In(z).Format("2 January 2006, 15:04")
		}
		p := h.come("mia@example.com")
		r := p.get("/member/security").want(200).says("The &lt;Club&gt;", told("Asia/Kolkata"), "Times: Asia/Kolkata").hides("Rapport", " UTC")
		if !strings.Contains(r.body, "--accent:#aa0000") {
			t.Error("the page does not bear the colour")
		}
		p.send("/member/profile", "/member/profile", "lastname", "Muster", "zone", "Nowhere/Else").want(400).says("no such time zone")
		p.send("/member/profile", "/member/profile", "lastname", "Muster", "zone", "America/New_York").want(303)
		p.get("/member/profile").says("<option selected>America/New_York")
		p.get("/member/security").says(told("America/New_York"), "Times: America/New_York")
		p.send("/member/profile", "/member/profile", "lastname", "Muster", "zone", "").want(303)
		p.get("/member/security").says("Times: Asia/Kolkata")
		if subject, body := brand().MovedLetter("en", at); subject == "" || !strings.Contains(body, told("Asia/Kolkata")) || !strings.HasSuffix(body, "\nThe <Club>\n") {
			t.Error(body)
		}
		for _, bad := range []record.Row{{"rpt_portalaccent": "red"}, {"rpt_timezone": "Mars/Base"}} {
			err := h.store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "organization", key, bad, record.Match{})
				return err
			})
			if err == nil {
				t.Errorf("%v is taken", bad)
			}
		}
	})
}
