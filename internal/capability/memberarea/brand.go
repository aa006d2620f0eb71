package memberarea

import (
	"context"
	"html/template"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/kit/colour"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Brand is how the organisation shows itself to visitors and members.
type Brand struct {
	Name string
	Zone *time.Location // of the times on pages and in letters; nil: UTC

	style template.CSS // its colours
	logo  template.URL // its picture as data
}

// tableOrganization holds one row with the settings of the organisation.
const tableOrganization = "organization"

// The columns of the organisation that make its brand.
const (
	colPortalName   = "rpt_portalname"
	colPortalLogo   = "rpt_portallogo"
	colPortalAccent = "rpt_portalaccent"
	colZone         = "rpt_timezone"
)

// unbranded is the name while the organisation has none.
const unbranded = "Rapport"

// LoadBrand reads the brand. picture gives the small form of a picture as base64,
// which is a PNG.
func LoadBrand(ctx context.Context, from record.Reader, picture func(ctx context.Context, file id.ID) (string, error)) (Brand, error) {
	page, err := from.Find(ctx, query.Query{Table: tableOrganization, Select: []string{"name", colPortalName, colPortalLogo, colPortalAccent, colZone}, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return Brand{Name: unbranded}, err
	}
	row := page.Rows[0]
	b := Brand{Name: strings.TrimSpace(row.Text(colPortalName)), Zone: zoneOf(row.Text(colZone))}
	if b.Name == "" {
		b.Name = strings.TrimSpace(row.Text("name"))
	}
	if b.Name == "" {
		b.Name = unbranded
	}
	if accent := row.Text(colPortalAccent); colour.Plain(accent) {
		b.style = template.CSS(colour.Accents(accent))
	}
	if file := row.ID(colPortalLogo); file != id.Nil {
		text, err := picture(ctx, file)
		if err != nil {
			return b, err
		}
		if text != "" {
			b.logo = template.URL("data:image/png;base64," + text)
		}
	}
	return b, nil
}

// zoneOf finds a time zone by its name; nil where there is none.
func zoneOf(name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// CheckBrand is the hook that refuses colours and time zones that could not be used.
func CheckBrand() record.Hook {
	check := func(_ context.Context, _ *record.Tx, change record.Row) error {
		var wrong []errs.Field
		if accent := change.Text(colPortalAccent); accent != "" && !colour.Plain(accent) {
			wrong = append(wrong, errs.Field{Name: colPortalAccent, Code: "memberarea.accent", Message: "a colour is written as #rrggbb, such as #0f5f73"})
		}
		if name := change.Text(colZone); name != "" && zoneOf(name) == nil {
			wrong = append(wrong, zoneField)
		}
		if len(wrong) > 0 {
			return errs.InvalidFields("memberarea.brand", wrong[0].Message, wrong)
		}
		return nil
	}
	return record.Hook{Table: tableOrganization, BeforeCreate: check, BeforeUpdate: func(ctx context.Context, tx *record.Tx, _, change record.Row) error { return check(ctx, tx, change) }}
}

var zoneField = errs.Field{Name: colZone, Code: "memberarea.zone", Message: "there is no such time zone: an IANA name is expected, such as Europe/Berlin"}

// CheckZone is the hook that refuses contacts a time zone that there is not.
func CheckZone() record.Hook {
	check := func(change record.Row) error {
		if name := change.Text(colZone); name != "" && zoneOf(name) == nil {
			return errs.InvalidFields("memberarea.zone", zoneField.Message, []errs.Field{zoneField})
		}
		return nil
	}
	return record.Hook{Table: "contact",
		BeforeCreate: func(_ context.Context, _ *record.Tx, row record.Row) error { return check(row) },
		BeforeUpdate: func(_ context.Context, _ *record.Tx, _, change record.Row) error { return check(change) },
	}
}

// Locale is how a reader reads: language and time zone.
type Locale struct {
	Lang string         // "en" or "de"
	Zone *time.Location // nil: UTC, which is then said beside each time

	Currency string // ISO code of the currency of amounts; "" leaves it out
}

// Moment gives a day with the time of day.
func (l Locale) Moment(at time.Time) string {
	if l.Zone == nil {
		return date(at.UTC(), l.Lang) + ", " + at.UTC().Format("15:04") + " UTC"
	}
	at = at.In(l.Zone)
	return date(at, l.Lang) + ", " + at.Format("15:04")
}

// Day gives the day on which a moment falls.
func (l Locale) Day(at time.Time) string {
	if l.Zone == nil {
		return date(at.UTC(), l.Lang)
	}
	return date(at.In(l.Zone), l.Lang)
}
