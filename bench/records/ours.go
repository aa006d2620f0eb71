package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/rapport-platform/rapport/internal/edge/app"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// ours is the product's record store on its own tables.
type ours struct {
	db    *sqldb.DB
	store *record.Store
	n     atomic.Int64
}

func openOurs(ctx context.Context, url string) (*ours, error) {
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url})
	if err != nil {
		return nil, err
	}
	o := &ours{db: db}
	if err := o.prepare(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return o, nil
}

// prepare lays the tables and the least of an organisation.
func (o *ours) prepare(ctx context.Context) error {
	catalog, err := app.Catalog()
	if err != nil {
		return err
	}
	if err := schema.Apply(ctx, o.db, catalog); err != nil {
		return err
	}
	snap := &atomic.Pointer[access.Snapshot]{}
	control := &access.Control{Current: snap.Load, Catalog: func() *metadata.Catalog { return catalog }}
	o.store = record.New(record.Options{DB: o.db, Catalog: control.Catalog, Access: control, Log: changelog.New(o.db), Clock: clock.System{}})
	reload := func() error {
		s, err := access.Load(ctx, o.db)
		snap.Store(s)
		return err
	}
	if err := reload(); err != nil {
		return err
	}
	ctx = access.AsSystem(ctx, "bench")
	if err := o.store.Write(ctx, func(tx *record.Tx) error {
		unit, err := tx.Create(ctx, "businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			return err
		}
		_, err = tx.Create(ctx, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": unit["businessunitid"]})
		return err
	}); err != nil {
		return err
	}
	return reload()
}

func (o *ours) close() { o.db.Close() }

// writer gives a function that writes one record a call.
func (o *ours) writer(ctx context.Context, what string) (func(context.Context) error, func(), error) {
	if what == "create" {
		return func(ctx context.Context) error { _, err := o.create(ctx); return err }, func() {}, nil
	}
	key, err := o.create(ctx)
	turn := int64(0)
	return func(ctx context.Context) error {
		ctx = access.AsSystem(ctx, "bench")
		turn++
		change := changed(turn)
		return o.store.Write(ctx, func(tx *record.Tx) error {
			_, err := tx.Update(ctx, "lead", key, change, record.Match{})
			return err
		})
	}, func() {}, err
}

func (o *ours) create(ctx context.Context) (key id.ID, err error) {
	ctx = access.AsSystem(ctx, "bench")
	row := sample(o.n.Add(1))
	return key, o.store.Write(ctx, func(tx *record.Tx) error {
		made, err := tx.Create(ctx, "lead", row)
		key = made.ID("leadid")
		return err
	})
}

// sample is the n-th lead.
func sample(n int64) record.Row {
	return record.Row{"subject": "Home loan", "firstname": "Ada", "lastname": fmt.Sprintf("Number %d", n), "fullname": fmt.Sprintf("Ada Number %d", n), "jobtitle": "Head of Finance",
		"companyname": fmt.Sprintf("Firm %d", n%977), "emailaddress1": fmt.Sprintf("ada%d@firm.example", n), "mobilephone": fmt.Sprintf("+49151%08d", n), "address1_city": "Hamburg",
		"address1_country": "DE", "address1_postalcode": "20095", "numberofemployees": n % 400, "msdyn_leadscore": n%100 + 1, "rpt_productinterest": "HOME",
		"rpt_matchkey": fmt.Sprintf("ada%d@firm.example", n), "description": "Would like to buy a house by the river and asks what it would come to a month."}
}

// changed are the columns of the n-th change of a lead.
func changed(n int64) record.Row {
	return record.Row{"msdyn_leadscore": n%100 + 1, "jobtitle": fmt.Sprintf("Head of Finance %d", n), "description": fmt.Sprintf("Has called %d times.", n)}
}
