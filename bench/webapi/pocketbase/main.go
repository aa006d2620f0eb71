// Command pocketbase is the peer of the benchmark: PocketBase with one
// collection of the same columns and indexes as the leads it is compared on,
// and with every commit flushed to disk. It has a module of its own, so that
// nothing of it is a dependency of the product.
//
//	go run . -dir FOLDER -addr 127.0.0.1:8090 -rows 1000000
//
// It makes the collection, a user, and as many rows as asked for, then serves.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	_ "modernc.org/sqlite"
)

// The user that signs in.
const (
	email    = "bench@example.com"
	password = "a password for the bench"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	dir := flag.String("dir", "", "folder of the data")
	addr := flag.String("addr", "127.0.0.1:8090", "address to listen on")
	rows := flag.Int("rows", 0, "rows to make before serving")
	flag.Parse()
	app := pocketbase.NewWithConfig(pocketbase.Config{DefaultDataDir: *dir, HideStartBanner: true, DBConnect: connect})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := prepare(app, *rows); err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/bench/ready", func(r *core.RequestEvent) error { return r.NoContent(http.StatusNoContent) })
		return e.Next()
	})
	return apis.Serve(app, apis.ServeConfig{HttpAddr: *addr, ShowStartBanner: false})
}

// connect opens the database as PocketBase does, but for one setting: a commit
// is on disk before it is answered.
func connect(path string) (*dbx.DB, error) {
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}

func prepare(app core.App, rows int) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	user := core.NewRecord(users)
	user.SetEmail(email)
	user.SetPassword(password)
	user.SetVerified(true)
	if err := app.Save(user); err != nil {
		return err
	}
	admins, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return err
	}
	admin := core.NewRecord(admins) // for its administration pages
	admin.SetEmail(email)
	admin.SetPassword(password)
	if err := app.Save(admin); err != nil {
		return err
	}
	leads := core.NewBaseCollection("leads")
	signedIn := types.Pointer(`@request.auth.id != ""`)
	leads.ListRule, leads.ViewRule, leads.CreateRule, leads.UpdateRule = signedIn, signedIn, signedIn, signedIn
	for _, name := range []string{"subject", "firstname", "lastname", "companyname", "emailaddress1", "mobilephone", "address1_line1", "address1_city", "address1_postalcode", "description"} {
		leads.Fields.Add(&core.TextField{Name: name})
	}
	leads.Fields.Add(&core.NumberField{Name: "leadsourcecode"}, &core.NumberField{Name: "estimatedamount"}, &core.NumberField{Name: "statecode"})
	leads.Fields.Add(&core.RelationField{Name: "owner", CollectionId: users.Id})
	leads.Fields.Add(&core.AutodateField{Name: "created", OnCreate: true}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true})
	for _, column := range []string{"created", "emailaddress1", "mobilephone", "lastname", "owner"} {
		leads.AddIndex("ix_leads_"+column, false, column, "")
	}
	if err := app.Save(leads); err != nil {
		return err
	}
	_, err = app.NonconcurrentDB().NewQuery(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO leads (subject, firstname, lastname, companyname, emailaddress1, mobilephone, address1_line1, address1_city, address1_postalcode, description, leadsourcecode, estimatedamount, statecode, owner, created, updated)
		SELECT 'Lead ' || i, 'First' || (i %% 997), 'Last' || i, 'Company ' || (i %% 5003), 'lead' || i || '@example.com', '+4930' || i, 'Street ' || i, 'City ' || (i %% 100), substr('0000' || (i %% 99999), -5), 'made for the benchmark', 1 + i %% 10, i %% 50000, 0, '%s',
			strftime('%%Y-%%m-%%d %%H:%%M:%%fZ', 1700000000 + i, 'unixepoch'), strftime('%%Y-%%m-%%d %%H:%%M:%%fZ', 1700000000 + i, 'unixepoch')
		FROM n WHERE %d > 0`, rows, user.Id, rows)).Execute()
	return err
}
