package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/marketing"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/capability/sales"
	"github.com/rapport-platform/rapport/internal/commons/party"
	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/edge/live"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/flow"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
	"github.com/rapport-platform/rapport/internal/platform/workspace"
)

// wire brings capabilities, hooks, actions and consumers together.
func (c *core) wire(ctx context.Context, tailer *changelog.Tailer) error {
	cfg := c.app.c
	c.registry = prometheus.NewRegistry()
	for _, table := range []string{"lead", "contact", "systemuser"} {
		c.store.AddHook(party.FullName(table))
	}
	c.routes = snapshot.New(tailer, snapshot.Options[[]queue.Route]{Name: "routes", Tables: []string{"queue"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) ([]queue.Route, error) {
			return queue.Load(access.AsSystem(ctx, "routes"), c.store)
		}})
	queue.Define(c.actions, cfg.Clock)
	c.wireRouting(tailer)
	notify.Define(c.actions, c.access.Members)
	c.store.AddHook((&workspace.Preferences{Store: c.store}).Mute(cfg.Clock))
	sales.Define(c.actions, sales.Routing{Engine: c.routing})
	marketing.Define(c.actions)
	c.wireFlows(tailer)
	c.makeScoring(tailer)
	c.wireRecords()
	c.wireProcess(tailer)
	c.wireReports(tailer)
	c.wireDecision(tailer)
	c.wireDocument(tailer)
	c.wireForms(tailer)
	c.wireExchange(tailer)
	if err := c.wireIntake(tailer); err != nil {
		return err
	}
	c.live = live.New(live.Options{Tail: tailer, Reader: c.store, Access: c.access, Catalog: c.access.Catalog, Registerer: c.registry})
	if err := c.wireSearch(ctx); err != nil {
		return err
	}
	c.wirePrivacy()
	if err := c.wireMembers(tailer); err != nil {
		return err
	}
	if err := c.wireDocumentPages(); err != nil {
		return err
	}
	c.wireLimits(tailer)
	c.register()
	c.coreMetrics()

	metrics := event.NewMetrics(c.registry)
	c.letters = &event.DeadLetters{DB: c.db, Clock: cfg.Clock, Keeper: letterKeeper{c.store}}
	defineReplay(c.actions, c.letters)
	options := event.RunnerOptions{DB: c.db, Clock: cfg.Clock, Logger: cfg.Logger, Metrics: metrics, Letters: c.letters}
	leads := event.NewRunner(c.intake.Subscription(event.Stream(c.app.front.stream, intake.Topic)), options)
	interactions := event.NewRunner(portal.Interactions(event.Stream(c.app.front.stream, TopicInteractions), c.store), options)

	c.services.Add("change log", tailer)
	c.services.Add("seals of the change log", changelog.NewSealer(c.log, c.secrets, cfg.Clock, cfg.Logger))
	c.services.Add("definitions", c.customs)
	c.services.Add("access", c.users)
	c.services.Add("routes", c.routes)
	c.services.Add("routing rules", c.routeSets)
	c.services.Add("routing people", c.routePeople)
	c.services.Add("service levels", c.terms)
	c.services.Add("rules", c.rules)
	c.services.Add("flows", c.definitions)
	c.services.Add("business rules", c.formRules)
	c.services.Add("processes", c.processes)
	c.services.Add("member views", c.memberViews)
	c.services.Add("brand", c.brand)
	c.services.Add("decision sets", c.decisions.Snapshot())
	c.services.Add("document checklists", c.documents.Snapshot())
	c.services.Add("counterparts", c.exchange.Snapshot())
	if err := c.wireActions(tailer); err != nil {
		return err
	}
	c.services.Add("scoring", c.scoring.Snapshot())
	c.services.Add("live hints", c.live)
	c.services.Add("jobs", c.runner)
	c.services.Add("publishing keys", c.app.front.keys)
	c.services.Add("intake", leads)
	c.services.Add("interactions", interactions)
	c.formServices()
	c.services.Add("followers", c.followers())
	c.wireLake()
	c.wireScoring()
	c.services.Add("addresses of persons", c.addresses().Follower())
	c.services.Add("instances of processes", c.laterInstances().Follower())
	c.services.Add("stalled processes", atStart(c.stalled().Schedule))
	c.services.Add("exchange with counterparts", atStart(c.exchange.Schedule))
	c.services.Add("computed columns", record.NewDeriver(c.store, cfg.Logger))
	c.services.Add("housekeeping", c.housekeeping())
	c.services.Add("memory", c.boundMemory())
	return nil
}

