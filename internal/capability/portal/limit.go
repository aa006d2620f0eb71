package portal

import (
	"math"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/limit"
)

// addresses is how many visitors' addresses a limiter remembers; those that
// came last stay. Each takes about 300 bytes.
const addresses = 50_000

// Rate is a token bucket.
type Rate struct {
	Burst  int     // at once
	Second float64 // and then so many a second
}

func (r Rate) limiter(c clock.Clock) *limit.Keyed {
	return limit.New(limit.Rate{Every: time.Duration(float64(time.Second) / max(r.Second, 1e-6)), Burst: r.Burst}, addresses, c)
}

// tooMany asks to come back in whole seconds.
func tooMany(wait time.Duration) error {
	return &errs.Error{Kind: errs.TooMany, Code: "portal.rate_limited", Message: "Too many requests came from your network. Please try again in a moment.",
		RetryAfter: time.Duration(math.Ceil(wait.Seconds())) * time.Second}
}
