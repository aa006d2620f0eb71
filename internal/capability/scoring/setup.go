package scoring

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/endpoint"
	"github.com/rapport-platform/rapport/internal/capability/scoring/feature"
	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Which leads a model learns from, options of rpt_data.
const (
	fromFiles = int64(1)
	fromOwn   = int64(2)
	fromBoth  = int64(3)
)

// Setup is a scoring model as it is set up, with the version in force.
type Setup struct {
	ID        id.ID
	Data      int64
	Horizon   time.Duration
	Excluded  []string
	LeftOut   []int64 // status reasons: what was closed for one of them is not learned from
	Scale     model.Scale
	MinChange int64
	Retrain   time.Duration // 0 is never

	Version  id.ID            // nil where nothing is in force
	Artifact *model.Artifact  // of that version
	Endpoint *endpoint.Client // nil where none is set up

	inputs map[string]bool // attributes that the model reads, by column of the lead
}

// loaded keeps the artifact that was read last: set-ups change more often than versions.
type loaded struct {
	mu       sync.Mutex
	version  id.ID
	artifact *model.Artifact
	url      string
	timeout  time.Duration
	client   *endpoint.Client
}

// inForce gives the set-up by which leads are scored; nil where nothing scores
// them beside rules.
func (s *Service) inForce() *Setup {
	if set := s.setup.Get(); set != nil && set.Artifact != nil {
		return set
	}
	return nil
}

// load reads the set-up in force: the active model, the oldest if there are several.
func (s *Service) load(ctx context.Context) (*Setup, error) {
	ctx = s.system(ctx, "hot configuration")
	page, err := s.c.Store.Find(ctx, query.Query{Table: "rpt_model", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Order: []query.Order{{Column: "createdon"}}, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	set := setupOf(page.Rows[0])
	if set.Version == id.Nil {
		return set, nil
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if s.cache.version != set.Version {
		art, err := s.artifact(ctx, s.c.Store, set.Version)
		if err != nil {
			return nil, err
		}
		s.cache.version, s.cache.artifact = set.Version, art
	}
	set.Artifact = s.cache.artifact
	set.inputs = inputs(set.Artifact)
	s.connect(set, page.Rows[0])
	return set, nil
}

// connect keeps one client of an endpoint, so that its breaker outlives changes
// of the set-up that are about something else.
func (s *Service) connect(set *Setup, row record.Row) {
	url, timeout := row.Text("rpt_endpoint"), time.Duration(row.Int("rpt_endpointtimeout"))*time.Millisecond
	if url != s.cache.url || timeout != s.cache.timeout {
		s.cache.url, s.cache.timeout, s.cache.client = url, timeout, nil
		if url != "" {
			client, err := endpoint.New(endpoint.Options{URL: url, Token: s.c.Token, Timeout: timeout})
			if err != nil {
				s.c.Logger.Warn("the external endpoint can't be used", "error", err)
			}
			s.cache.client = client
		}
	}
	set.Endpoint = s.cache.client
}

func setupOf(row record.Row) *Setup {
	set := &Setup{ID: row.ID("rpt_modelid"), Data: row.Int("rpt_data"), Horizon: time.Duration(row.Int("rpt_horizon")) * day, MinChange: max(1, row.Int("rpt_minchange")),
		Retrain: time.Duration(row.Int("rpt_retrainevery")) * day, Version: row.ID("rpt_versionid")}
	set.Scale = model.Scale{A: int(row.Int("rpt_gradea")), B: int(row.Int("rpt_gradeb")), C: int(row.Int("rpt_gradec"))}
	if n, ok := row["rpt_reference"].(query.Number); ok {
		set.Scale.Reference = n.Float()
	}
	if text, ok := row["rpt_excluded"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &set.Excluded) // checked when it was written
	}
	if text, ok := row["rpt_reasonsout"].(json.RawMessage); ok {
		_ = json.Unmarshal(text, &set.LeftOut)
	}
	return set
}

// inputs lists the columns of the lead whose change matters to a model.
func inputs(a *model.Artifact) map[string]bool {
	out := map[string]bool{}
	for _, e := range []*model.Engine{a.Deep, a.Arrival} {
		if e == nil {
			continue
		}
		for _, f := range e.Features {
			switch {
			case strings.HasPrefix(f.Of, feature.Context):
				out["rpt_context"] = true
			case strings.HasPrefix(f.Of, feature.History):
				out["rpt_extra"] = true
			case f.Of != "":
				out[f.Of] = true
			}
		}
	}
	return out
}