func (c *core) wireFlows(tailer *changelog.Tailer) {
	cfg := c.app.c
	c.checker = &flow.Checker{Catalog: c.access.Catalog, Action: flow.KnownActions(c.actions)}
	c.definitions = snapshot.New(tailer, snapshot.Options[*flow.Set]{Name: "flows", Tables: []string{"workflow"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*flow.Set, error) {
			return flow.Load(access.AsSystem(ctx, "flows"), c.store, c.checker, cfg.Logger)
		}})
	c.flows = flow.New(flow.Options{DB: c.db, Queue: c.jobs, Clock: cfg.Clock, Flows: c.definitions.Get, Checker: c.checker, Logger: cfg.Logger,
		Bind: func(tx *sqldb.Tx) flow.Records { return c.store.Bind(tx) }, Caller: flow.NewCaller(c.actions, c.store.Bind)})
	c.runner = job.NewRunner(job.Options{Queue: c.jobs, Logger: cfg.Logger, Handlers: map[string]job.Handler{flow.Kind: c.flows.Handler()}})
	for kind, handler := range c.customs.Handlers() {
		c.runner.Handle(kind, handler)
	}
	c.customs.OnChange(c.definitions.Invalidate)
	flow.Define(c.actions, c.flows)
}

func (c *core) wireIntake(tailer *changelog.Tailer) error {
	cfg := c.app.c
	if _, ok := c.access.Catalog().Table("lead"); !ok {
		return errs.New(errs.Internal, "app.lead", "the table lead is not defined")
	}
	env := intake.RuleEnvOf(c.leads)
	c.rules = snapshot.New(tailer, snapshot.Options[*rule.Set]{Name: "rules", Tables: []string{"rpt_rule"}, Logger: cfg.Logger,
		Load: func(ctx context.Context) (*rule.Set, error) {
			now, err := env()
			if err != nil {
				return nil, err
			}
			return c.loadRules(ctx, now)
		}})
	c.customs.OnChange(c.rules.Invalidate)
	c.intake = intake.New(intake.Config{Cleaner: &intake.Cleaner{Columns: leadColumns{c.leads}, Country: cfg.Country}, Rules: c.rules.Get, Flows: c.flows, Store: c.store,
		Scorer: arrivals{c.scoring}, Logger: cfg.Logger, Metrics: intake.NewMetrics(c.registry)})
	actions := intake.Actions{Intake: c.intake, Env: env, Clock: cfg.Clock}
	actions.Define(c.actions)
	c.store.AddHook(actions.CheckRules())
	return nil
}

// leads gives the table lead as it is now.
func (c *core) leads() *metadata.Table {
	t, _ := c.access.Catalog().Table("lead")
	return t
}

// loadRules reads the active rules; one that can't be used is kept out and told of.
func (c *core) loadRules(ctx context.Context, env *expr.Env) (*rule.Set, error) {
	page, err := c.store.Find(access.AsSystem(ctx, "rules"), query.Query{Table: "rpt_rule", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Limit: record.MaxPage})
	if err != nil {
		return nil, err
	}
	rules := make([]rule.Rule, len(page.Rows))
	for i, row := range page.Rows {
		rules[i] = intake.RuleOf(row)
	}
	set, bad := rule.Compile(env, rules)
	for _, b := range bad {
		c.app.c.Logger.Warn("a rule can't be used and is left out", "rule", b.Rule.Name, "error", b.Err)
	}
	return set, nil
}

// tidyEvery is how often the housekeeping runs.
const tidyEvery = time.Minute
