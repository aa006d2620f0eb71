package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/solution"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

const (
	adminName    = "admin"
	adminRole    = "System Administrator"
	markerSample = "sample"
	markerCore   = "core"
)

// seed makes what every organisation needs, and at the first start the sample.
// It is done again at each start, and makes nothing twice: a new version's new
// roles, rules and flows come in this way.
func (c *core) seed(ctx context.Context) error {
	ctx = access.AsSystem(ctx, "seed")
	first, err := c.unmarked(ctx, markerCore)
	if err != nil {
		return err
	}
	if first {
		c.app.c.Announce("First start: making the organisation ...")
	}
	if err := c.seedPeople(ctx); err != nil {
		return err
	}
	if err := c.apply(ctx, "core"); err != nil {
		return err
	}
	if err := c.seedAdmin(ctx); err != nil {
		return err
	}
	if err := c.seedIntake(ctx); err != nil {
		return err
	}
	if err := c.seedProcesses(ctx); err != nil {
		return err
	}
	if c.app.c.Sample {
		if err := c.seedSample(ctx); err != nil {
			return err
		}
	}
	if err := c.users.Refresh(ctx); err != nil {
		return err
	}
	return c.mark(ctx, markerCore)
}

// seedPeople makes the top business unit and the user in whose name the platform writes.
func (c *core) seedPeople(ctx context.Context) error {
	root := solution.RowID("core", "businessunit", "root")
	code, symbol := baseCurrency(c.app.c.Country)
	own, err := c.sampleOrganization()
	if err != nil {
		return err
	}
	return c.store.Write(ctx, func(tx *record.Tx) error {
		for _, r := range []struct {
			table string
			row   record.Row
		}{
			{"businessunit", record.Row{"businessunitid": root, "name": "Head Office"}},
			{"organization", own},
			{"transactioncurrency", record.Row{"transactioncurrencyid": record.BaseCurrency, "currencyname": code, "isocurrencycode": code, "currencysymbol": symbol, "exchangerate": int64(1)}},
			{"systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": root}},
			{"systemuser", record.Row{"systemuserid": solution.RowID("core", "systemuser", adminName), "firstname": "Administrator", "domainname": adminName, "businessunitid": root}},
		} {
			if err := solution.Ensure(ctx, tx, c.access.Catalog(), r.table, r.row); err != nil {
				return err
			}
		}
		if !c.app.c.Sample {
			return nil
		}
		// One that had the sample before it had a name for its public pages gets that name.
		t, ok := c.access.Catalog().Table("organization")
		if !ok {
			return nil
		}
		return solution.Follow(ctx, tx, t, own)
	})
}

// sampleOrganization gives the row of the organisation; with the sample it bears
// the name and colours that stand in the bundle.
func (c *core) sampleOrganization() (record.Row, error) {
	own := record.Row{"organizationid": solution.RowID("core", "organization", "own"), "name": "Rapport", "rpt_memberregistration": c.app.c.Sample}
	if !c.app.c.Sample {
		return own, nil
	}
	text, err := fs.ReadFile(c.app.c.Solutions, sampleBundle+"/organization.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	if err != nil {
		return nil, err
	}
	var brand map[string]any
	if err := yaml.Unmarshal(text, &brand); err != nil {
		return nil, errs.Wrap(err, errs.Internal, "app.sample", "organization.yaml of the sample can't be read")
	}
	maps.Copy(own, brand)
	return own, nil
}

// baseCurrency gives code and symbol of the currency of a country.
func baseCurrency(country string) (code, symbol string) {
	unit := currency.USD
	if region, err := language.ParseRegion(country); err == nil {
		if u, ok := currency.FromRegion(region); ok {
			unit = u
		}
	}
	return unit.String(), fmt.Sprint(currency.NarrowSymbol(unit))
}

// seedAdmin gives the administrator its role and, once, a password.
func (c *core) seedAdmin(ctx context.Context) error {
	admin := solution.RowID("core", "systemuser", adminName)
	err := c.store.Write(ctx, func(tx *record.Tx) error {
		return solution.Ensure(ctx, tx, c.access.Catalog(), "systemuserroles", record.Row{"systemuserrolesid": solution.RowID("core", "systemuserroles", adminName),
			"systemuserid": admin, "roleid": solution.RoleID(adminRole)})
	})
	if err != nil {
		return err
	}
	has, err := c.auth.HasOwnPassword(ctx, admin) // by whatever name: it may have been changed
	if err != nil || has {
		return err
	}
	password := c.app.c.AdminPassword
	if password == "" {
		password = auth.RandomPassword()
		c.app.password = password
	}
	return c.auth.SetPassword(ctx, admin, adminName, password)
}

