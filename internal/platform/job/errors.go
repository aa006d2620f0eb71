package job

import "github.com/rapport-platform/rapport/internal/ground/errs"

// The errors that callers tell apart by errors.Is.
var (
	// ErrLeaseLost means that the job has passed to another try, or has been
	// cancelled; the transaction must not commit.
	ErrLeaseLost = errs.New(errs.Conflict, "job.lease_lost", "another process has taken the job over")
	// ErrNotDead means that there is no dead job with the id.
	ErrNotDead = errs.New(errs.NotFound, "job.not_dead", "there is no such job among those given up")
)
