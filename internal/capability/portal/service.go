package portal

import (
	"crypto/rand"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/limit"
)

// Config is what a Service is made of. Publisher and Forms are needed; the
// zero value of any other member means its default.
type Config struct {
	Publisher Publisher
	Forms     Forms
	Clock     clock.Clock
	// Secret signs submission tokens. Nodes that share visitors share it, and it
	// should outlive a restart; without one a token of another process is taken
	// as it comes, and only the time trap is lost.
	Secret            []byte
	SubmitRate        Rate          // from one address; default 20 at once, then one in 3 s
	TrackRate         Rate          // from one address; default 120 at once, then 2 a second
	UseRate           Rate          // of a form's tools, from one address; default 30 at once, then one in 2 s
	UnprovenRate      Rate          // of one form from one address without the proof that it asks for; default 3 at once, then one a minute
	FormRate          Rate          // of one form from everybody; faster, and it asks for a proof; default 60 at once, then one a second
	Decider           Decider       // nil: checks are put off to a person
	Captcha           Verifier      // nil: captchas of forms are not asked for
	MinFill           time.Duration // quicker than this no person fills in a form; default 2 s
	InteractionsTopic string        // default "interactions"
	Brand             func() string // name that stands on forms which have none of their own; nil for none
}

// Stats counts what became of what came in.
type Stats struct {
	Submitted   uint64 // published
	Invalid     uint64 // sent back with complaints
	Suspect     uint64 // published with a mark; also among Submitted
	LimitedForm uint64 // refused by the rate limit
	Failed      uint64 // could not be stored
	Tracked     uint64 // interactions published
	LimitedView uint64 // interactions refused by the rate limit
	Undecided   uint64 // checks of tools for which no decision set could be asked
	Unproven    uint64 // submissions without the proof that was asked for; also among Suspect
	Private     uint64 // interactions dropped because the visitor asks not to be tracked
}

// Service takes submissions and interactions and turns them into events.
type Service struct {
	cfg     Config
	submits *limit.Keyed
	tracks  *limit.Keyed
	uses    *limit.Keyed
	without *limit.Keyed // proof
	forms   *limit.Keyed
	proofs  used
	pressed pressure

	undecided, unproven, submitted, invalid, suspect, limitedForm, failed, tracked, limitedView, private atomic.Uint64
}

// New gives a service.
func New(c Config) *Service {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if len(c.Secret) == 0 {
		c.Secret = []byte(rand.Text())
	}
	if c.SubmitRate.Burst <= 0 {
		c.SubmitRate = Rate{Burst: 20, Second: 1.0 / 3}
	}
	if c.TrackRate.Burst <= 0 {
		c.TrackRate = Rate{Burst: 120, Second: 2}
	}
	if c.MinFill <= 0 {
		c.MinFill = 2 * time.Second
	}
	for rate, usual := range map[*Rate]Rate{&c.UseRate: {30, 0.5}, &c.UnprovenRate: {3, 1.0 / 60}, &c.FormRate: {60, 1}} {
		if rate.Burst <= 0 {
			*rate = usual
		}
	}
	setDefault(&c.InteractionsTopic, "interactions")
	return &Service{cfg: c, submits: c.SubmitRate.limiter(c.Clock), tracks: c.TrackRate.limiter(c.Clock), uses: c.UseRate.limiter(c.Clock),
		without: c.UnprovenRate.limiter(c.Clock), forms: c.FormRate.limiter(c.Clock)}
}

// Form gives a form by name, or errs.NotFound.
func (s *Service) Form(name string) (Form, error) {
	f, ok := s.cfg.Forms.Form(name)
	if !ok {
		return Form{}, errs.New(errs.NotFound, "portal.form_unknown", "there is no such form")
	}
	if f.prepared == nil {
		if err := f.Prepare(); err != nil {
			return Form{}, err
		}
	}
	if f.Brand == "" && s.cfg.Brand != nil {
		f.Brand = s.cfg.Brand()
	}
	return f, nil
}

// Offered lists the forms that members are offered, by name.
func (s *Service) Offered() []Form {
	return slices.DeleteFunc(s.cfg.Forms.All(), func(f Form) bool { return !f.Members })
}

// Stats gives the counts since the service was made.
func (s *Service) Stats() Stats {
	return Stats{Submitted: s.submitted.Load(), Invalid: s.invalid.Load(), Suspect: s.suspect.Load(), LimitedForm: s.limitedForm.Load(), Undecided: s.undecided.Load(), Unproven: s.unproven.Load(),
		Failed: s.failed.Load(), Tracked: s.tracked.Load(), LimitedView: s.limitedView.Load(), Private: s.private.Load()}
}
