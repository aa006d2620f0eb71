package memberarea

import (
	"context"
	"strings"

	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// profileField is a column of the member's contact that the member changes.
type profileField struct {
	Name, Label, Type, Complete string
	Most                        int
	Value                       string
	Wide                        bool
}

// profileFields are offered as far as the member's web roles let them be read.
var profileFields = []profileField{
	{Name: "firstname", Label: "reg.first", Complete: "given-name", Most: 50},
	{Name: "lastname", Label: "reg.last", Complete: "family-name", Most: 50},
	{Name: "mobilephone", Label: "profile.mobile", Type: "tel", Complete: "tel", Most: 50},
	{Name: "telephone1", Label: "profile.phone", Type: "tel", Complete: "tel", Most: 50},
	{Name: "address1_line1", Label: "profile.street", Complete: "address-line1", Most: 250, Wide: true},
	{Name: "address1_postalcode", Label: "profile.postal", Complete: "postal-code", Most: 20},
	{Name: "address1_city", Label: "profile.city", Complete: "address-level2", Most: 80},
	{Name: "address1_country", Label: "profile.country", Complete: "country-name", Most: 80},
}

const colLanguage = "mspp_userpreferredlcid"

// choice is one consent on the page.
type choice struct {
	Name, Label string // of the input
	Given       bool
	Past        []string
}

type purposeView struct {
	Title   string
	Choices []choice
}

// Profile is the page of the member's own details and consents. asked tells whether
// the password is asked for when the address is to change.
func (a *Area) Profile(ctx context.Context, v Visit, status int, asked bool) (Page, error) {
	row, err := a.o.Records.Get(ctx, "contact", v.Member.ID, nil, nil)
	if err != nil {
		return Page{}, err
	}
	body := struct {
		Email    string
		Fields   []profileField
		Language string
		Zone     string
		Zones    []string
		Purposes []purposeView
		Asked    bool // for the password, to change the address
	}{Email: v.Member.Email, Language: Language(row.Int(colLanguage), ""), Asked: asked}
	if row.Int(colLanguage) == 0 {
		body.Language = v.Lang
	}
	hidden := a.o.Hidden(ctx)
	if !hidden("contact", colZone) {
		body.Zone, body.Zones = row.Text(colZone), zonesWith(row.Text(colZone))
	}
	for _, f := range profileFields {
		if hidden("contact", f.Name) {
			continue
		}
		f.Label, f.Value = say(v.Lang, f.Label), row.Text(f.Name)
		if typed, ok := v.Values[f.Name]; ok {
			f.Value = typed
		}
		if f.Type == "" {
			f.Type = "text"
		}
		body.Fields = append(body.Fields, f)
	}
	if body.Purposes, err = a.consents(ctx, v); err != nil {
		return Page{}, err
	}
	p := pageOf("profile", say(v.Lang, "profile.title"), "profile", body, v)
	p.status = status
	return a.render(ctx, v, p)
}

func (a *Area) consents(ctx context.Context, v Visit) (out []purposeView, err error) {
	if a.o.Consents == nil {
		return nil, nil
	}
	purposes, err := a.o.Consents.Purposes(ctx)
	if err != nil {
		return nil, err
	}
	given, err := a.o.Consents.Of(ctx, v.Member.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range purposes {
		view := purposeView{Title: p.Label.In(v.Lang)}
		for _, channel := range consent.Channels {
			c := choice{Name: choiceName(p.ID, channel), Label: say(v.Lang, channelWords[channel])}
			for _, g := range given {
				if g.Purpose != p.ID || g.Channel != channel {
					continue
				}
				c.Given = g.Given
				for _, turn := range g.Past {
					key := "consent.no"
					if turn.Given {
						key = "consent.yes"
					}
					c.Past = append(c.Past, say(v.Lang, key, v.Moment(turn.At)))
				}
			}
			view.Choices = append(view.Choices, c)
		}
		out = append(out, view)
	}
	return out, nil
}

var channelWords = map[consent.Channel]string{consent.Email: "consent.email", consent.Text: "consent.text"}

func choiceName(purpose id.ID, channel consent.Channel) string {
	return "c_" + purpose.String() + "_" + channelWords[channel][len("consent."):]
}

var errProfileName error = errs.New(errs.Invalid, "memberarea.name", "a name is needed")

// SaveProfile changes the member's own details, by the member's rights.
func (a *Area) SaveProfile(ctx context.Context, v Visit, form map[string]string) error {
	change := record.Row{}
	hidden := a.o.Hidden(ctx)
	for _, f := range profileFields {
		text, sent := form[f.Name]
		if !sent || hidden("contact", f.Name) {
			continue
		}
		if text = strings.TrimSpace(text); text == "" {
			change[f.Name] = nil
			continue
		}
		change[f.Name] = text
	}
	if name, sent := change["lastname"]; sent && name == nil {
		return errProfileName
	}
	if !hidden("contact", colLanguage) {
		switch form["language"] {
		case "en", "de":
			change[colLanguage] = LanguageCode(form["language"])
		}
	}
	if zone, sent := form["zone"]; sent && !hidden("contact", colZone) {
		change[colZone] = nil
		if zone != "" {
			change[colZone] = zone
		}
	}
	if len(change) == 0 {
		return nil
	}
	return a.o.Records.Write(ctx, func(tx *record.Tx) error {
		_, err := tx.Update(ctx, "contact", v.Member.ID, change, record.Match{MustExist: true})
		return err
	})
}

// SaveConsents notes what the member agrees to: what is not ticked is not agreed to.
func (a *Area) SaveConsents(ctx context.Context, v Visit, form map[string]string) error {
	if a.o.Consents == nil {
		return ErrNone
	}
	purposes, err := a.o.Consents.Purposes(ctx)
	if err != nil {
		return err
	}
	return a.o.Records.Write(ctx, func(tx *record.Tx) error {
		for _, p := range purposes {
			for _, channel := range consent.Channels {
				if err := a.o.Consents.Set(ctx, tx, v.Member.ID, p.ID, channel, form[choiceName(p.ID, channel)] != "", "members' area"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
