package memberarea

import (
	"context"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Binder writes records in a running transaction; *record.Store does.
type Binder interface {
	Bind(tx *sqldb.Tx) *record.Tx
}

// Admission takes in those who have shown an address; it is package auth's port.
// The contact belongs to the platform until somebody of the staff takes it. Its
// rights are those of the web roles that hold for all members.
type Admission struct {
	Store   Binder
	Views   func() []View
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Members func(team id.ID) []id.ID // users of a team
}

var _ auth.Admission = (*Admission)(nil)

// origin says in the change log by which way members come in.
const origin = "portal registration"

func asPortal(ctx context.Context, reason string) context.Context {
	return changelog.WithOrigin(access.AsSystem(ctx, reason), origin)
}

// Join makes the contact of a new member.
func (a *Admission) Join(ctx context.Context, tx *sqldb.Tx, j auth.Joining) (id.ID, error) {
	ctx = asPortal(ctx, "a visitor has registered")
	row := record.Row{"firstname": j.FirstName, "lastname": j.LastName, "emailaddress1": j.Email}
	if j.Language == lcidEnglish || j.Language == lcidGerman {
		row["mspp_userpreferredlcid"] = j.Language
	}
	bound := a.Store.Bind(tx)
	made, err := bound.Create(ctx, "contact", row)
	if err != nil {
		return id.Nil, err
	}
	contact := made.ID("contactid")
	// What was agreed to stays with the contact, in the words that were shown.
	_, err = bound.Create(ctx, "annotation", record.Row{"subject": "Agreed when registering at the portal", "notetext": say(Language(j.Language, ""), "reg.consent"), "objectid": contact, metadata.TypeColumn("objectid"): "contact"})
	return contact, err
}

// Move gives a contact the address that it has shown. With the old address go its
// sessions and its password.
func (a *Admission) Move(ctx context.Context, tx *sqldb.Tx, contact id.ID, email string) error {
	ctx = asPortal(ctx, "a member has shown a new address")
	_, err := a.Store.Bind(tx).Update(ctx, "contact", contact, record.Row{"emailaddress1": email}, record.Match{MustExist: true})
	return err
}

// severalMost is how many contacts of one address are told of.
const severalMost = 20

// Several leaves a note on each of the contacts and tells their owners.
func (a *Admission) Several(ctx context.Context, tx *sqldb.Tx, address string) error {
	ctx = asPortal(ctx, "an address that several contacts have")
	bound := a.Store.Bind(tx)
	page, err := bound.Find(ctx, query.Query{Table: "contact", Select: []string{"contactid", "ownerid", "owneridtype"}, Limit: severalMost,
		Where: query.And{query.Compare{Left: query.Path{"emailaddress1"}, Value: address}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil {
		return err
	}
	told := map[id.ID]bool{access.SystemUser: true}
	for _, row := range page.Rows {
		note := record.Row{"subject": "Several contacts have this e-mail address", "notetext": "The owner of the address " + address + " could not sign in at the portal: several active contacts have it. Merge them, or correct the address of the wrong ones.",
			"objectid": row.ID("contactid"), metadata.TypeColumn("objectid"): "contact", "ownerid": row["ownerid"], "owneridtype": row["owneridtype"]}
		if _, err := bound.Create(ctx, "annotation", note); err != nil {
			return err
		}
		people := []id.ID{row.ID("ownerid")}
		if row.Text("owneridtype") == "team" {
			people = a.Members(row.ID("ownerid"))
		}
		for _, who := range people {
			if told[who] {
				continue
			}
			told[who] = true
			in := notify.Input{Title: "Several contacts have the address " + cut(address, 100), Body: "Its owner could not sign in at the portal. Merge the contacts, or correct the wrong ones.", RegardingID: row.ID("contactid"), RegardingType: "contact", Kind: KindMessage}
			if _, err := notify.Send(ctx, bound, who, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimMost is how many records one proof of an address brings.
const claimMost = 100

// Proven gives the member the records that came with the address that has just
// been shown, where a view says so: those that meet its condition and belong to
// nobody yet. It is never done on anything less than the proof, as anybody can
// type any address.
func (a *Admission) Proven(ctx context.Context, tx *sqldb.Tx, contact id.ID, address string) error {
	ctx = asPortal(ctx, "the proof of an address")
	bound := a.Store.Bind(tx)
	for _, v := range a.Views() {
		if v.Claim == nil {
			continue
		}
		t, ok := a.Catalog().Table(v.Table)
		if !ok {
			continue
		}
		where := query.And{query.Compare{Left: query.Path{v.Claim.Address}, Value: address}}
		for _, name := range v.Member {
			where = append(where, query.Null{Left: query.Path{name}})
		}
		if v.Claim.where != nil {
			where = append(where, v.Claim.where)
		}
		page, err := bound.Find(ctx, query.Query{Table: v.Table, Select: []string{t.ID, v.Claim.Address}, Where: where, Limit: claimMost})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if query.Fold(row.Text(v.Claim.Address)) != query.Fold(address) {
				continue
			}
			if _, err := bound.Update(ctx, v.Table, row.ID(t.ID), v.belongsTo(t, contact), record.Match{}); err != nil && !errors.Is(err, record.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// belongsTo is the change that makes a row a member's.
func (v *View) belongsTo(t *metadata.Table, contact id.ID) record.Row {
	change := record.Row{v.Member[0]: contact}
	if c, ok := t.Column(v.Member[0]); ok && c.Polymorphic() {
		change[metadata.TypeColumn(v.Member[0])] = "contact"
	}
	return change
}
