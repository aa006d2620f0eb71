package memberarea

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/consent"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Records is what the area reads and writes; *record.Store is one.
type Records interface {
	record.Reader
	Names(ctx context.Context, table string, ids []id.ID) (map[id.ID]string, error)
	Write(ctx context.Context, fn func(*record.Tx) error) error
}

// History gives what changed of a record, newest first; *changelog.Log is one.
type History interface {
	History(ctx context.Context, table string, record id.ID, before int64, limit int) ([]changelog.Change, error)
}

// Options are what an Area is made of.
type Options struct {
	Records   Records
	Catalog   func() *metadata.Catalog
	Views     func() []View       // in force
	Processes func() *process.Set // in force
	History   History
	Consents  *consent.Keeper // nil keeps none
	Brand     func() Brand    // in force
	// Hidden tells which columns the principal may not read; *access.Control does.
	Hidden func(ctx context.Context) func(table, column string) bool
	Clock  clock.Clock
	Logger *slog.Logger
}

// Area makes the pages of members.
type Area struct {
	o        Options
	sections []Section
	shell    *shell
}

// New makes an area.
func New(o Options) (*Area, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	a := &Area{o: o}
	if a.o.Brand == nil {
		a.o.Brand = func() Brand { return Brand{Name: unbranded} }
	}
	var err error
	a.shell, err = newShell()
	return a, err
}

// Add puts sections on the pages of records, in this order. It is called while
// the product is put together.
func (a *Area) Add(list ...Section) { a.sections = append(a.sections, list...) }

// all lists the sections: those that were added, and the messages last.
func (a *Area) all() []Section { return append(slices.Clip(a.sections), conversation{a}) }

// section finds a section by name.
func (a *Area) section(name string) (Section, bool) {
	all := a.all()
	i := slices.IndexFunc(all, func(s Section) bool { return s.Name() == name })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// ErrNone is the one answer to what is not there and to what is another's.
var ErrNone error = errs.New(errs.NotFound, "memberarea.none", "this page is not there, or it is not yours to see")

// view gives the view of a table.
func (a *Area) view(table string) (View, *metadata.Table, error) {
	views := a.o.Views()
	i := slices.IndexFunc(views, func(v View) bool { return v.Table == table })
	if i < 0 {
		return View{}, nil, ErrNone
	}
	t, ok := a.o.Catalog().Table(table)
	if !ok {
		return View{}, nil, ErrNone
	}
	return views[i], t, nil
}

// Person reads who a member is, and the language and the time zone that it has chosen.
func (a *Area) Person(ctx context.Context, contact id.ID) (m Member, language int64, zone string, err error) {
	row, err := a.o.Records.Get(access.AsSystem(ctx, "a member's own name"), "contact", contact, []string{"fullname", "emailaddress1", "mspp_userpreferredlcid", colZone}, nil)
	if err != nil {
		return Member{}, 0, "", err
	}
	name := strings.TrimSpace(row.Text("fullname"))
	if name == "" {
		name = row.Text("emailaddress1")
	}
	return Member{ID: contact, Name: name, Email: row.Text("emailaddress1")}, row.Int("mspp_userpreferredlcid"), row.Text(colZone), nil
}

// Zone gives the time zone in which a member's times are told: its own choice,
// else the organisation's; nil where neither has chosen.
func (a *Area) Zone(chosen string) *time.Location {
	if zone := zoneOf(chosen); zone != nil {
		return zone
	}
	return a.o.Brand().Zone
}

// Registering tells whether visitors may make accounts for themselves.
func (a *Area) Registering(ctx context.Context) bool {
	page, err := a.o.Records.Find(access.AsSystem(ctx, "whether visitors may register"), query.Query{Table: "organization", Select: []string{"rpt_memberregistration"}, Limit: 1})
	return err == nil && len(page.Rows) == 1 && page.Rows[0]["rpt_memberregistration"] == true
}

// currencyOf gives the code of the currency in which a record's amounts are: its own,
// or the organisation's. A member who may see an amount may know what it is in.
func (a *Area) currencyOf(ctx context.Context, t *metadata.Table, key id.ID) (string, error) {
	system := access.AsSystem(ctx, "the currency of a member's amounts")
	code := record.BaseCurrency
	if _, has := t.Column("transactioncurrencyid"); has {
		row, err := a.o.Records.Get(system, t.Name, key, []string{"transactioncurrencyid"}, nil)
		if err != nil {
			return "", err
		}
		if own := row.ID("transactioncurrencyid"); own != id.Nil {
			code = own
		}
	}
	found, err := a.o.Records.Get(system, metadata.CurrencyTable, code, []string{"isocurrencycode"}, nil)
	if errs.Has(err, errs.NotFound) {
		return "", nil
	}
	return found.Text("isocurrencycode"), err
}
