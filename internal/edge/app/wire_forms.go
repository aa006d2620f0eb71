package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

// wireForms has the forms of visitors follow their records.
func (c *core) wireForms(tailer *changelog.Tailer) {
	cfg := c.app.c
	publishing := &portal.Publishing{Clock: cfg.Clock, Lead: c.leads}
	c.store.AddHook(publishing.Hook())
	publishing.Define(c.actions)
	c.formCounts = &portal.Counter{DB: c.db, Clock: cfg.Clock, Logger: cfg.Logger}
	c.formCounts.Define(c.actions)
	c.app.front.forms.Follow(c.store, tailer)
}

// formServices keep the forms in memory fresh and count what was sent.
func (c *core) formServices() {
	c.services.Add("forms", c.app.front.forms)
	c.services.Add("form counts", c.formCounts.Follower(event.Stream(c.app.front.stream, intake.Topic)))
}

// captcha gives the verifier of an outside provider, if one is configured.
func (a *App) captcha() portal.Verifier {
	if a.c.CaptchaURL == "" {
		return nil
	}
	return &portal.HTTPVerifier{URL: a.c.CaptchaURL, Secret: a.c.CaptchaSecret, Client: &http.Client{Timeout: 10 * time.Second}}
}

// brand gives the organisation's name, once the database is there.
func (a *App) brand() string {
	c := a.core.Load()
	if c == nil {
		return ""
	}
	return c.brand.Get().Name
}

// lateDecider asks the decision sets of the database, once it is there.
type lateDecider struct{ a *App }

func (l lateDecider) Quick(ctx context.Context, set string, values map[string]any) (portal.Verdict, error) {
	c := l.a.core.Load()
	if c == nil {
		return portal.Verdict{}, errAway
	}
	out, err := c.decisions.Quick(ctx, set, values)
	if err != nil {
		return portal.Verdict{}, err
	}
	verdict := portal.Verdict{Outcome: decide.Outcome(out.Outcome).String()}
	var ways []decide.Way
	if err := json.Unmarshal([]byte(out.Ways), &ways); err != nil {
		return verdict, errs.Wrap(err, errs.Internal, "app.ways", "the ways to pass can't be read")
	}
	for _, way := range ways {
		var steps []portal.Change
		for _, change := range way.Changes {
			steps = append(steps, portal.Change{Input: change.Input, Label: change.Label, To: change.To})
		}
		verdict.Ways = append(verdict.Ways, steps)
	}
	return verdict, nil
}
