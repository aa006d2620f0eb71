package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/edge/app"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// depths are the kinds of user that are measured; a user's kind follows from
// its number.
var depths = []access.Depth{access.Basic, access.Local, access.Deep, access.Global}

type organisation struct {
	s       settings
	db      *sqldb.DB
	catalog *metadata.Catalog
	store   *record.Store
	log     *changelog.Log
	snap    atomic.Pointer[access.Snapshot]

	units, users, leads []id.ID
	built               time.Duration
}

// build puts the organisation in by the record store, as an import does.
func (o *organisation) build(ctx context.Context) (err error) {
	began := time.Now()
	if o.catalog, err = app.Catalog(); err != nil {
		return err
	}
	if err := schema.Apply(ctx, o.db, o.catalog); err != nil {
		return err
	}
	control := &access.Control{Current: o.snap.Load, Catalog: func() *metadata.Catalog { return o.catalog }}
	o.log = changelog.New(o.db)
	o.store = record.New(record.Options{DB: o.db, Catalog: control.Catalog, Access: control, Log: o.log, Clock: clock.System{}})
	if err := o.reload(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{o.people, o.rows, o.shared, o.analyse}
	if there, err := o.found(ctx); err != nil {
		return err
	} else if there {
		steps = nil
	}
	for _, step := range steps {
		if err := o.reload(ctx); err != nil {
			return err
		}
		if err := step(access.AsSystem(ctx, "bench")); err != nil {
			return err
		}
	}
	o.built = time.Since(began)
	return o.reload(ctx)
}

// found takes an organisation over that an earlier run has put in.
func (o *organisation) found(ctx context.Context) (bool, error) {
	page, err := o.store.Find(access.AsSystem(ctx, "bench"), query.Query{Table: "systemuser", Select: []string{"systemuserid", "domainname"}, Limit: record.MaxPage})
	if err != nil {
		return false, err
	}
	o.users = make([]id.ID, o.s.users)
	n := 0
	for _, row := range page.Rows {
		var i int
		if _, err := fmt.Sscanf(row.Text("domainname"), "user%d", &i); err == nil && i < len(o.users) {
			o.users[i] = row.ID("systemuserid")
			n++
		}
	}
	if n == 0 {
		o.users = nil
		return false, nil
	}
	if n < o.s.users {
		return false, fmt.Errorf("the database that is there holds %d users, and not %d", n, o.s.users)
	}
	return true, nil
}

func (o *organisation) known() *metadata.Catalog { return o.catalog }

func (o *organisation) reload(ctx context.Context) error {
	s, err := access.Load(ctx, o.db)
	o.snap.Store(s)
	return err
}

// people makes a tree of units that is three levels deep, a role for each depth,
// and the users, each of one kind in one unit.
func (o *organisation) people(ctx context.Context) error {
	return o.store.Write(ctx, func(tx *record.Tx) error {
		for i := range o.s.units {
			row := record.Row{"name": fmt.Sprintf("unit %d", i)}
			if i > 0 {
				row["parentbusinessunitid"] = o.units[(i-1)/5]
			}
			made, err := tx.Create(ctx, "businessunit", row)
			if err != nil {
				return err
			}
			o.units = append(o.units, made.ID("businessunitid"))
		}
		if _, err := tx.Create(ctx, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": o.units[0]}); err != nil {
			return err
		}
		var roles []id.ID
		for _, d := range depths {
			role, err := tx.Create(ctx, "role", record.Row{"name": d.String()})
			if err != nil {
				return err
			}
			roles = append(roles, role.ID("roleid"))
			if _, err := tx.Create(ctx, "roleprivileges", record.Row{"roleid": role.ID("roleid"), "rpt_table": "lead", "accessright": int64(access.Read), "privilegedepthmask": int64(d)}); err != nil {
				return err
			}
		}
		for i := range o.s.users {
			user, err := tx.Create(ctx, "systemuser", record.Row{"fullname": fmt.Sprintf("User %d", i), "domainname": fmt.Sprintf("user%d", i), "businessunitid": o.units[(i/len(depths))%o.s.units]})
			if err != nil {
				return err
			}
			o.users = append(o.users, user.ID("systemuserid"))
			if _, err := tx.Create(ctx, "systemuserroles", record.Row{"systemuserid": o.users[i], "roleid": roles[i%len(roles)]}); err != nil {
				return err
			}
		}
		return nil
	})
}

var firstNames = []string{"Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ida", "Jan", "Kim", "Lea", "Max", "Nora", "Otto", "Pia"}
var lastNames = []string{"Albers", "Brandt", "Clausen", "Dietz", "Ebert", "Fuchs", "Gerber", "Hoffmann", "Jansen", "Krause", "Lorenz", "Maurer", "Neumann", "Oster", "Peters", "Quandt", "Richter", "Sommer", "Thiel", "Ulrich", "Vogel", "Winter", "Zander"}

const batch = 2000

func (o *organisation) rows(ctx context.Context) error {
	for from := 0; from < o.s.leads; from += batch {
		list := make([]record.Row, min(batch, o.s.leads-from))
		for i := range list {
			n := from + i
			first, last := firstNames[n*7%len(firstNames)], fmt.Sprintf("%s %d", lastNames[n*13%len(lastNames)], n%9973)
			list[i] = record.Row{"firstname": first, "lastname": last, "fullname": first + " " + last, "companyname": fmt.Sprintf("Firm %d", n%4999), "emailaddress1": fmt.Sprintf("lead%d@firm%d.example", n, n%4999),
				"address1_city": fmt.Sprintf("City %d", n%300), "msdyn_leadscore": int64(n*31%100 + 1), "ownerid": o.users[n*2654435761%len(o.users)], "owneridtype": "systemuser"}
		}
		err := o.store.Write(ctx, func(tx *record.Tx) error {
			made, err := tx.CreateMany(ctx, "lead", list)
			for i, row := range made {
				if (from+i)%max(1, o.s.leads/o.s.shares) == 0 {
					o.leads = append(o.leads, row.ID("leadid"))
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		if from%100_000 == 0 {
			fmt.Fprintln(os.Stderr, "leads:", from)
		}
	}
	return nil
}

// shared shares leads with users all over the organisation.
func (o *organisation) shared(ctx context.Context) error {
	for from := 0; from < len(o.leads); from += batch {
		part := o.leads[from:min(from+batch, len(o.leads))]
		list := make([]record.Row, len(part))
		for i, key := range part {
			list[i] = record.Row{"objectid": key, "objecttypecode": "lead", "principalid": o.users[(from+i)*7919%len(o.users)], "principaltypecode": "systemuser", "accessrightsmask": int64(access.Read)}
		}
		if err := o.store.Write(ctx, func(tx *record.Tx) error { _, err := tx.CreateMany(ctx, "principalobjectaccess", list); return err }); err != nil {
			return err
		}
	}
	return nil
}

// analyse lets the planner know what is there. Nothing is known of the index for
// searches, which is empty yet: what is known of an empty table misleads later.
func (o *organisation) analyse(ctx context.Context) error {
	return o.db.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec("ANALYZE"); err != nil || o.db.Dialect() == sqldb.Postgres {
			return err
		}
		for _, known := range []string{"sqlite_stat1", "sqlite_stat4"} {
			if _, err := tx.Exec("DELETE FROM " + known + " WHERE tbl GLOB 'search*'"); err != nil {
				return err
			}
		}
		_, err := tx.Exec("ANALYZE sqlite_schema") // reads anew what is known
		return err
	})
}