// seedIntake puts the shipped rules and flows in as records, which people may then change.
func (c *core) seedIntake(ctx context.Context) error {
	rules, err := intake.ShippedRules()
	if err != nil {
		return err
	}
	flows, err := intake.ShippedFlows()
	if err != nil {
		return err
	}
	return c.store.Write(ctx, func(tx *record.Tx) error {
		for _, r := range rules {
			row, err := intake.RowOf(r)
			if err != nil {
				return err
			}
			delete(row, "rpt_version")
			if err := solution.Ensure(ctx, tx, c.access.Catalog(), "rpt_rule", row); err != nil {
				return err
			}
		}
		for name, text := range flows {
			doc, err := flow.ParseDocument(text)
			if err != nil {
				return err
			}
			if err := solution.Ensure(ctx, tx, c.access.Catalog(), "workflow", record.Row{"workflowid": id.Derive("workflow", name), "name": doc.Title,
				"uniquename": name, "description": doc.Description, "clientdata": string(text), "statecode": int64(1), "rpt_solution": workflow.System}); err != nil {
				return err
			}
		}
		return nil
	})
}

// solutions brings bundles in and out.
func (c *core) solutions() *solution.Manager {
	return &solution.Manager{Store: c.store, Customs: c.customs, Kinds: definitionKinds(c.checker), Clock: c.app.c.Clock}
}

func (c *core) apply(ctx context.Context, name string) error {
	files, err := fs.Sub(c.app.c.Solutions, name)
	if err != nil {
		return err
	}
	if _, err := fs.Stat(files, solution.ManifestFile); err == nil {
		m := c.solutions()
		m.Progress = func(what string) { c.app.c.Announce("  " + what) }
		_, err := m.Import(ctx, files, customise.How{})
		return err
	}
	a := &solution.Applier{Store: c.store, Catalog: c.access.Catalog}
	if name != "core" {
		a.Progress = func(what string) { c.app.c.Announce("  " + what) }
	}
	return a.Apply(ctx, solution.Bundle{Name: name, Files: files})
}

// seedSample puts the sample lender in: people, queues, campaigns and customers
// as records, leads as events that take the way of every lead.
func (c *core) seedSample(ctx context.Context) error {
	fresh, err := c.unmarked(ctx, markerSample)
	if err != nil || !fresh {
		return err
	}
	c.app.c.Announce("Putting the sample lender in:")
	if err := c.apply(ctx, sampleBundle); err != nil {
		return err
	}
	if err := c.samplePasswords(ctx); err != nil {
		return err
	}
	text, err := fs.ReadFile(c.app.c.Solutions, sampleBundle+"/events/leads.json")
	if err != nil {
		return err
	}
	var events []cloudevents.Event
	if err := json.Unmarshal(text, &events); err != nil {
		return errs.Wrap(err, errs.Internal, "app.sample", "the sample events can't be read")
	}
	c.app.c.Announce(fmt.Sprintf("  %d events on their way through the intake", len(events)))
	if err := c.app.front.stream.Publish(ctx, intake.Topic, events...); err != nil {
		return err
	}
	return c.mark(ctx, markerSample)
}

// samplePasswords lets the sample's people sign in with the administrator's password.
func (c *core) samplePasswords(ctx context.Context) error {
	password := c.app.c.AdminPassword
	if password == "" {
		password = c.app.password
	}
	if password == "" {
		return nil // the administrator has one already that we don't know
	}
	for _, key := range []string{"maria.lindgren", "jonas.weber", "henrik.sato", "lena.moreau", "samir.haddad"} {
		user, err := c.store.GetByKey(ctx, "systemuser", map[string]any{"domainname": key}, []string{"systemuserid"}, nil)
		if err != nil {
			return err
		}
		if err := c.auth.SetPassword(ctx, user.ID("systemuserid"), key, password); err != nil {
			return err
		}
	}
	return nil
}

func (c *core) unmarked(ctx context.Context, name string) (bool, error) {
	var v string
	found, err := c.db.QueryRow(ctx, "SELECT value FROM setting WHERE name = "+c.db.Dialect().Placeholder(1), []any{"seeded " + name}, &v)
	return !found, err
}

func (c *core) mark(ctx context.Context, name string) error {
	p := c.db.Dialect().Placeholder
	return c.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec("INSERT INTO setting (name, value) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (name) DO NOTHING", "seeded "+name, c.app.c.Clock.Now().Format(time.RFC3339))
		return err
	})
}
