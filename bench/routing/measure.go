package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/queue"
	"github.com/rapport-platform/rapport/internal/commons/routing"
	"github.com/rapport-platform/rapport/internal/edge/app"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/schema"
)

// bench is an organisation with its rules in force.
type bench struct {
	s       settings
	ctx     context.Context
	db      *sqldb.DB
	store   *record.Store
	actions *action.Registry
	engine  *routing.Engine
	snap    atomic.Pointer[access.Snapshot]
	sets    *routing.Sets
	people  *routing.People
	queues  []queue.Route

	unit    id.ID
	leads   []id.ID
	rules   []record.Row
	teamOf  map[id.ID]int // sellers
	queueAt map[id.ID]int
}

func measure(ctx context.Context, s settings, engine, url string, out *strings.Builder) error {
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url})
	if err != nil {
		return err
	}
	defer db.Close()
	b := &bench{s: s, ctx: access.AsSystem(ctx, "bench"), db: db, teamOf: map[id.ID]int{}, queueAt: map[id.ID]int{}}
	for _, step := range []func() error{b.open, b.staff, b.draft, b.someLeads} {
		if err := step(); err != nil {
			return err
		}
	}
	took, all, err := b.routeAll()
	if err != nil {
		return err
	}
	slices.Sort(all)
	alone, err := b.alone()
	if err != nil {
		return err
	}
	apart, wrong, err := b.judge()
	if err != nil {
		return err
	}
	at := func(p float64) time.Duration { return all[int(p*float64(len(all)-1))].Round(10 * time.Microsecond) }
	fmt.Fprintf(out, "| %s | %.0f | %v | %v | %v | %d | %d |\n", engine, float64(len(b.leads))/took.Seconds(), at(0.5), at(0.99), alone, apart, wrong)
	if apart > 1 || wrong > 0 {
		return fmt.Errorf("within a team sellers differ by %d leads, and %d leads are in a wrong queue", apart, wrong)
	}
	return nil
}

func (b *bench) open() error {
	catalog, err := app.Catalog()
	if err != nil {
		return err
	}
	if err := schema.Apply(b.ctx, b.db, catalog); err != nil {
		return err
	}
	control := &access.Control{Current: b.snap.Load, Catalog: func() *metadata.Catalog { return catalog }}
	b.store = record.New(record.Options{DB: b.db, Catalog: control.Catalog, Access: control, Log: changelog.New(b.db), Clock: clock.System{}})
	b.actions = action.New(control, b.store)
	b.engine = &routing.Engine{Sets: func() *routing.Sets { return b.sets }, People: func() *routing.People { return b.people }, Queues: func() []queue.Route { return b.queues },
		Catalog: control.Catalog, Teams: control, Clock: clock.System{}}
	routing.Define(b.actions, b.engine, nil)
	for _, h := range routing.Keep() {
		b.store.AddHook(h)
	}
	if err := b.reload(); err != nil {
		return err
	}
	return b.store.Write(b.ctx, func(tx *record.Tx) error {
		unit, err := tx.Create(b.ctx, "businessunit", record.Row{"name": "Head Office"})
		if err != nil {
			return err
		}
		b.unit = unit.ID("businessunitid")
		_, err = tx.Create(b.ctx, "systemuser", record.Row{"systemuserid": access.SystemUser, "fullname": "SYSTEM", "domainname": "system", "businessunitid": b.unit})
		return err
	})
}

// reload does what snapshots do in the product.
func (b *bench) reload() (err error) {
	snap, err := access.Load(b.ctx, b.db)
	if err != nil {
		return err
	}
	b.snap.Store(snap)
	if b.people, err = routing.LoadPeople(b.ctx, b.store); err != nil {
		return err
	}
	if b.queues, err = queue.Load(b.ctx, b.store); err != nil {
		return err
	}
	b.sets, err = routing.Load(b.ctx, b.store, b.store.Catalog(), slog.Default())
	return err
}

