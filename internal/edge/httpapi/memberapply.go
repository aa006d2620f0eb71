package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// A member applies by the same forms as everybody: what is known is filled in,
// the address is the member's own whatever is typed, and the event's id is noted
// beforehand, so that what becomes of it is the member's.

// columnAddress is the column by which a lead is known to be the member's.
const columnAddress = "emailaddress1"

func (p *MemberPages) offers(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	var list []memberarea.Offer
	if p.Forms != nil {
		for _, f := range p.Forms.Offered() {
			list = append(list, memberarea.Offer{Name: f.Name, Title: f.Title, Intro: f.Intro, Language: f.Language})
		}
	}
	page, err := p.Area.Apply(r.Context(), v.Visit, list)
	return p.shown(w, page, err)
}

// offered gives a form that members are offered.
func (p *MemberPages) offered(r *http.Request) (portal.Form, error) {
	if p.Forms == nil {
		return portal.Form{}, memberarea.ErrNone
	}
	f, err := p.Forms.Form(r.PathValue("form"))
	if err != nil || !f.Members || f.IsClosed() {
		return portal.Form{}, memberarea.ErrNone
	}
	return f, nil
}

func (p *MemberPages) form(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	f, err := p.offered(r)
	if err != nil {
		return err
	}
	path := memberarea.FormPath(f.Name)
	if !memberarea.ActionToken(v.CSRF, path, r.URL.Query().Get(memberarea.InputToken)) {
		http.Redirect(w, r, memberarea.FormAddress(v.CSRF, f.Name), http.StatusSeeOther) // its page posts to where it came from
		return nil
	}
	known, err := p.Area.Known(r.Context(), v.Visit)
	if err != nil {
		return err
	}
	known[columnAddress] = v.Member.Email
	view := portal.View{Token: p.Forms.NewToken(f.Name), Country: acceptedCountry(r), Values: map[string]string{}}
	for _, field := range f.Fields {
		if text, ok := known[field.Column]; ok && field.Type != portal.TypeHidden {
			view.Values[field.Name] = text
		}
	}
	return p.showForm(w, &f, view, http.StatusOK)
}

// showForm gives a form's page a challenge, where it wants one, and sends it.
func (p *MemberPages) showForm(w http.ResponseWriter, f *portal.Form, view portal.View, status int) error {
	if p.Forms.WantsProof(f) {
		c := p.Forms.NewChallenge(f.Name)
		view.Proof = &c
	}
	page, err := f.Show(view)
	return p.ownPage(w, status, page, err)
}

// ownPage sends a form's page, which no other site may show inside its own here.
func (p *MemberPages) ownPage(w http.ResponseWriter, status int, page portal.Page, err error) error {
	if err != nil {
		return err
	}
	policy, _, _ := strings.Cut(page.Policy, "; frame-ancestors")
	p.write(w, memberarea.Page{Status: status, HTML: page.HTML, Policy: policy + "; frame-ancestors 'none'"})
	return nil
}

func (p *MemberPages) submit(w http.ResponseWriter, r *http.Request, v memberVisit) error {
	f, err := p.offered(r)
	if err != nil {
		return err
	}
	api := &PortalAPI{Service: p.Forms, Proxies: p.Proxies}
	sub, _, err := api.readSubmission(w, r, &f)
	if err != nil {
		return err
	}
	delete(sub.Values, memberarea.InputToken)
	for _, field := range f.Fields {
		if field.Column == columnAddress {
			sub.Values[field.Name] = v.Member.Email
		}
	}
	if sub.Tool != "" { // a calculator of the form is asked; nothing is sent
		answer, err := p.Forms.Use(r.Context(), f, sub.Tool, sub.Values, sub.Visit)
		if err != nil {
			return p.complain(w, r, &f, sub, err)
		}
		view := typed(r, sub)
		view.Answer = &answer
		return p.showForm(w, &f, view, http.StatusOK)
	}
	if sub.Key, err = submissionKey(v.Member.ID, sub); err != nil {
		return err
	}
	if err := p.Expect(r.Context(), portal.KeyedID(f.Name, sub.Key), v.Member.ID); err != nil {
		return err
	}
	if _, err := p.Forms.Submit(r.Context(), f, sub); err != nil {
		return p.complain(w, r, &f, sub, err)
	}
	http.Redirect(w, r, memberHome+"?note=applied", http.StatusSeeOther)
	return nil
}

// submissionKey makes the second click on "send" the same submission as the
// first, as the portal does, and nobody else's.
func submissionKey(member id.ID, sub portal.Submission) (string, error) {
	text, err := json.Marshal(sub.Values) // in the order of names
	if err != nil {
		return "", errs.Wrap(err, errs.Invalid, "memberarea.form", "the form can't be read")
	}
	sum := sha256.Sum256([]byte(member.String() + "\x00" + sub.Token + "\x00" + string(text)))
	return hex.EncodeToString(sum[:]), nil
}

// complain shows the form again with what was typed and what is to be done.
func (p *MemberPages) complain(w http.ResponseWriter, r *http.Request, f *portal.Form, sub portal.Submission, err error) error {
	e := publicError(err)
	view := typed(r, sub)
	view.Faults = e.Fields
	if len(e.Fields) == 0 {
		view.Notice = f.Trouble(e)
	}
	setRetryAfter(w, e)
	return p.showForm(w, f, view, portalStatus(e))
}
