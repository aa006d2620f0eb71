package app

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gocloud.dev/blob"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/capability/scoring"
	"github.com/rapport-platform/rapport/internal/commons/decision"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/commons/exchange"
	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/report"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/commons/signature"
	"github.com/rapport-platform/rapport/internal/commons/sla"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/audit"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/businessrule"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
	"github.com/rapport-platform/rapport/internal/platform/schema"
	"github.com/rapport-platform/rapport/internal/platform/search"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
)

// core is what keeps records: everything that needs the database.
type core struct {
	app         *App
	checker     *flow.Checker
	allocated   uint64             // bytes, by the last round of the housekeeping
	customs     *customise.Service // the catalog in force
	db          *sqldb.DB
	log         *changelog.Log
	access      *access.Control
	users       *snapshot.Value[*access.Snapshot]
	routes      *snapshot.Value[[]queue.Route]
	rules       *snapshot.Value[*rule.Set]
	formRules   *snapshot.Value[*businessrule.Set]
	processes   *snapshot.Value[*process.Set]
	decisions   *decision.Service
	documents   *document.Service
	signatures  *signature.Service
	exchange    *exchange.Service
	routing     *routing.Engine
	routeSets   *snapshot.Value[*routing.Sets]
	routePeople *snapshot.Value[*routing.People]
	terms       *snapshot.Value[*sla.Terms]
	reports     *report.Service
	store       *record.Store
	actions     *action.Registry
	secrets     *secret.Box
	auth        *auth.Auth
	area        *memberarea.Area
	memberViews *snapshot.Value[[]memberarea.View]
	brand       *snapshot.Value[memberarea.Brand]
	mail        *mailer
	submissions *memberarea.Submissions
	jobs        *job.Queue
	bucket      *blob.Bucket
	files       *files.Store
	retention   *audit.Retention
	kept        time.Time // when what has been kept long enough was last let go; of the housekeeping alone
	collected   time.Time // when content that nobody needs was last looked for; of the housekeeping alone
	runner      *job.Runner
	flows       *flow.Engine
	definitions *snapshot.Value[*flow.Set]
	registry    *prometheus.Registry
	mux         *http.ServeMux
	letters     *event.DeadLetters
	live        *live.Hub
	intake      *intake.Intake
	index       *search.Index
	limits      *httpapi.Limits
	formCounts  *portal.Counter
	scoring     *scoring.Service
	imports     *transfer.Service
	services    lifecycle.Group
}

// openCore opens the database, brings it up to date, and starts all that lives
// on it. life is the context of what runs in the background.
func (a *App) openCore(ctx, life context.Context) (_ *core, err error) {
	c := &core{app: a}
	if c.db, err = sqldb.Open(ctx, sqldb.Options{URL: a.c.Database, Logger: a.c.Logger}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close(context.WithoutCancel(ctx)))
		}
	}()
	if err = schema.Apply(ctx, c.db, a.catalog); err != nil {
		return nil, err
	}
	if err = c.build(ctx); err != nil {
		return nil, err
	}
	if err = c.seed(ctx); err != nil {
		return nil, err
	}
	return c, c.services.Start(life)
}

// build makes the parts, the lowest first.
func (c *core) build(ctx context.Context) (err error) {
	cfg := c.app.c
	c.customs = customise.New(customise.Options{DB: c.db, Shipped: c.app.catalog, Clock: cfg.Clock, Logger: cfg.Logger})
	c.customs.Examine(examineDefinitions(cfg.Clock))
	c.log = changelog.New(c.db)
	tailer := c.log.Tailer()
	tailer.Clock, tailer.Logger = cfg.Clock, cfg.Logger
	c.users = snapshot.New(tailer, snapshot.Options[*access.Snapshot]{Name: "access", Tables: access.Watched(), Logger: cfg.Logger,
		Load: func(ctx context.Context) (*access.Snapshot, error) { return access.Load(ctx, c.db) }})
	if err = c.users.Refresh(ctx); err != nil {
		return err
	}
	c.access = &access.Control{Current: c.users.Get, Catalog: c.customs.Catalog}
	c.jobs = job.NewQueue(c.db, cfg.Clock)
	// Who is shown nothing any more must not see it in the next request: requests
	// wait for changes of rights (lateAuth.now) that this process has written.
	committed := map[string]func(){}
	for _, table := range access.Watched() {
		committed[table] = c.users.Expire
	}
	c.store = record.New(record.Options{Committed: committed, Renew: c.customs.Refresh, DB: c.db, Catalog: c.access.Catalog, Access: c.access, Log: c.log, Clock: cfg.Clock, Jobs: c.jobs})
	if c.secrets, err = secret.Open(cfg.Data, cfg.SecretKey); err != nil {
		return err
	}
	if err = c.openFiles(); err != nil {
		return err
	}
	c.customs.Use(c.store, c.access, c.jobs)
	c.customs.Follow(tailer)
	if _, err = c.customs.Refresh(ctx); err != nil {
		return err
	}
	c.actions = action.New(c.access, c.store)
	if err = c.openAuth(ctx); err != nil {
		return err
	}
	return c.wire(ctx, tailer)
}

// close ends what runs and lets go of the database.
func (c *core) close(ctx context.Context) error {
	err := errors.Join(c.services.Stop(ctx), c.db.Close())
	if c.bucket != nil {
		err = errors.Join(err, c.bucket.Close())
	}
	return err
}

// lookAgain is how often a user who is not known makes us look again.
const lookAgain = 100 * time.Millisecond

// known tells whether a user exists and is enabled. One who is not in memory may
// have been made a moment ago: the database is asked, as often as lookAgain lets us.
func (c *core) known(ctx context.Context) func(id.ID) bool {
	ctx = context.WithoutCancel(ctx)
	var mu sync.Mutex
	var looked time.Time
	return func(user id.ID) bool {
		if c.access.Known(user) {
			return true
		}
		mu.Lock()
		defer mu.Unlock()
		now := c.app.c.Clock.Now()
		if now.Sub(looked) < lookAgain {
			return c.access.Known(user)
		}
		looked = now
		if err := c.users.Refresh(ctx); err != nil {
			c.app.c.Logger.Debug("users stay as they were", "error", err)
		}
		return c.access.Known(user)
	}
}