// staff makes the teams with their queues, and the sellers.
func (b *bench) staff() error {
	teams := make([]id.ID, b.s.teams)
	err := b.store.Write(b.ctx, func(tx *record.Tx) error {
		for i := range teams {
			team, err := tx.Create(b.ctx, "team", record.Row{"name": fmt.Sprintf("Team %d", i), "businessunitid": b.unit})
			if err != nil {
				return err
			}
			teams[i] = team.ID("teamid")
			q, err := tx.Create(b.ctx, "queue", record.Row{"name": fmt.Sprintf("Queue %d", i), "rpt_teamid": teams[i]})
			if err != nil {
				return err
			}
			b.queueAt[q.ID("queueid")] = i
		}
		for i := range b.s.sellers {
			user, err := tx.Create(b.ctx, "systemuser", record.Row{"fullname": fmt.Sprintf("Seller %d", i), "domainname": fmt.Sprintf("seller%d", i), "businessunitid": b.unit})
			if err != nil {
				return err
			}
			b.teamOf[user.ID("systemuserid")] = i % len(teams)
			if _, err := tx.Create(b.ctx, "teammembership", record.Row{"teamid": teams[i%len(teams)], "systemuserid": user.ID("systemuserid")}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.reload()
}

// draft makes the rules and brings them in force.
func (b *bench) draft() error {
	queues := make([]id.ID, b.s.teams)
	for q, i := range b.queueAt {
		queues[i] = q
	}
	set := id.New()
	for i := range b.s.rules {
		var postal string
		switch i % 3 {
		case 0:
			postal = fmt.Sprintf("%05d", i*19%100_000)
		case 1:
			postal = fmt.Sprintf("%04d*", i*7%10_000)
		default:
			from := i * 18 % 99_900
			postal = fmt.Sprintf("%05d-%05d", from, from+40)
		}
		b.rules = append(b.rules, record.Row{"routingruleitemid": id.New(), "routingruleid": set, "name": fmt.Sprintf("Rule %05d", i), "rpt_postalcode": postal, "routedqueueid": queues[i%len(queues)]})
	}
	err := b.store.Write(b.ctx, func(tx *record.Tx) error {
		if _, err := tx.Create(b.ctx, "routingrule", record.Row{"routingruleid": set, "name": "Postal", "rpt_fallbackqueueid": queues[0]}); err != nil {
			return err
		}
		_, err := tx.CreateMany(b.ctx, "routingruleitem", b.rules)
		return err
	})
	if err != nil {
		return err
	}
	// Some of the made-up rules take the same codes, which the check would refuse:
	// the set is put in force as a snapshot would.
	sets, err := b.compiled(set, queues[0])
	if err != nil {
		return err
	}
	b.sets = routing.NewSets(sets)
	return nil
}

func (b *bench) compiled(set, fallback id.ID) (*routing.Set, error) {
	rules := make([]routing.Rule, len(b.rules))
	for i, row := range b.rules {
		r, bad := routing.RuleOf(row)
		if len(bad) > 0 {
			return nil, fmt.Errorf("rule %d: %s", i, bad[0].Message)
		}
		rules[i] = r
	}
	s, bad := routing.Compile(routing.Head{ID: set, Name: "Postal", Table: "lead", Version: 1, Allocation: routing.InTurn, Fallback: fallback,
		City: "address1_city", Postal: "address1_postalcode", Country: "address1_country"}, rules, b.store.Catalog())
	if len(bad) > 0 {
		return nil, fmt.Errorf("%s: %s", bad[0].Name, bad[0].Message)
	}
	return s, nil
}

func (b *bench) someLeads() error {
	for from := 0; from < b.s.leads; from += 500 {
		var rows []record.Row
		for i := from; i < min(from+500, b.s.leads); i++ {
			rows = append(rows, record.Row{"lastname": fmt.Sprintf("Number %d", i), "subject": "Home loan", "emailaddress1": fmt.Sprintf("n%d@example.org", i), "address1_country": "DE",
				"address1_postalcode": fmt.Sprintf("%05d", i*7919%100_000)})
		}
		err := b.store.Write(b.ctx, func(tx *record.Tx) error {
			made, err := tx.CreateMany(b.ctx, "lead", rows)
			for _, row := range made {
				b.leads = append(b.leads, row.ID("leadid"))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// routeAll routes every lead once and gives how long each took.
func (b *bench) routeAll() (time.Duration, []time.Duration, error) {
	var next atomic.Int64
	all := make([]time.Duration, len(b.leads))
	errs := make([]error, b.s.callers)
	begin := time.Now()
	var wg sync.WaitGroup
	for w := range b.s.callers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(b.leads) {
					return
				}
				at := time.Now()
				err := b.store.Write(b.ctx, func(tx *record.Tx) error { _, err := b.engine.Route(b.ctx, tx, "lead", b.leads[i]); return err })
				if all[i] = time.Since(at); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, nil, err
		}
	}
	return time.Since(begin), all, nil
}

// alone is how long the rules take to find the one that counts, in memory.
func (b *bench) alone() (time.Duration, error) {
	const rounds = 20_000
	set := b.sets.Of("lead")
	begin := time.Now()
	for i := range rounds {
		if _, _, err := set.Match(b.ctx, record.Row{"address1_postalcode": fmt.Sprintf("%05d", i*7919%100_000), "address1_country": "DE"}); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / rounds, nil
}

// judge looks who got how many, and whether each lead is where a plain search puts it.
func (b *bench) judge() (apart, wrong int, err error) {
	count := map[id.ID]int{}
	var rules []routing.Rule
	for _, row := range b.rules {
		r, _ := routing.RuleOf(row)
		rules = append(rules, r)
	}
	q := query.Query{Table: "rpt_assignment", Select: []string{"rpt_regarding", "rpt_queueid", "rpt_assigneeid", "rpt_ruleid"}, Limit: record.MaxPage}
	byID := map[id.ID]routing.Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	for {
		page, err := b.store.Find(b.ctx, q)
		if err != nil {
			return 0, 0, err
		}
		for _, row := range page.Rows {
			count[row.ID("rpt_assigneeid")]++
			lead, err := b.store.Get(b.ctx, "lead", row.ID("rpt_regarding"), []string{"address1_postalcode", "ownerid"}, nil)
			if err != nil {
				return 0, 0, err
			}
			if lead.ID("ownerid") != row.ID("rpt_assigneeid") || !plain(rules, byID[row.ID("rpt_ruleid")], lead.Text("address1_postalcode")) {
				wrong++
			}
		}
		if page.Next == nil {
			break
		}
		q.After = page.Next
	}
	for team := range b.s.teams {
		least, most := 1<<30, 0
		for who, t := range b.teamOf {
			if t == team {
				least, most = min(least, count[who]), max(most, count[who])
			}
		}
		apart = max(apart, most-least)
	}
	if wrong == 0 && len(b.leads) != sum(count) {
		wrong = len(b.leads) - sum(count)
	}
	return apart, wrong, nil
}

func sum(count map[id.ID]int) (n int) {
	for _, c := range count {
		n += c
	}
	return n
}

// plain tells, looking at every rule, whether one that took a code may have: it
// holds the code, and no other kind of rule that holds it is narrower. A lead
// without a rule must have none that holds.
func plain(rules []routing.Rule, took routing.Rule, code string) bool {
	rank := func(p routing.Pattern) int {
		switch s := p.String(); {
		case strings.HasSuffix(s, "*"):
			return 2
		case strings.Contains(s, "-"):
			return 3
		default:
			return 1
		}
	}
	best := 0
	for _, r := range rules {
		for _, p := range r.Postal {
			if p.Holds(code) && (best == 0 || rank(p) < best) {
				best = rank(p)
			}
		}
	}
	if took.ID == id.Nil {
		return best == 0
	}
	// A code is narrower than all else; of beginnings and ranges which one is hangs on their widths.
	return took.Postal[0].Holds(code) && (best != 1 || rank(took.Postal[0]) == 1)
}
