package job

import (
	"context"
	"time"
)

// Claim takes due jobs under a lease; a test that then forgets them is a process that was killed.
func Claim(q *Queue, ctx context.Context, kinds []string, n int, lease time.Duration) ([]*Job, error) {
	return q.claim(ctx, kinds, n, lease, nil)
}
