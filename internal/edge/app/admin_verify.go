package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
)

// VerifyLog seals what has been written until now, walks along the chain of the
// change log from a seal on (0: from the first), and tells of each part as it
// goes. With an anchor, "number:hash", that seal must still be in the chain.
func (a *Admin) VerifyLog(ctx context.Context, from int64, anchor string, each func(changelog.Report)) error {
	keys, err := secret.Open(a.c.Data, a.c.SecretKey)
	if err != nil {
		return err
	}
	log := changelog.New(a.db)
	if anchor != "" {
		ok, err := log.Anchored(ctx, anchor)
		if err != nil {
			return err
		}
		if !ok {
			return errs.New(errs.Conflict, "changelog.anchor_lost", "the seal %s is not in the chain any more: the chain has been cut off or made anew", anchor)
		}
	}
	if err := log.Number(ctx); err != nil {
		return err
	}
	if err := log.SealAll(ctx, keys, clock.System{}); err != nil {
		return err
	}
	for {
		part, err := log.Verify(ctx, changelog.VerifyOptions{Keys: keys, From: from, Most: verifyPart})
		if err != nil {
			return err
		}
		each(part)
		if from = part.Next; from == 0 {
			return nil
		}
	}
}

// verifyPart is how many seals are looked at between two words of progress.
const verifyPart = 200
